import TinyFoundation
import TinyTensor

/// Orthonormal vectors in Double that grow one by one, with room for a fixed number of them.
struct OrthonormalBasis {
    /// Length of every vector.
    let dimension: Int
    /// How many vectors there are.
    private(set) var count = 0
    /// Vectors one after the other.
    private var storage: [Double]

    /// An empty basis with room for `capacity` vectors of length `dimension`.
    init(dimension: Int, capacity: Int) {
        self.dimension = dimension
        storage = [Double](repeating: 0, count: dimension * capacity)
    }

    /// A candidate that shrinks below this fraction of its length lies in the span of the basis, up to rounding.
    private static let dependence = 1e-12

    /// Removes from `candidate` what the basis already spans and appends the rest, normalised.
    ///
    /// Two rounds of Gram-Schmidt make the result orthogonal to working precision ("twice is enough", Parlett, The
    /// Symmetric Eigenvalue Problem, §6.9); the second is skipped when the first left most of the candidate.
    ///
    /// - Returns: The candidate's coefficients on the vectors that were there, and its length on the new one: `nil` when
    ///   nothing was left and no vector was appended.
    mutating func append(_ candidate: UnsafeMutablePointer<Double>) -> (coefficients: [Double], length: Double?) {
        let original = Doubles.dot(candidate, candidate, dimension).squareRoot()
        var coefficients = [Double](repeating: 0, count: count)
        guard original > 0 else { return (coefficients, nil) }
        var length = original
        storage.withUnsafeBufferPointer { buffer in
            for _ in 0..<2 {
                let before = length
                subtractProjections(of: candidate, on: buffer.baseAddress!, adding: &coefficients)
                length = Doubles.dot(candidate, candidate, dimension).squareRoot()
                if length > 0.7 * before { break }
            }
        }
        guard length > Self.dependence * original else { return (coefficients, nil) }
        let start = count * dimension
        for index in 0..<dimension { storage[start + index] = candidate[index] / length }
        count += 1
        return (coefficients, length)
    }

    /// Appends a random direction outside the span. There must be one: `count < dimension`.
    mutating func appendRandom(from stream: inout RandomStream) {
        precondition(count < dimension, "appendRandom: \(count) of \(dimension)")
        let before = count
        while count == before {
            var vector = (0..<dimension).map { _ in stream.normal() }
            vector.withUnsafeMutableBufferPointer { _ = append($0.baseAddress!) }
        }
    }

    private func subtractProjections(
        of candidate: UnsafeMutablePointer<Double>, on vectors: UnsafePointer<Double>,
        adding coefficients: inout [Double]
    ) {
        let found = Doubles.dots(vectors, count: count, stride: dimension, with: candidate, length: dimension)
        Doubles.subtract(found, of: vectors, stride: dimension, from: candidate, length: dimension)
        for (index, coefficient) in found.enumerated() { coefficients[index] += coefficient }
    }

    /// The vector appended last.
    var last: [Double] { Array(storage[(count - 1) * dimension..<count * dimension]) }

    /// Vectors `range`, rounded to Float, one after the other.
    func rounded(_ range: Range<Int>) -> [Float] {
        storage[range.lowerBound * dimension..<range.upperBound * dimension].map { Float($0) }
    }

    /// `Σ coefficients[j] · vector j` over the first `coefficients.count` vectors, in ascending order.
    func combination(_ coefficients: [Double]) -> [Double] {
        var sum = [Double](repeating: 0, count: dimension)
        storage.withUnsafeBufferPointer { vectors in
            guard let vectors = vectors.baseAddress else { return }
            Doubles.subtract(coefficients.map(-), of: vectors, stride: dimension, from: &sum, length: dimension)
        }
        return sum
    }

    /// Replaces the first `spanned` vectors by these, which span a part of the same space, and closes the gap.
    mutating func replace(first spanned: Int, by vectors: [[Double]]) {
        precondition(vectors.count <= spanned && spanned <= count, "replace: \(vectors.count), \(spanned), \(count)")
        let pending = Array(storage[spanned * dimension..<count * dimension])
        for (index, vector) in vectors.enumerated() {
            storage.replaceSubrange(index * dimension..<(index + 1) * dimension, with: vector)
        }
        let start = vectors.count * dimension
        storage.replaceSubrange(start..<start + pending.count, with: pending)
        count = vectors.count + pending.count / dimension
    }
}
