package import TinyTensor
package import TinyFoundation

/// The `count` largest singular triplets of a matrix, without the others.
///
/// Block Golub-Kahan-Lanczos bidiagonalisation with full reorthogonalisation and thick restarts: a block of vectors is
/// multiplied by `W` and by `Wᵀ` in turn and what is new joins an orthonormal basis on either side; `W` seen in these bases is
/// small and is decomposed exactly; when the bases are full, only their best vectors stay. Products are in Float, everything
/// else in Double. The result is a pure function of the matrix and the stream.
///
/// - Parameters:
///   - matrix: The weights.
///   - count: How many triplets, `1 ... min(outputs, inputs)`.
///   - stream: The random start block.
///   - team: Threads for the products; the result does not depend on it.
/// - Returns: Triplets with `‖W v - σ u‖` and `‖Wᵀ u - σ v‖` at most `1e-6 σ₁`.
/// - Throws: ``AdapterError`` with code `factorisationFailed` when the matrix holds NaN or infinity.
///
/// Source: Golub, Luk and Overton, "A block Lanczos method for computing the singular values and corresponding singular
/// vectors of a matrix", 1981; restarts after Baglama and Reichel, "Augmented implicitly restarted Lanczos
/// bidiagonalization methods", 2005.
package func largestSingularTriplets(
    of matrix: PackedMatrix, count: Int, stream: RandomStream, team: WorkerTeam
) throws(AdapterError) -> SingularTriplets {
    precondition(
        count >= 1 && count <= min(matrix.outputs, matrix.inputs),
        "\(count) triplets of [\(matrix.outputs), \(matrix.inputs)]")
    var process = Bidiagonalisation(matrix, count: count, stream: stream, team: team)
    return try process.run()
}

/// The state of the process. "Near" is the side with fewer dimensions, where the block starts; "far" the other.
private struct Bidiagonalisation {
    private let matrix: PackedMatrix
    /// Turned around once: there are dozens of products of a few vectors with either.
    private let transposed: PackedMatrix
    private let team: WorkerTeam
    private let count: Int
    /// Whether the near side is the matrix's outputs.
    private let flipped: Bool
    /// Vectors multiplied at once: more cost little when the matrix comes from memory, and they separate clusters.
    private let width: Int
    /// Vectors that survive a restart.
    private let kept: Int
    /// Near vectors at which the process restarts.
    private let capacity: Int
    /// Near vectors; those from `projected.count` on have not been multiplied yet.
    private var near: OrthonormalBasis
    private var far: OrthonormalBasis
    /// The matrix in the two bases: for each multiplied near vector, its product's coefficients on the far vectors.
    private var projected: [[Double]] = []
    /// For each vector of the last far block, what its product adds to the pending near vectors.
    private var beyond: [[Double]] = []
    private var stream: RandomStream

    /// Products are good to about 2e-7; asking for less than that would only cost time.
    private static let tolerance = 3e-7
    /// Blocks after which a process that has not converged never will.
    private static let mostBlocks = 2000
    /// Blocks between two looks at the residual; a look costs about as much as a block of a small matrix.
    private static let checkInterval = 5
    /// Widest block. A value that occurs more often than the block is wide may be found that often only.
    private static let widest = 16

    init(_ matrix: PackedMatrix, count: Int, stream: RandomStream, team: WorkerTeam) {
        self.matrix = matrix
        transposed = matrix.transposed()
        self.team = team
        self.count = count
        flipped = matrix.inputs > matrix.outputs
        let dimension = min(matrix.outputs, matrix.inputs)
        width = min(dimension, max(4, min(count + 2, Self.widest)))
        kept = count + max(14, count / 2)
        capacity = min(dimension, kept + 6 * width)
        near = OrthonormalBasis(dimension: dimension, capacity: capacity + width)
        far = OrthonormalBasis(dimension: max(matrix.outputs, matrix.inputs), capacity: capacity + count)
        self.stream = stream
        appendRandomBlock()
    }

    mutating func run() throws(AdapterError) -> SingularTriplets {
        for block in 1...Self.mostBlocks {
            try expandFar()
            try expandNear()
            let exhausted = near.count == projected.count
            if exhausted && near.count < count {
                appendRandomBlock()
                continue
            }
            let full = near.count > capacity
            guard full || exhausted || block.isMultiple(of: Self.checkInterval) else { continue }
            let small = SmallSVD(columns: projected)
            guard small.values.count >= count else { continue }
            if exhausted || residual(small) <= Self.tolerance * small.values[0] { return triplets(small) }
            if full { restart(small) }
        }
        throw AdapterError(
            .factorisationFailed,
            "the \(count) largest singular triplets did not converge in \(Self.mostBlocks) blocks of \(width) products")
    }

