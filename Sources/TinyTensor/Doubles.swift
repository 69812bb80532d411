internal import CTinyKernels

/// Vectors of doubles, for the decomposition of weights. The order of every sum is fixed, and nothing is fused, so that all
/// instruction sets give the same bits.
package enum Doubles {
    package typealias Vector = UnsafePointer<Double>

    /// The products of `count` vectors, `stride` apart, with `x`.
    package static func dots(
        _ vectors: Vector, count: Int, stride: Int, with x: Vector, length: Int
    ) -> [Double] {
        [Double](unsafeUninitializedCapacity: count) { sums, initialized in
            initialized = count
            if let sums = sums.baseAddress { activeKernels.dots(sums, vectors, stride, count, x, length) }
        }
    }

    /// The product of two vectors.
    package static func dot(_ a: Vector, _ b: Vector, _ length: Int) -> Double {
        var sum = 0.0
        activeKernels.dots(&sum, a, length, 1, b, length)
        return sum
    }

    /// `x -= Σ scales[i] · vector i` of vectors `stride` apart, one after the other.
    package static func subtract(
        _ scales: [Double], of vectors: Vector, stride: Int, from x: UnsafeMutablePointer<Double>, length: Int
    ) {
        activeKernels.subtract(x, vectors, stride, scales, scales.count, length)
    }

    /// `x -= scale · vector`.
    package static func subtract(
        _ scale: Double, of vector: Vector, from x: UnsafeMutablePointer<Double>, length: Int
    ) {
        withUnsafePointer(to: scale) { activeKernels.subtract(x, vector, length, $0, 1, length) }
    }
}
