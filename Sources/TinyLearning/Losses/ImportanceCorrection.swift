// Legend: T tokens of one completion

package import TinyRecords
import TinyFoundation

/// What the tokens of a completion are weighed by because another engine sampled them.
package enum ImportanceWeights: Sendable, Equatable {
    /// Each token by its own.
    case tokens([Double])
    /// All tokens by the same.
    case sequence(Double)

    /// The weight of a token.
    package subscript(token: Int) -> Double {
        switch self {
        case .tokens(let weightsT): weightsT[token]
        case .sequence(let weight): weight
        }
    }

    /// Every weight once.
    package var values: [Double] {
        switch self {
        case .tokens(let weightsT): weightsT
        case .sequence(let weight): [weight]
        }
    }
}

/// Corrects for completions that another engine sampled than the one that trains.
///
/// Two engines that hold the same numbers give a token slightly different probabilities, so samples of one are off-policy
/// for the other. Each token's loss is multiplied by `π_train / π_sample`, of the token or (as a product) of its
/// completion, which is bounded one way or the other:
///
///     token_truncate     sequence_truncate     clip(ratio, min, max)
///     token_mask         sequence_mask         ratio if min ≤ ratio ≤ max, else 0
///
/// Where both engines give the same bits, every weight is exactly 1.
///
/// Source: `vllm_importance_sampling_mode` of TRL's `GRPOTrainer`; truncation: F. Yao et al., "Your efficient RL framework
/// secretly brings you off-policy RL training" (2025); masking: arXiv:2510.18855 (IcePop).
package struct ImportanceCorrection: Sendable {
    private let mode: ImportanceMode
    private let lower: Double
    private let upper: Double

    /// The correction of these settings; `nil` when there is none.
    package init?(_ settings: LossSettings) {
        guard settings.importanceMode != .none else { return nil }
        mode = settings.importanceMode
        lower = settings.importanceMin ?? 0
        upper = settings.importanceMax ?? .infinity
    }

    /// The weights of one completion.
    ///
    /// - Parameters:
    ///   - trainedT: Log-probabilities by the engine that trains, at the numbers that sampled, `[T]`.
    ///   - sampledT: Log-probabilities by the engine that sampled, `[T]`.
    /// - Returns: The weights, and how many of them are not the plain ratio.
    package func weights(trainedT: [Float], sampledT: [Float]) -> (weights: ImportanceWeights, changed: Int) {
        let differencesT = zip(trainedT, sampledT).map { Double($0) - Double($1) }
        switch mode {
        case .none, .tokenTruncate, .tokenMask:
            let ratiosT = differencesT.map(exactExp)
            let weightsT = ratiosT.map(bounded)
            return (.tokens(weightsT), zip(ratiosT, weightsT).count { $0 != $1 })
        case .sequenceTruncate, .sequenceMask:
            let ratio = exactExp(differencesT.reduce(0, +))
            let weight = bounded(ratio)
            return (.sequence(weight), weight == ratio ? 0 : 1)
        }
    }

    private func bounded(_ ratio: Double) -> Double {
        switch mode {
        case .none: ratio
        case .tokenTruncate, .sequenceTruncate: min(max(ratio, lower), upper)
        case .tokenMask, .sequenceMask: ratio < lower || ratio > upper ? 0 : ratio
        }
    }
}
