package import TinyTensor
package import TinyFoundation

/// The `count` smallest singular triplets of a matrix, smallest first.
///
/// Inverse iteration on a block of vectors with the Gram matrix of the smaller side, in Double. The block is wider than what
/// is wanted, and a shift towards the smallest eigenvalue separates values that crowd together, as they do at the lower edge
/// of a rectangular weight. The result is a pure function of the matrix and the stream.
///
/// Costs `outputs · inputs · min(outputs, inputs)` operations for the Gram matrix and `smaller³ / 3` for each of up to
/// eight factorisations, and holds the matrix and its Gram matrix in Double.
///
/// - Parameters:
///   - matrix: The weights.
///   - count: How many triplets, `1 ... min(outputs, inputs)`.
///   - stream: The random start block.
/// - Throws: ``AdapterError`` with code `factorisationFailed` when the matrix holds NaN or infinity, or when the vectors do
///   not converge.
///
/// Source: Golub and Van Loan, Matrix Computations, §8.2.
package func smallestSingularTriplets(
    of matrix: PackedMatrix, count: Int, stream: RandomStream
) throws(AdapterError) -> SingularTriplets {
    precondition(
        count >= 1 && count <= min(matrix.outputs, matrix.inputs),
        "\(count) triplets of [\(matrix.outputs), \(matrix.inputs)]")
    let gram = GramMatrix(matrix)
    guard gram.trace.isFinite else {
        throw AdapterError(.factorisationFailed, "the matrix holds NaN, infinity or numbers near the largest Float")
    }
    var iteration = InverseIteration(gram, count: count, stream: stream)
    return triplets(gram, near: try iteration.run(), stream: stream)
}

/// The triplets whose vectors on the smaller side are known.
private func triplets(_ gram: GramMatrix, near: [[Double]], stream: RandomStream) -> SingularTriplets {
    var stream = stream
    let products = near.map(gram.combination)
    var values = products.map { product in product.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    // The other side's vectors are the products, made orthonormal from the largest value down: the smallest are the least
    // exact. A product that vanishes leaves its place to any direction, and its value is zero.
    let floor = 1e-13 * gram.trace.squareRoot()
    var basis = OrthonormalBasis(dimension: gram.length, capacity: near.count)
    var far = products
    for index in near.indices.reversed() {
        var candidate = products[index]
        let isKept =
            values[index] > floor
            && candidate.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.map { basis.append($0).length != nil } ?? false
            }
        if !isKept {
            basis.appendRandom(from: &stream)
            values[index] = 0
        }
        far[index] = basis.last
    }
    var left = gram.vectorsAreRows ? near : far
    for index in values.indices where values[index] == 0 { left[index] = left[index].map { _ in 0 } }
    return SingularTriplets(left: left, values: values, right: gram.vectorsAreRows ? far : near)
}

/// Block inverse iteration for the smallest eigenvectors of a Gram matrix.
private struct InverseIteration {
    private let gram: GramMatrix
    private let count: Int
    private let width: Int
    private var block: [[Double]] = []
    private var stream: RandomStream

    /// Rounds of iteration, each with a factorisation of its own.
    private static let rounds = 8
    /// Steps of a round.
    private static let steps = 12
    /// A residual of this share of the largest wanted eigenvalue leaves nothing that Float could hold.
    private static let tolerance = 1e-8
    /// Rounding alone leaves residuals of about this share of the trace.
    private static let roundings = 1e-15

    init(_ gram: GramMatrix, count: Int, stream: RandomStream) {
        self.gram = gram
        self.count = count
        width = min(gram.size, 2 * count + 8)
        self.stream = stream
        var basis = OrthonormalBasis(dimension: gram.size, capacity: width)
        for _ in 0..<width {
            basis.appendRandom(from: &self.stream)
            block.append(basis.last)
        }
    }

    /// The wanted vectors, those of the smallest eigenvalues first.
    mutating func run() throws(AdapterError) -> [[Double]] {
        let trace = gram.trace
        guard trace > 0, var solver = Self.solver(gram) else { return Array(block[..<count]) }
        for _ in 0..<Self.rounds {
            for _ in 0..<Self.steps { orthonormalise(block.map(solver.solve)) }
            let (values, residuals) = rotate()
            let largest = max(values[count - 1], 0)
            if residuals[..<count].allSatisfy({ $0 <= Self.tolerance * largest + Self.roundings * trace }) {
                return Array(block[..<count])
            }
            // Just below the smallest eigenvalue; where it is not below, the factorisation says so.
            let margin = max(2 * residuals[0], 0.05 * (values[count - 1] - values[0]), Self.roundings * trace)
            if values[0] > margin, let closer = Cholesky(gram, shift: values[0] - margin) { solver = closer }
        }
        throw AdapterError(
            .factorisationFailed, "the \(count) smallest singular triplets did not converge in \(Self.rounds) rounds")
    }

    /// A factorisation of the Gram matrix, raised where it is singular.
    private static func solver(_ gram: GramMatrix) -> Cholesky? {
        var raise = 1e-15 * gram.trace
        for _ in 0..<6 {
            if let solver = Cholesky(gram, shift: -raise) { return solver }
            raise *= 10
        }
        return nil
    }

    private mutating func orthonormalise(_ vectors: [[Double]]) {
        var basis = OrthonormalBasis(dimension: gram.size, capacity: width)
        block = vectors.map { vector in
            var candidate = vector
            let isNew = candidate.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.map { basis.append($0).length != nil } ?? false
            }
            if !isNew { basis.appendRandom(from: &stream) }
            return basis.last
        }
    }

    /// Turns the block to the eigenvectors of the Gram matrix within its span, smallest first.
    ///
    /// - Returns: Their eigenvalues, and how far each is from an eigenvector.
    private mutating func rotate() -> (values: [Double], residuals: [Double]) {
        let products = block.map(gram.times)
        let projected = products.map { product in
            block.map { vector in zip(vector, product).reduce(0) { $0 + $1.0 * $1.1 } }
        }
        let small = SmallSVD(columns: projected)
        let order = small.values.indices.reversed()
        func combined(_ vectors: [[Double]], _ coefficients: [Double]) -> [Double] {
            var sum = [Double](repeating: 0, count: gram.size)
            for (vector, coefficient) in zip(vectors, coefficients) {
                for index in sum.indices { sum[index] += coefficient * vector[index] }
            }
            return sum
        }
        let rotated = order.map { combined(block, small.right[$0]) }
        let turned = order.map { combined(products, small.right[$0]) }
        let values = order.map { small.values[$0] }
        let residuals = rotated.indices.map { index in
            zip(turned[index], rotated[index]).reduce(0.0) { sum, pair in
                let rest = pair.0 - values[index] * pair.1
                return sum + rest * rest
            }.squareRoot()
        }
        block = rotated
        return (values, residuals)
    }
}
