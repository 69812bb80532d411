internal import TinyCheckpoint
internal import TinyFoundation
internal import TinyTensor

/// Rotation angles of positions, as Hugging Face computes them: frequencies and angles rounded to fp32.
///
/// Source: Su et al., arXiv:2104.09864, with the halves of a head as pairs.
struct RotaryEmbedding: Sendable {
    private let frequencies: [Float]
    /// Cosines and sines are multiplied by it, and so are queries and keys.
    private let magnitude: Double

    init(of configuration: ModelConfiguration) {
        let width = configuration.headDimension, scaling = configuration.ropeScaling
        let logTheta = exactLog(configuration.ropeTheta)
        frequencies = (0..<width / 2).map { pair in
            let frequency = exactExp(-logTheta * Double(2 * pair) / Double(width))
            return Float(scaling?.frequency(frequency, pair: pair, width: width, logTheta: logTheta) ?? frequency)
        }
        magnitude = if case .yarn(let yarn) = scaling { yarn.attentionFactor } else { 1 }
    }

    /// Cosines and sines `[rows, width / 2]` of the given positions.
    func angles(_ positions: [Int]) -> (cosine: Matrix, sine: Matrix) {
        let cosine = Matrix(rows: positions.count, columns: frequencies.count)
        let sine = Matrix(rows: positions.count, columns: frequencies.count)
        for (row, position) in positions.enumerated() {
            for (column, frequency) in frequencies.enumerated() {
                let (s, c) = exactSineCosine(Double(Float(position) * frequency))
                cosine.row(row)[column] = Float(c * magnitude)
                sine.row(row)[column] = Float(s * magnitude)
            }
        }
        return (cosine, sine)
    }
}

extension RotaryScaling {
    /// The frequency that takes the place of one, as transformers' `modeling_rope_utils` computes it.
    ///
    /// - Parameters:
    ///   - pair: Which of the `width / 2` pairs of a head.
    ///   - logTheta: Logarithm of the base.
    fileprivate func frequency(_ frequency: Double, pair: Int, width: Int, logTheta: Double) -> Double {
        switch self {
        case .linear(let factor):
            return frequency / factor
        case .llama3(let factor, let low, let high, let original):
            let wavelength = 2 * Double.pi / frequency, length = Double(original)
            if wavelength < length / high { return frequency }
            if wavelength > length / low { return frequency / factor }
            let kept = (length / wavelength - low) / (high - low)
            return (1 - kept) * frequency / factor + kept * frequency
        case .yarn(let yarn):
            // The pair whose wavelength turns this often within the original context.
            func pairTurning(_ turns: Double) -> Double {
                Double(width) * exactLog(Double(yarn.originalContextLength) / (turns * 2 * .pi)) / (2 * logTheta)
            }
            var first = pairTurning(yarn.betaFast), last = pairTurning(yarn.betaSlow)
            if yarn.truncates { (first, last) = (first.rounded(.down), last.rounded(.up)) }
            first = max(first, 0)
            last = min(last, Double(width - 1))
            if first == last { last += 0.001 }
            let stretched = min(max((Double(pair) - first) / (last - first), 0), 1)
            return frequency / yarn.factor * stretched + frequency * (1 - stretched)
        case .longrope(let factors):
            return frequency / factors[pair]
        }
    }
}
