package import TinyRecords

/// Mean over all tokens of the step of the log-probability, weighed by advantage and by a bounded ratio that is not
/// differentiated: no token ever loses its gradient, however far its probability has moved.
///
///     L = 1/(Σₙ Tₙ) Σₙ Σₜ -min(ρₙₜ, εhigh) Aₙ logprobₙₜ,   ρ held constant
///
/// The bound `epsilon_high` is that of the ratio itself, not of its distance from 1; there is no lower bound.
///
/// Source: arXiv:2506.13585 (TRL: `loss_type="cispo"`); the bound of 5: arXiv:2510.13786.
package struct CISPOLoss: PolicyLoss {
    /// The largest ratio that counts.
    package let bound: Double
    package let level: RatioLevel

    package init(_ settings: LossSettings) {
        bound = settings.epsilonHigh
        level = RatioLevel(settings.importanceLevel)
    }

    package var followsRatio: Bool { false }

    package func loss(
        ratio: Double, logprob: Double, advantage: Double
    ) -> (loss: Differentiated, region: RatioRegion) {
        let weight = -min(ratio, bound) * advantage
        return (
            Differentiated(value: weight * logprob, derivative: weight),
            ratio > bound && advantage > 0 ? .clippedHigh : .counted
        )
    }

    /// `1 / ΣT`
    package func factor(length: Int, in step: LossCounts) -> Double {
        1 / Double(step.tokens)
    }
}
