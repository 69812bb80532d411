package import TinyRecords
import TinyFoundation

extension KLEstimator {
    /// Estimate of the divergence from the reference at one sampled token, and its derivative.
    ///
    /// With `d = logprob - reference`:
    ///
    ///     k1   d                 right on average, of either sign; as a loss its gradient is 0 on average
    ///     k2   ½ d²              never negative, slightly biased; as a loss its gradient is the divergence's
    ///     k3   e⁻ᵈ + d - 1       never negative, right on average, steep where the reference is much likelier
    ///
    /// Source: J. Schulman, "Approximating KL divergence" (2020); k3 in a loss: arXiv:2402.03300 eq. 4 (TRL's `kl`; verl's
    /// `low_var_kl`, which also cuts it off at 10).
    package func estimate(logprob: Float, reference: Float) -> Differentiated {
        switch self {
        case .k1:
            return Differentiated(value: Double(logprob) - Double(reference), derivative: 1)
        case .k2:
            let difference = Double(logprob) - Double(reference)
            return Differentiated(value: 0.5 * difference * difference, derivative: difference)
        case .k3:
            let difference = Double(reference) - Double(logprob)
            let ratio = exactExp(difference)
            return Differentiated(value: ratio - difference - 1, derivative: 1 - ratio)
        }
    }
}

/// What is added to the loss of every token: `beta` times the estimated divergence from the base model.
package struct DivergencePenalty: Sendable, Equatable {
    package var estimator: KLEstimator
    package var beta: Double

    package init(_ estimator: KLEstimator, beta: Double) {
        self.estimator = estimator
        self.beta = beta
    }

    package init(_ settings: LossSettings) {
        self.init(settings.estimator, beta: settings.beta)
    }
}
