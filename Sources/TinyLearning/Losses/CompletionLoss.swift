// Legend: T tokens of one completion

/// What is known of a completion before its gradient is taken.
package struct CompletionTerms: Sendable {
    /// Log-probabilities under the policy that the ratio compares with, `[T]`.
    package var oldT: [Float]
    /// Log-probabilities under the base model, `[T]`; `nil` leaves the divergence out of the loss.
    package var referenceT: [Float]?
    /// The advantage of its tokens.
    package var advantage: Advantage
    /// Importance weight of each token, where another engine sampled it; `nil` for 1.
    package var correction: ImportanceWeights?

    package init(
        oldT: [Float], referenceT: [Float]? = nil, advantage: Advantage, correction: ImportanceWeights? = nil
    ) {
        self.oldT = oldT
        self.referenceT = referenceT
        self.advantage = advantage
        self.correction = correction
    }
}

/// The part of a step's loss that one completion contributes.
package struct CompletionLoss: Sendable, Equatable {
    /// Its share of the policy loss, scaled.
    package var policy = 0.0
    /// Its share of the divergence term, scaled and multiplied by `beta`.
    package var penalty = 0.0
    /// Sum over tokens of the estimated divergence, unscaled.
    package var divergence = 0.0
    /// Derivative of the step's loss with respect to each log-probability, `[T]`.
    package var tokenWeightsT: [Float] = []
    /// Tokens whose ratio is under the clip range.
    package var clippedLow = 0
    /// Tokens whose ratio is over the clip range.
    package var clippedHigh = 0
    /// Tokens whose ratio is over `delta`.
    package var capped = 0

    /// Computes the loss of one completion.
    ///
    /// - Parameters:
    ///   - logprobsT: Current log-probabilities, `[T]`.
    ///   - terms: What the completion is compared with, and its weights.
    ///   - loss: The loss of a token.
    ///   - divergence: The penalty on leaving the base model; counts where `terms` has a reference.
    ///   - counts: The step.
    package init(
        logprobsT: [Float], terms: CompletionTerms, loss: any PolicyLoss, divergence penalised: DivergencePenalty,
        in counts: LossCounts
    ) {
        let factor = loss.aggregation.factor(length: logprobsT.count, in: counts)
        let ratiosT = loss.level.ratios(logprobsT: logprobsT, oldT: terms.oldT)
        var derivativesT: [Double] = []
        derivativesT.reserveCapacity(logprobsT.count)
        for (token, logprob) in logprobsT.enumerated() {
            let (found, region) = loss.loss(
                ratio: ratiosT[token], logprob: Double(logprob), advantage: terms.advantage[token])
            let importance = terms.correction?[token] ?? 1
            policy += factor * (importance * found.value)
            derivativesT.append(importance * found.derivative)
            switch region {
            case .counted: break
            case .clippedLow: clippedLow += 1
            case .clippedHigh: clippedHigh += 1
            case .capped: capped += 1
            }
        }
        if loss.followsRatio { derivativesT = loss.level.spread(derivativesT) }
        if let referenceT = terms.referenceT {
            for (token, logprob) in logprobsT.enumerated() {
                let estimate = penalised.estimator.estimate(logprob: logprob, reference: referenceT[token])
                divergence += estimate.value
                penalty += factor * penalised.beta * estimate.value
                derivativesT[token] += penalised.beta * estimate.derivative
            }
        }
        tokenWeightsT = derivativesT.map { Float(factor * $0) }
    }
}
