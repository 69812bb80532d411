package import TinyRecords

/// Minus the clipped surrogate: `-min(ρA, clip(ρ, 1-εlow, 1+εhigh) A)`, with `ρ` capped at `delta` where that is set.
///
/// The derivative with respect to log ρ is `-ρA` where the ratio counts and 0 elsewhere. With a negative advantage the
/// plain surrogate grows without bound as ρ does; `delta` bounds it.
///
/// Source: arXiv:1707.06347 eq. 7; two bounds: arXiv:2503.14476 §3.1; `delta`: arXiv:2505.07291 (TRL: `delta`).
package struct ClippedSurrogate: Sendable {
    /// How far a ratio may fall under 1.
    package var epsilonLow: Double
    /// How far it may rise over 1.
    package var epsilonHigh: Double
    /// The largest ratio that counts with a negative advantage; `nil` for any. More than `1 + epsilonHigh`.
    package var delta: Double?

    package init(epsilonLow: Double, epsilonHigh: Double, delta: Double? = nil) {
        self.epsilonLow = epsilonLow
        self.epsilonHigh = epsilonHigh
        self.delta = delta
    }

    package init(_ settings: LossSettings) {
        self.init(epsilonLow: settings.epsilonLow, epsilonHigh: settings.epsilonHigh, delta: settings.delta)
    }

    /// The loss at a ratio, its derivative with respect to the ratio's logarithm, and where the ratio lies.
    package func callAsFunction(ratio: Double, advantage: Double) -> (loss: Differentiated, region: RatioRegion) {
        if advantage < 0, ratio < 1 - epsilonLow {
            return (Differentiated(value: -(1 - epsilonLow) * advantage, derivative: 0), .clippedLow)
        }
        if advantage > 0, ratio > 1 + epsilonHigh {
            return (Differentiated(value: -(1 + epsilonHigh) * advantage, derivative: 0), .clippedHigh)
        }
        if let delta, advantage < 0, ratio > delta {
            return (Differentiated(value: -delta * advantage, derivative: 0), .capped)
        }
        return (Differentiated(value: -ratio * advantage, derivative: -ratio * advantage), .counted)
    }
}

/// A loss whose tokens follow the clipped surrogate; its kinds differ in how tokens become one number.
///
///     L = Σₙ Σₜ factorₙ · -min(ρₙₜ Aₙ, clip(ρₙₜ, 1-εlow, 1+εhigh) Aₙ)
package struct ClippedLoss: PolicyLoss {
    package let surrogate: ClippedSurrogate
    package let level: ImportanceLevel
    package let aggregation: LossAggregation

    /// - Parameter level: What a ratio is taken of; the settings' unless given.
    package init(_ settings: LossSettings, _ aggregation: LossAggregation, level: ImportanceLevel? = nil) {
        surrogate = ClippedSurrogate(settings)
        self.level = level ?? settings.importanceLevel
        self.aggregation = aggregation
    }

    package var followsRatio: Bool { true }

    package func loss(
        ratio: Double, logprob: Double, advantage: Double
    ) -> (loss: Differentiated, region: RatioRegion) {
        surrogate(ratio: ratio, advantage: advantage)
    }
}

/// Mean over all tokens of the step of the log-probability, weighted by the advantage and by a bounded ratio that is not
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
    package let level: ImportanceLevel
    package let aggregation = LossAggregation.tokenMean

    package init(_ settings: LossSettings) {
        bound = settings.epsilonHigh
        level = settings.importanceLevel
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
}
