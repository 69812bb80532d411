import TinyEngine
import TinyRecords

/// The loss of the updates over a rollout: which completions need a gradient, the weights of their tokens, and what is measured.
///
/// Without a divergence term a completion with advantage 0 has a loss and a gradient of exactly 0, so the backward pass
/// leaves it out. It still counts in every mean. A masked completion is left out of loss and token count, but its place
/// among the completions of the step stays.
struct PolicyUpdate: Sendable {
    private let settings: LossSettings
    private let loss: any PolicyLoss
    private let divergence: DivergencePenalty
    private let correction: ImportanceCorrection?
    private let counts: LossCounts
    /// Completions that are not masked.
    private let kept: Int
    /// The completions that need a gradient, in order.
    private let selected: [RolloutSample]
    /// Log-probabilities of each of them under the base model; `nil` without a divergence term.
    private let references: [[Float]]?
    /// Their log-probabilities by the engine that trains, at the numbers that sampled: those of the first update. `nil`
    /// while that is being made.
    private var trained: [[Float]]?

    /// Picks the completions that need a gradient.
    ///
    /// - Parameters:
    ///   - rollout: The completions with their advantages.
    ///   - settings: What is minimised.
    ///   - sampling: How many tokens a completion may have, and which are masked.
    ///   - references: Log-probabilities of all completions under the base model; `nil` without a divergence term.
    init(_ rollout: Rollout, settings: LossSettings, sampling: RolloutSettings, references: [[Float]]?) {
        self.settings = settings
        loss = settings.policyLoss
        divergence = DivergencePenalty(settings)
        correction = ImportanceCorrection(settings)
        let kept = rollout.samples.indices.filter { index in
            !sampling.masksTruncated || rollout.samples[index].isTerminated
        }
        counts = LossCounts(
            completions: rollout.samples.count,
            tokens: kept.reduce(0) { $0 + rollout.samples[$1].completion.tokens.count }, maxTokens: sampling.maxTokens)
        self.kept = kept.count
        let needed = kept.filter { index in
            let sample = rollout.samples[index]
            return !sample.completion.tokens.isEmpty && (references != nil || !sample.advantage.isZero)
        }
        selected = needed.map { rollout.samples[$0] }
        self.references = references.map { references in needed.map { references[$0] } }
    }

    /// What the learner is asked to differentiate.
    var sequences: [ScoredSequence] { selected.map(\.sequence) }

    /// The loss of the `index`-th of ``sequences`` at these log-probabilities, and their weights in the gradient.
    ///
    /// With a correction, ratios compare with the engine that trains instead of the one that sampled: in the first update
    /// with the very log-probabilities that are given, so that they are exactly 1.
    func loss(_ index: Int, logprobs: [Float]) -> CompletionLoss {
        let sampled = selected[index].completion.logprobs
        var terms = CompletionTerms(
            oldT: sampled, referenceT: references?[index], advantage: selected[index].advantage)
        if let correction {
            terms.oldT = trained?[index] ?? logprobs
            terms.correction = correction.weights(trainedT: terms.oldT, sampledT: sampled).weights
        }
        return CompletionLoss(logprobsT: logprobs, terms: terms, loss: loss, divergence: divergence, in: counts)
    }

    /// Takes the log-probabilities of the first update as those that later ones compare with.
    mutating func finishFirst(_ logprobs: [[Float]]) { trained = logprobs }

    /// Loss and ratios of this update; the gradient's norm is not known here.
    func measurements(of logprobs: [[Float]]) -> UpdateMeasurements {
        var total = UpdateMeasurements()
        var divergence = 0.0
        let isPerToken = loss.level == .token
        // A completion that was not visited because it is worth nothing is not clipped.
        var lowest = selected.count < kept ? 0 : Double.infinity
        for (index, logprobsT) in logprobs.enumerated() {
            let part = loss(index, logprobs: logprobsT)
            let length = Double(max(1, logprobsT.count))
            // A ratio of a completion is one number, which counts once.
            let whole = isPerToken ? Double(counts.tokens) : length * Double(counts.completions)
            total.policyLoss += part.policy
            total.loss += part.policy + part.penalty
            total.clippedLow += Double(part.clippedLow) / whole
            total.clippedHigh += Double(part.clippedHigh) / whole
            total.capped += Double(part.capped) / whole
            total.clippedHighMax = max(total.clippedHighMax, Double(part.clippedHigh) / length)
            lowest = min(lowest, Double(part.clippedLow) / length)
            divergence += part.divergence
        }
        total.clippedLowMin = lowest.isFinite ? lowest : 0
        total.divergence = divergence / Double(counts.tokens)
        return total
    }

    /// Writes how far the first training pass is from sampling into `metrics`; untouched when nothing was differentiated.
    func compareWithSampling(_ logprobs: [[Float]], into metrics: inout PolicyMetrics) {
        metrics.differentiatedShare = Double(selected.count) / Double(counts.completions)
        if correction != nil { metrics.importanceBoundedShare = 0 }
        guard !logprobs.isEmpty else { return }
        var count = 0.0, differences = 0.0
        var ratios: [Double] = []
        var bounded = 0
        for (sample, logprobsT) in zip(selected, logprobs) {
            let sampledT = sample.completion.logprobs
            for (old, new) in zip(sampledT, logprobsT) {
                let difference = Double(new) - Double(old)
                count += 1
                differences += difference.magnitude
                metrics.samplingDifferenceMax = max(metrics.samplingDifferenceMax, difference.magnitude)
            }
            if let (weights, changed) = correction?.weights(trainedT: logprobsT, sampledT: sampledT) {
                ratios += weights.values
                bounded += changed
            } else {
                ratios += ImportanceLevel.token.ratios(logprobsT: logprobsT, oldT: sampledT)
            }
        }
        metrics.samplingDifferenceMean = differences / count
        metrics.importanceRatioMin = ratios.reduce(.infinity, min)
        metrics.importanceRatioMean = ratios.reduce(0, +) / Double(ratios.count)
        metrics.importanceRatioMax = ratios.reduce(0, max)
        if correction != nil { metrics.importanceBoundedShare = Double(bounded) / Double(ratios.count) }
    }

    /// The metrics of all updates: means, and the extremes of their clipped shares.
    func summarise(_ updates: [UpdateMeasurements], into metrics: inout PolicyMetrics) {
        metrics.policyLoss = updates.mean(\.policyLoss)
        if references != nil { metrics.divergence = updates.mean(\.divergence) }
        if settings.kind == .cispo {
            metrics.boundedShare = updates.mean(\.clippedHigh)
            return
        }
        metrics.clipShareLow = updates.mean(\.clippedLow)
        metrics.clipShareHigh = updates.mean(\.clippedHigh)
        metrics.clipShare = metrics.clipShareLow + metrics.clipShareHigh
        metrics.clipShareLowMin = updates.mean(\.clippedLowMin)
        metrics.clipShareHighMax = updates.mean(\.clippedHighMax)
        if settings.delta != nil { metrics.cappedShare = updates.mean(\.capped) }
    }
}

/// What one update measured.
struct UpdateMeasurements: Sendable {
    var policyLoss = 0.0
    var loss = 0.0
    var divergence = 0.0
    var clippedLow = 0.0
    var clippedHigh = 0.0
    var clippedLowMin = 0.0
    var clippedHighMax = 0.0
    var capped = 0.0
    var gradientNorm = 0.0
}

extension [UpdateMeasurements] {
    /// The mean of one number over the updates of a step.
    func mean(_ value: (UpdateMeasurements) -> Double) -> Double {
        reduce(0) { $0 + value($1) } / Double(count)
    }
}
