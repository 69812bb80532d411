package import TinyRecords

/// Mean over all tokens of one device's batch. Here that is the whole step, so the number is that of ``DAPOLoss``.
///
///     L = 1/(Σₙ Tₙ) Σₙ Σₜ -min(ρₙₜ Aₙ, clip(ρₙₜ, 1-ε, 1+ε) Aₙ)
///
/// Source: `loss_type="bnpo"` of TRL's `GRPOTrainer`, which takes only this mean from arXiv:2506.02864.
package struct BNPOLoss: ClippedLoss {
    package let surrogate: ClippedSurrogate
    package let level: RatioLevel

    package init(_ settings: LossSettings) {
        surrogate = ClippedSurrogate(settings)
        level = RatioLevel(settings.importanceLevel)
    }

    /// `1 / ΣT`
    package func factor(length: Int, in step: LossCounts) -> Double {
        1 / Double(step.tokens)
    }
}
