internal import TinyFoundation
internal import TinyTensor

/// Rotation angles of positions, as Hugging Face computes them: frequencies and angles rounded to fp32.
///
/// Source: Su et al., arXiv:2104.09864, with the halves of a head as pairs.
struct RotaryEmbedding: Sendable {
    let width: Int
    private let frequencies: [Float]

    init(width: Int, theta: Double) {
        self.width = width
        let logTheta = exactLog(theta)
        frequencies = (0..<width / 2).map { Float(exactExp(-logTheta * Double(2 * $0) / Double(width))) }
    }

    /// Cosines and sines `[rows, width / 2]` of the given positions.
    func angles(_ positions: [Int]) -> (cosine: Matrix, sine: Matrix) {
        let half = width / 2
        let cosine = Matrix(rows: positions.count, columns: half), sine = Matrix(rows: positions.count, columns: half)
        for (row, position) in positions.enumerated() {
            for (column, frequency) in frequencies.enumerated() {
                let (s, c) = exactSineCosine(Double(Float(position) * frequency))
                cosine.row(row)[column] = Float(c)
                sine.row(row)[column] = Float(s)
            }
        }
        return (cosine, sine)
    }
}
