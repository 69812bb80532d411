package import TinyRecords

/// Sum over all tokens divided by a constant, completions times `max_completion_length` M: length changes no weight.
///
///     L = 1/(N M) Σₙ Σₜ -min(ρₙₜ Aₙ, clip(ρₙₜ, 1-ε, 1+ε) Aₙ)
///
/// Where ``GRPOLoss`` divides by a completion's own length, a long wrong answer costs less per token than a short one.
///
/// Source: arXiv:2503.20783 (TRL: `loss_type="dr_grpo"`).
package struct DrGRPOLoss: ClippedLoss {
    package let surrogate: ClippedSurrogate
    package let level: RatioLevel

    package init(_ settings: LossSettings) {
        surrogate = ClippedSurrogate(settings)
        level = RatioLevel(settings.importanceLevel)
    }

    /// `1 / (N M)`
    package func factor(length: Int, in step: LossCounts) -> Double {
        1 / (Double(step.completions) * Double(step.maxTokens))
    }
}