    /// Starts the process, and starts it again where the matrix has fewer directions than triplets are wanted.
    private mutating func appendRandomBlock() {
        for _ in 0..<min(width, near.dimension - near.count) { near.appendRandom(from: &stream) }
    }

    /// Multiplies the pending near vectors and adds what is new to the far basis.
    private mutating func expandFar() throws(AdapterError) {
        let pending = projected.count..<near.count
        let firstNew = far.count
        var products = try product(near.rounded(pending), count: pending.count, fromNear: true)
        products.withUnsafeMutableBufferPointer { products in
            for index in 0..<pending.count {
                let (coefficients, length) = far.append(products.baseAddress! + index * far.dimension)
                projected.append(coefficients + (length.map { [$0] } ?? []))
            }
        }
        for index in projected.indices {
            projected[index] += [Double](repeating: 0, count: far.count - projected[index].count)
        }
        beyond = [[Double]](repeating: [], count: far.count - firstNew)
    }

    /// Multiplies the last far block; what is new becomes the pending near block.
    private mutating func expandNear() throws(AdapterError) {
        let multiplied = near.count
        let block = far.count - beyond.count..<far.count
        var products = try product(far.rounded(block), count: block.count, fromNear: false)
        products.withUnsafeMutableBufferPointer { products in
            for index in 0..<block.count where near.count < near.dimension {
                let (coefficients, length) = near.append(products.baseAddress! + index * near.dimension)
                beyond[index] = Array(coefficients[multiplied...]) + (length.map { [$0] } ?? [])
            }
        }
    }

    private func product(_ vectors: [Float], count: Int, fromNear: Bool) throws(AdapterError) -> [Double] {
        let isTransposed = fromNear == flipped
        let x = Matrix(rows: count, columns: isTransposed ? matrix.outputs : matrix.inputs, values: vectors)
        let y = Matrix(rows: count, columns: isTransposed ? matrix.inputs : matrix.outputs)
        (isTransposed ? transposed : matrix).multiply(x.view, into: y.view, team: team)
        let result = y.values
        guard result.allSatisfy(\.isFinite) else {
            throw AdapterError(.factorisationFailed, "the matrix holds NaN, infinity or numbers near the largest Float")
        }
        return result.map { Double($0) }
    }

    /// The largest residual of the wanted triplets: what the product of the left vector has outside the near basis.
    private func residual(_ small: SmallSVD) -> Double {
        let first = far.count - beyond.count
        let pending = beyond.map(\.count).max() ?? 0
        return (0..<count).map { triplet in
            (0..<pending).reduce(0.0) { sum, direction in
                let part = beyond.indices.reduce(0.0) { part, index in
                    direction < beyond[index].count
                        ? part + beyond[index][direction] * small.left[triplet][first + index] : part
                }
                return sum + part * part
            }.squareRoot()
        }.max() ?? 0
    }

    /// Keeps the best vectors of both bases and the pending block.
    private mutating func restart(_ small: SmallSVD) {
        let kept = (0..<kept).filter { small.values[$0] > 0 }
        let nearVectors = kept.map { near.combination(small.right[$0]) }
        let farVectors = kept.map { far.combination(small.left[$0]) }
        near.replace(first: projected.count, by: nearVectors)
        far.replace(first: far.count, by: farVectors)
        projected = kept.map { index in kept.map { $0 == index ? small.values[index] : 0 } }
    }

    private mutating func triplets(_ small: SmallSVD) -> SingularTriplets {
        let nearVectors = (0..<count).map { near.combination(small.right[$0]) }
        var farVectors = (0..<count).map { far.combination(small.left[$0]) }
        let values = Array(small.values[..<count])
        guard flipped else { return SingularTriplets(left: farVectors, values: values, right: nearVectors) }
        let zeros = values.indices.filter { values[$0] == 0 }
        for index in zeros {
            far.appendRandom(from: &stream)
            farVectors[index] = far.last
        }
        let left = values.indices.map {
            values[$0] == 0 ? [Double](repeating: 0, count: near.dimension) : nearVectors[$0]
        }
        return SingularTriplets(left: left, values: values, right: farVectors)
    }
}
