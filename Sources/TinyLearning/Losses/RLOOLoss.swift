package import TinyRecords

/// Mean over completions of one clipped term each, whose ratio is that of the whole completion.
///
///     L = 1/N Σₙ -min(ρₙ Aₙ, clip(ρₙ, 1-ε, 1+ε) Aₙ),   ρₙ = exp Σₜ (logprobₙₜ - oldₙₜ)
///
/// On-policy its gradient is REINFORCE's, `-1/N Σₙ Aₙ ∇ log π(completion)`: tokens are not weighed by length.
/// The term is shared among the completion's T tokens.
///
/// Source: arXiv:2402.14740; clipped as in TRL's `RLOOTrainer`.
package struct RLOOLoss: ClippedLoss {
    package let surrogate: ClippedSurrogate
    package let level: RatioLevel

    package init(_ settings: LossSettings) {
        surrogate = ClippedSurrogate(settings)
        level = .completion
    }

    /// `1 / (N T)`
    package func factor(length: Int, in step: LossCounts) -> Double {
        1 / (Double(step.completions) * Double(max(1, length)))
    }
}
