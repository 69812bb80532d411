internal import TinyTensor

/// Rotation angles of positions, as Hugging Face computes them: frequencies and angles rounded to fp32.
///
/// Source: Su et al., arXiv:2104.09864, with the halves of a head as pairs.
struct RotaryEmbedding: Sendable {
    let width: Int
    private let frequencies: [Float]

    init(width: Int, theta: Double) {
        self.width = width
        let logTheta = Kernels.log(theta)
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

/// `exp` from exact operations only, to about 1e-15 relative, for results that are normal numbers.
package func exactExp(_ x: Double) -> Double {
    let n = (x * 1.4426950408889634).rounded()
    let r = x - n * 0.6931471803691238 - n * 1.9082149292705877e-10  // ln 2 in two parts
    var sum = 1.0
    for k in stride(from: 18.0, through: 1.0, by: -1.0) { sum = 1 + r / k * sum }
    return sum * Double(sign: .plus, exponent: Int(n), significand: 1)
}

/// Sine and cosine from exact operations only, to about 1e-11 absolute for `|x|` up to a million.
package func exactSineCosine(_ x: Double) -> (sine: Double, cosine: Double) {
    let quarter = (x * 0.6366197723675814).rounded()
    // π/2 in two parts, the first of 33 bits, so that its product with `quarter` is exact
    let r = x - quarter * 1.5707963267341256 - quarter * 6.077100506506192e-11
    let square = r * r
    var sine = 0.0, cosine = 0.0
    for k in stride(from: 17.0, through: 3.0, by: -2.0) {  // Taylor: |r| ≤ π/4, so the next term is below 1e-18
        sine = -square / (k * (k - 1)) * (1 + sine)
        cosine = -square / ((k - 1) * (k - 2)) * (1 + cosine)
    }
    sine = r * (1 + sine)
    cosine = 1 + cosine
    switch Int(quarter) & 3 {
    case 0: return (sine, cosine)
    case 1: return (cosine, -sine)
    case 2: return (-sine, -cosine)
    default: return (-cosine, sine)
    }
}
