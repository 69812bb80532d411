import TinyLoRA

/// Operands of benchmarks: a short table of random numbers, repeated. Drawing each would take longer than measuring.
enum RandomNumbers {
    private static let table: [Float] = {
        var stream = RandomStream(.initialisation, seed: 1)
        return (0..<65_521).map { _ in Float(2 * stream.uniform() - 1) }  // prime: no two rows of a matrix are equal
    }()

    /// Numbers in `(-1, 1)`.
    static func fill(_ target: UnsafeMutablePointer<Float>, count: Int) {
        for start in stride(from: 0, to: count, by: table.count) {
            (target + start).update(from: table, count: min(table.count, count - start))
        }
    }

    /// A matrix of them.
    static func matrix(_ rows: Int, _ columns: Int) -> Matrix {
        let matrix = Matrix(rows: rows, columns: columns)
        fill(matrix.base, count: matrix.count)
        return matrix
    }
}
