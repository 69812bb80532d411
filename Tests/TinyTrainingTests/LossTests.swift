import Foundation
import Testing
import TinyPolicy
import TinyRecords
import TinyTensor
import TinyTraining

/// Losses and advantages against numbers worked out by hand from their formulas.
@Suite struct LossTests {
    @Test("advantages are centred within each problem and divided as asked")
    func advantagesByHand() {
        // Group 1: mean ¼, squares 3·(1/16) + 9/16 = ¾, deviation √(¾ / 3) = ½. Group 2 is equal.
        let rewards: [[Double]] = [[1, 0, 0, 0], [1, 1, 1, 1]]
        #expect(advantages(rewardsPG: rewards, scale: .none) == [[0.75, -0.25, -0.25, -0.25], [0, 0, 0, 0]])
        let divisor = 0.5 + 1e-4
        #expect(
            advantages(rewardsPG: rewards, scale: .group)
                == [[0.75 / divisor, -0.25 / divisor, -0.25 / divisor, -0.25 / divisor], [0, 0, 0, 0]])
        // All eight: mean 5/8, squares 5·(9/64) + 3·(25/64) = 120/64, deviation √(120/64 / 7).
        let batch = (120.0 / 64 / 7).squareRoot() + 1e-4
        for (found, expected) in zip(advantages(rewardsPG: rewards, scale: .batch)[0], [0.75, -0.25, -0.25, -0.25]) {
            #expect(abs(found - expected / batch) < 1e-15)
        }
    }

    @Test("equal rewards give exact zeros, even where their mean is rounded")
    func equalRewardsGiveZeros() {
        #expect(advantages(rewardsPG: [[0.1, 0.1, 0.1]], scale: .none) == [[0, 0, 0]])
        #expect(advantages(rewardsPG: [[0.1, 0.1, 0.1], [1, 0, 0]], scale: .batch)[0] == [0, 0, 0])
    }

    @Test("the first update has ratio exactly 1: loss -A, derivative -A", arguments: [-2.0, -0.5, 0, 0.75])
    func onPolicy(advantage: Double) {
        let (loss, region) = clippedSurrogate(
            logprob: -1.2345, old: -1.2345, advantage: advantage, epsilonLow: 0.2, epsilonHigh: 0.2)
        #expect(loss.value == -advantage && loss.derivative == -advantage && region == .counted)
    }

    @Test(
        "the ratio stops counting only on the side it is pushed to",
        arguments: [
            (1.5, 1.0, -1.28, 0.0, RatioRegion.clippedHigh),  // min(1.5, 1.28)
            (1.5, -1.0, 1.5, 1.5, .counted),  // min(-1.5, -1.28)
            (0.5, 1.0, -0.5, -0.5, .counted),  // min(0.5, 0.8)
            (0.5, -1.0, 0.8, 0.0, .clippedLow),  // min(-0.5, -0.8)
            (1.1, 2.0, -2.2, -2.2, .counted),
            (0.9, -2.0, 1.8, 1.8, .counted),
        ] as [(Double, Double, Double, Double, RatioRegion)])
    func clipsByHand(ratio: Double, advantage: Double, value: Double, derivative: Double, expected: RatioRegion) {
        let old: Float = -2
        let (loss, region) = clippedSurrogate(
            logprob: Float(-2 + log(ratio)), old: old, advantage: advantage, epsilonLow: 0.2, epsilonHigh: 0.28)
        // The log-probability is rounded to a Float near 2, so the ratio is off by at most 2 · 2^-24 · ratio.
        #expect(abs(loss.value - value) < 1e-6)
        #expect(abs(loss.derivative - derivative) < 1e-6)
        #expect(region == expected)
    }

    @Test("the divergence estimate is x - log x - 1 with its derivative 1 - x")
    func divergenceByHand() {
        let same = divergenceEstimate(logprob: -0.7, reference: -0.7)
        #expect(same.value == 0 && same.derivative == 0)
        let found = divergenceEstimate(logprob: -1.5, reference: -1)  // x = e^½
        #expect(abs(found.value - (exp(0.5) - 0.5 - 1)) < 1e-15)
        #expect(abs(found.derivative - (1 - exp(0.5))) < 1e-15)
    }

    @Test(
        "each rule divides by its own count: completions of 2 and 4 tokens, 10 allowed",
        arguments: [
            (LossNormalisation.grpo, 0.25, 0.125),  // 1 / (2 · 2), 1 / (2 · 4)
            (.dapo, 1.0 / 6, 1.0 / 6),
            (.bnpo, 1.0 / 6, 1.0 / 6),
            (.drGRPO, 0.05, 0.05),  // 1 / (2 · 10)
        ] as [(LossNormalisation, Double, Double)])
    func normalisation(rule: LossNormalisation, short: Double, long: Double) {
        let scale = TokenScale(rule, sequences: 2, tokens: 6, maxTokens: 10)
        #expect(scale.factor(length: 2) == short)
        #expect(scale.factor(length: 4) == long)
        // On-policy with advantages 1 and -1 the step's loss is -(2 · short) + 4 · long.
        var settings = LossSettings()
        settings.normalisation = rule
        let first = loss([-1, -1], [-1, -1], advantage: 1, settings, scale)
        let second = loss([-1, -1, -1, -1], [-1, -1, -1, -1], advantage: -1, settings, scale)
        #expect(abs(first.policy + second.policy - (4 * long - 2 * short)) < 1e-15)
        #expect(first.weightsT == [Float(-short), Float(-short)])
        #expect(second.weightsT == Array(repeating: Float(long), count: 4))
    }

    @Test("the divergence enters loss and weights with beta, and its plain sum is kept")
    func penaltyByHand() {
        var settings = LossSettings()
        settings.beta = 0.5
        let scale = TokenScale(.dapo, sequences: 1, tokens: 2, maxTokens: 4)
        let found = SequenceLoss(
            logprobsT: [-1, -2], oldT: [-1, -2], referenceT: [-1, -1], advantage: 1, settings: settings, scale: scale)
        let estimate = exp(1.0) - 1 - 1
        #expect(found.policy == -1)
        #expect(abs(found.divergence - estimate) < 1e-15)
        #expect(abs(found.penalty - 0.5 * 0.5 * estimate) < 1e-15)
        #expect(found.weightsT[0] == -0.5)
        #expect(abs(Double(found.weightsT[1]) - 0.5 * (-1 + 0.5 * (1 - exp(1.0)))) < 1e-7)
    }

    @Test(
        "weights are the derivative of the loss: finite differences through a policy that has moved since sampling",
        arguments: LossNormalisation.allCases, [0.0, 0.3])
    func finiteDifferences(rule: LossNormalisation, beta: Double) async throws {
        let policy = FakePolicy()
        var clipped = LossSettings()
        clipped.normalisation = rule
        clipped.beta = beta
        clipped.epsilonLow = 0.1
        clipped.epsilonHigh = 0.15
        let settings = clipped
        let sampledAt: [Float] = [0, 0, 0], now: [Float] = [0.3, -0.4, 0.25]
        let sequences = [[1, 2, 0], [2, 2, 3, 1], [3], [1, 1, 0]].enumerated().map { index, tokens in
            ScoredSequence(prompt: [7 + index], completion: tokens)
        }
        let advantages = [1.2, -0.7, -0.9, 0.4]
        let scale = TokenScale(rule, sequences: 4, tokens: 11, maxTokens: 8)
        let old = try await policy.logprobs(of: sequences, adapter: sampledAt, temperature: 0.8)
        let reference = beta == 0 ? nil : try await policy.logprobs(of: sequences, adapter: nil, temperature: 0.8)

        @Sendable func part(_ index: Int, _ logprobs: [Float]) -> SequenceLoss {
            SequenceLoss(
                logprobsT: logprobs, oldT: old[index], referenceT: reference?[index], advantage: advantages[index],
                settings: settings, scale: scale)
        }
        func loss(_ adapter: [Float]) async throws -> Double {
            let logprobs = try await policy.logprobs(of: sequences, adapter: adapter, temperature: 0.8)
            let parts = logprobs.enumerated().map { part($0.offset, $0.element) }
            return parts.reduce(0) { $0 + $1.policy + $1.penalty }
        }

        let result = try await policy.gradients(of: sequences, adapter: now, temperature: 0.8) {
            part($0, $1).weightsT
        }
        let parts = result.logprobs.enumerated().map { part($0.offset, $0.element) }
        #expect(parts.contains { $0.clippedLow > 0 } && parts.contains { $0.clippedHigh > 0 })
        // Central differences over 2h = 1/64: rounding of log-probabilities to Float (about 1e-7 each) leaves 1e-5, the
        // third derivative (under 5) times h²/6 another 5e-5.
        let h: Float = 1 / 128
        for parameter in 0..<3 {
            var ahead = now, behind = now
            ahead[parameter] += h
            behind[parameter] -= h
            let slope = (try await loss(ahead) - (try await loss(behind))) / Double(2 * h)
            let gradient = Double(result.gradient[parameter])
            #expect(abs(gradient - slope) < 2e-4, "parameter \(parameter): \(gradient), by differences \(slope)")
        }
    }

    private func loss(
        _ logprobs: [Float], _ old: [Float], advantage: Double, _ settings: LossSettings, _ scale: TokenScale
    ) -> SequenceLoss {
        SequenceLoss(
            logprobsT: logprobs, oldT: old, referenceT: nil, advantage: advantage, settings: settings, scale: scale)
    }
}
