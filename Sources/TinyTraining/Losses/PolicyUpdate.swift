import TinyPolicy
import TinyRecords

/// The loss of one update over a rollout: which completions need a gradient, their weights, and what came of it.
///
/// Without a divergence term a completion with advantage 0 has a loss and a gradient of exactly 0, so the backward pass
/// leaves it out. It still counts in every mean.
struct PolicyUpdate: Sendable {
    private let settings: LossSettings
    private let scale: TokenScale
    private let tokens: Int
    private let completions: Int
    /// The completions that need a gradient, in order.
    private let selected: [RolloutSample]
    /// Log-probabilities of each of them under the base model; `nil` without a divergence term.
    private let references: [[Float]]?

    /// Picks the completions that need a gradient.
    init(_ rollout: Rollout, settings: LossSettings, maxTokens: Int, references: [[Float]]?) {
        self.settings = settings
        tokens = max(1, rollout.completionTokens)
        completions = rollout.samples.count
        scale = TokenScale(
            settings.normalisation, sequences: rollout.samples.count, tokens: rollout.completionTokens,
            maxTokens: maxTokens)
        let needed = rollout.samples.indices.filter { index in
            let sample = rollout.samples[index]
            return !sample.completion.tokens.isEmpty && (references != nil || sample.advantage != 0)
        }
        selected = needed.map { rollout.samples[$0] }
        self.references = references.map { references in needed.map { references[$0] } }
    }

    /// What the policy is asked to differentiate.
    var sequences: [ScoredSequence] { selected.map(\.sequence) }

    /// The loss of the `index`-th of ``sequences`` at these log-probabilities, and their weights in the gradient.
    func loss(_ index: Int, logprobs: [Float]) -> SequenceLoss {
        SequenceLoss(
            logprobsT: logprobs, oldT: selected[index].completion.logprobs, referenceT: references?[index],
            advantage: selected[index].advantage, settings: settings, scale: scale)
    }

    /// Loss and ratios of this update; the gradient's norm is not known here.
    func measurements(of logprobs: [[Float]]) -> UpdateMeasurements {
        var total = UpdateMeasurements()
        var divergence = 0.0
        for (index, logprobsT) in logprobs.enumerated() {
            let part = loss(index, logprobs: logprobsT)
            total.policyLoss += part.policy
            total.loss += part.policy + part.penalty
            total.clippedLow += Double(part.clippedLow) / Double(tokens)
            total.clippedHigh += Double(part.clippedHigh) / Double(tokens)
            divergence += part.divergence
        }
        total.divergence = divergence / Double(tokens)
        return total
    }

    /// Writes how far the first training pass is from sampling into `metrics`; untouched when nothing was differentiated.
    func compareWithSampling(_ logprobs: [[Float]], into metrics: inout PolicyMetrics) {
        metrics.differentiatedShare = Double(selected.count) / Double(completions)
        guard !logprobs.isEmpty else { return }
        var count = 0.0, differences = 0.0, ratios = 0.0
        metrics.importanceRatioMin = .infinity
        metrics.importanceRatioMax = 0
        for (sample, logprobsT) in zip(selected, logprobs) {
            for (old, new) in zip(sample.completion.logprobs, logprobsT) {
                let difference = Double(new) - Double(old)
                let ratio = exactExp(difference)
                count += 1
                differences += difference.magnitude
                ratios += ratio
                metrics.samplingDifferenceMax = max(metrics.samplingDifferenceMax, difference.magnitude)
                metrics.importanceRatioMin = min(metrics.importanceRatioMin, ratio)
                metrics.importanceRatioMax = max(metrics.importanceRatioMax, ratio)
            }
        }
        metrics.samplingDifferenceMean = differences / count
        metrics.importanceRatioMean = ratios / count
    }
}

/// What one update measured.
struct UpdateMeasurements: Sendable {
    var policyLoss = 0.0
    var loss = 0.0
    var divergence = 0.0
    var clippedLow = 0.0
    var clippedHigh = 0.0
    var gradientNorm = 0.0
}

extension [UpdateMeasurements] {
    /// The mean of one number over the updates of a step.
    func mean(_ value: (UpdateMeasurements) -> Double) -> Double {
        reduce(0) { $0 + value($1) } / Double(count)
    }
}

extension PolicyMetrics {
    /// Takes the means over the updates of a step.
    mutating func setMeans(of updates: [UpdateMeasurements], withDivergence: Bool) {
        policyLoss = updates.mean(\.policyLoss)
        divergence = withDivergence ? updates.mean(\.divergence) : nil
        clipShareLow = updates.mean(\.clippedLow)
        clipShareHigh = updates.mean(\.clippedHigh)
        clipShare = clipShareLow + clipShareHigh
    }
}
