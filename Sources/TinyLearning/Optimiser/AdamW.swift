public import TinyRecords
import TinyFoundation

/// Adam with decoupled weight decay.
///
/// For gradient `g`, rate `η` and update number `t`, each number `p` with moments `m` and `v`:
///
///     p ← p - η λ p
///     m ← β₁ m + (1 - β₁) g          v ← β₂ v + (1 - β₂) g²
///     p ← p - η / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)
///
/// Numbers are stored as `Float` and each is computed in `Double` on its own, so the result depends on nothing else.
/// Cost: one pass; 12 bytes read and written per number.
///
/// Source: arXiv:1711.05101 algorithm 2, in the form of PyTorch's `AdamW`.
public struct AdamW: Sendable {
    /// Betas, epsilon and weight decay.
    public let settings: OptimiserSettings
    /// `m` of each number.
    public private(set) var firstMoment: [Float]
    /// `v` of each number.
    public private(set) var secondMoment: [Float]
    /// Updates made so far.
    public private(set) var updates: Int

    /// Starts with empty moments for `count` numbers.
    public init(_ settings: OptimiserSettings, count: Int) {
        self.settings = settings
        firstMoment = Array(repeating: 0, count: count)
        secondMoment = Array(repeating: 0, count: count)
        updates = 0
    }

    /// Goes on from a recorded state.
    public init(_ settings: OptimiserSettings, resuming state: TrainingState) {
        self.settings = settings
        firstMoment = state.firstMoment
        secondMoment = state.secondMoment
        updates = state.updates
    }

    /// Moves `parameters` one update along `gradient`. Both have as many numbers as the optimiser was made for.
    public mutating func update(_ parameters: inout [Float], gradient: [Float], learningRate: Double) {
        precondition(
            parameters.count == firstMoment.count && gradient.count == firstMoment.count,
            "update: \(parameters.count) numbers, \(gradient.count) derivatives, \(firstMoment.count) moments")
        updates += 1
        let beta1 = settings.beta1, beta2 = settings.beta2, epsilon = settings.epsilon
        let rate = learningRate / (1 - exactPower(beta1, updates))
        let rootCorrection = (1 - exactPower(beta2, updates)).squareRoot()
        let kept = 1 - learningRate * settings.weightDecay
        for index in parameters.indices {
            let slope = Double(gradient[index])
            let first = Float(beta1 * Double(firstMoment[index]) + (1 - beta1) * slope)
            let second = Float(beta2 * Double(secondMoment[index]) + (1 - beta2) * slope * slope)
            firstMoment[index] = first
            secondMoment[index] = second
            let step = rate * Double(first) / (Double(second).squareRoot() / rootCorrection + epsilon)
            parameters[index] = Float(kept * Double(parameters[index]) - step)
        }
    }
}

/// Euclidean norm, summed in order in `Double`.
public func euclideanNorm(_ values: [Float]) -> Double {
    values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
}

/// Shortens `gradient` to `maxNorm` when it is longer, and leaves it alone otherwise.
///
/// - Returns: The norm before.
///
/// Source: `clip_grad_norm_` of PyTorch, including its 1e-6 in the divisor.
@discardableResult
public func shorten(_ gradient: inout [Float], toNorm maxNorm: Double?) -> Double {
    let norm = euclideanNorm(gradient)
    if let maxNorm, norm.isFinite, maxNorm / (norm + 1e-6) < 1 {
        let factor = maxNorm / (norm + 1e-6)
        for index in gradient.indices { gradient[index] = Float(Double(gradient[index]) * factor) }
    }
    return norm
}
