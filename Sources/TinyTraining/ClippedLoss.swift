// The loss of GRPO and its relatives, as plain functions of log-probabilities.
// Legend: T tokens of one completion

public import TinyRecords

/// A number and its derivative with respect to the current log-probability of a token.
public struct Differentiated: Sendable, Equatable {
    /// The number itself.
    public var value: Double
    /// Its derivative.
    public var derivative: Double
}

/// Where a token's probability ratio lies.
public enum RatioRegion: Sendable {
    /// Where the surrogate follows the ratio.
    case counted
    /// Under `1 - epsilonLow` with a negative advantage: already discouraged enough.
    case clippedLow
    /// Over `1 + epsilonHigh` with a positive advantage: already encouraged enough.
    case clippedHigh
}

/// Minus the clipped surrogate of one token: `-min(ρA, clip(ρ, 1-εlow, 1+εhigh) A)` with `ρ = exp(logprob - old)`.
///
/// The derivative is `-ρA` where the ratio counts and 0 where it is clipped. At `logprob == old` the ratio is exactly 1.
///
/// Source: arXiv:1707.06347 eq. 7; two bounds: arXiv:2503.14476 §3.1.
public func clippedSurrogate(
    logprob: Float, old: Float, advantage: Double, epsilonLow: Double, epsilonHigh: Double
) -> (loss: Differentiated, region: RatioRegion) {
    let ratio = exactExp(Double(logprob) - Double(old))
    if advantage < 0, ratio < 1 - epsilonLow {
        return (Differentiated(value: -(1 - epsilonLow) * advantage, derivative: 0), .clippedLow)
    }
    if advantage > 0, ratio > 1 + epsilonHigh {
        return (Differentiated(value: -(1 + epsilonHigh) * advantage, derivative: 0), .clippedHigh)
    }
    return (Differentiated(value: -ratio * advantage, derivative: -ratio * advantage), .counted)
}

/// Estimate of the divergence from the reference at one token: `x - log x - 1` with `x = exp(reference - logprob)`.
///
/// Never negative, 0 when both agree, and right on average over tokens sampled from the current policy.
///
/// Source: the estimator k3 of arXiv:2402.03300 eq. 4.
public func divergenceEstimate(logprob: Float, reference: Float) -> Differentiated {
    let difference = Double(reference) - Double(logprob)
    let ratio = exactExp(difference)
    return Differentiated(value: ratio - difference - 1, derivative: 1 - ratio)
}

/// How the losses of all tokens of a step become one number.
public struct TokenScale: Sendable {
    private let normalisation: LossNormalisation
    private let sequences: Int
    private let tokens: Int
    private let maxTokens: Int

    /// Describes a step.
    ///
    /// - Parameters:
    ///   - normalisation: Which rule.
    ///   - sequences: Completions of the step, whatever their advantage.
    ///   - tokens: Their tokens together.
    ///   - maxTokens: Most tokens a completion may have.
    public init(_ normalisation: LossNormalisation, sequences: Int, tokens: Int, maxTokens: Int) {
        self.normalisation = normalisation
        self.sequences = max(1, sequences)
        self.tokens = max(1, tokens)
        self.maxTokens = maxTokens
    }

    /// What each token's loss is multiplied by in a completion of `length` tokens.
    ///
    /// Source: `loss_type` of TRL's `GRPOTrainer`; `drGRPO`: arXiv:2503.20783.
    public func factor(length: Int) -> Double {
        switch normalisation {
        case .grpo: 1 / (Double(sequences) * Double(max(1, length)))
        case .dapo, .bnpo: 1 / Double(tokens)
        case .drGRPO: 1 / (Double(sequences) * Double(maxTokens))
        }
    }
}

/// The part of a step's loss that one completion contributes.
public struct SequenceLoss: Sendable, Equatable {
    /// Its share of the policy loss, scaled.
    public var policy = 0.0
    /// Its share of the divergence term, scaled and multiplied by `beta`.
    public var penalty = 0.0
    /// Sum over tokens of the estimated divergence, unscaled.
    public var divergence = 0.0
    /// Derivative of the step's loss with respect to each log-probability, `[T]`.
    public var weightsT: [Float] = []
    /// Tokens under the clip range.
    public var clippedLow = 0
    /// Tokens over the clip range.
    public var clippedHigh = 0

    /// Computes the loss of one completion.
    ///
    /// - Parameters:
    ///   - logprobsT: Current log-probabilities, `[T]`.
    ///   - oldT: Log-probabilities under the policy that sampled, `[T]`.
    ///   - referenceT: Log-probabilities under the base model, `[T]`; `nil` leaves the divergence out.
    ///   - advantage: The completion's advantage, the same for all tokens.
    ///   - settings: Clip range and weight of the divergence.
    ///   - scale: How tokens become one number.
    public init(
        logprobsT: [Float], oldT: [Float], referenceT: [Float]?, advantage: Double, settings: LossSettings,
        scale: TokenScale
    ) {
        let factor = scale.factor(length: logprobsT.count)
        weightsT.reserveCapacity(logprobsT.count)
        for (token, logprob) in logprobsT.enumerated() {
            let (loss, region) = clippedSurrogate(
                logprob: logprob, old: oldT[token], advantage: advantage, epsilonLow: settings.epsilonLow,
                epsilonHigh: settings.epsilonHigh)
            policy += factor * loss.value
            var derivative = loss.derivative
            if let referenceT {
                let estimate = divergenceEstimate(logprob: logprob, reference: referenceT[token])
                divergence += estimate.value
                penalty += factor * settings.beta * estimate.value
                derivative += settings.beta * estimate.derivative
            }
            weightsT.append(Float(factor * derivative))
            clippedLow += region == .clippedLow ? 1 : 0
            clippedHigh += region == .clippedHigh ? 1 : 0
        }
    }
}
