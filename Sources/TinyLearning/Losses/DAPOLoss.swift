package import TinyRecords

/// Mean over all tokens of the step: every token counts the same, so long completions count more than short ones.
///
///     L = 1/(Σₙ Tₙ) Σₙ Σₜ -min(ρₙₜ Aₙ, clip(ρₙₜ, 1-εlow, 1+εhigh) Aₙ)
///
/// Source: arXiv:2503.14476 eq. 8 (TRL: `loss_type="dapo"`).
package struct DAPOLoss: ClippedLoss {
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
