package import TinyRecords

/// Mean over the tokens of each completion, then over completions: every completion counts the same.
///
///     L = 1/N Σₙ 1/Tₙ Σₜ -min(ρₙₜ Aₙ, clip(ρₙₜ, 1-ε, 1+ε) Aₙ)
///
/// With `importance_sampling_level` `sequence` the ratio is a completion's, and this is the loss of GSPO.
///
/// Source: arXiv:2402.03300 eq. 3 (TRL: `loss_type="grpo"`); GSPO: arXiv:2507.18071 eq. 5.
package struct GRPOLoss: ClippedLoss {
    package let surrogate: ClippedSurrogate
    package let level: RatioLevel

    package init(_ settings: LossSettings) {
        surrogate = ClippedSurrogate(settings)
        level = RatioLevel(settings.importanceLevel)
    }

    /// `1 / (N T)`
    package func factor(length: Int, in step: LossCounts) -> Double {
        1 / (Double(step.completions) * Double(max(1, length)))
    }
}
