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
package protocol ClippedLoss: PolicyLoss {
    var surrogate: ClippedSurrogate { get }
}

extension ClippedLoss {
    package var followsRatio: Bool { true }

    package func loss(
        ratio: Double, logprob: Double, advantage: Double
    ) -> (loss: Differentiated, region: RatioRegion) {
        surrogate(ratio: ratio, advantage: advantage)
    }
}
