package import TinyFoundation
package import TinyTensor

/// Some singular triplets of a matrix `[outputs, inputs]`: `W v = σ u`, `Wᵀ u = σ v`.
///
/// The sign of each pair is fixed: the entry of `v` with the largest magnitude is positive (the first of equals).
package struct SingularTriplets: Sendable, Hashable {
    /// `U`, `[outputs, count]`, row-major; a column is zero where its singular value is zero.
    package var left: [Float]
    /// `Σ`, largest first or, for the bottom subspace, smallest first.
    package var values: [Float]
    /// `V`, `[inputs, count]`, row-major.
    package var right: [Float]

    /// How many triplets.
    package var count: Int { values.count }

    /// Fixes signs and rounds.
    ///
    /// - Parameters:
    ///   - left: One vector per triplet.
    ///   - values: Singular values, not negative.
    ///   - right: One vector per triplet.
    init(left: [[Double]], values: [Double], right: [[Double]]) {
        let signs = right.map { vector in
            vector.reduce(0.0) { Float($1.magnitude) > Float($0.magnitude) ? $1 : $0 } < 0 ? -1.0 : 1.0
        }
        self.values = values.map { Float($0) }
        self.left = Self.interleaved(left, signs)
        self.right = Self.interleaved(right, signs)
    }

    private static func interleaved(_ vectors: [[Double]], _ signs: [Double]) -> [Float] {
        (0..<(vectors.first?.count ?? 0)).flatMap { row in zip(vectors, signs).map { Float($0[row] * $1) } }
    }
}

/// Random orthonormal vectors in the place of singular ones, with the largest singular values.
///
/// - Parameters:
///   - matrix: The weights.
///   - count: How many triplets, `1 ... min(outputs, inputs)`.
///   - stream: The directions.
///   - values: The largest singular values of the matrix, `count` of them.
package func randomTriplets(
    of matrix: PackedMatrix, count: Int, stream: RandomStream, values: [Float]
) -> SingularTriplets {
    var stream = stream
    func directions(_ dimension: Int) -> [[Double]] {
        var basis = OrthonormalBasis(dimension: dimension, capacity: count)
        return (0..<count).map { _ in
            basis.appendRandom(from: &stream)
            return basis.last
        }
    }
    let left = directions(matrix.outputs), right = directions(matrix.inputs)
    return SingularTriplets(left: left, values: values.map { Double($0) }, right: right)
}
