import Foundation
import Testing
import TinyEngine
import TinyRecords
import TinyLearning

/// Losses against numbers worked out by hand from their formulas.
@Suite struct LossTests {
    @Test("the first update has ratio exactly 1: loss -A, derivative -A", arguments: [-2.0, -0.5, 0, 0.75])
    func onPolicy(advantage: Double) {
        let ratio = ImportanceLevel.token.ratios(logprobsT: [-1.2345], oldT: [-1.2345])[0]
        let (loss, region) = ClippedSurrogate(epsilonLow: 0.2, epsilonHigh: 0.2)(ratio: ratio, advantage: advantage)
        #expect(loss.value == -advantage && loss.derivative == -advantage && region == .counted)
    }

    @Test(
        "the ratio stops counting only on the side it is pushed to",
        arguments: [
            (1.5, 1.0, -1.28, 0.0, RatioRegion.clippedHigh),  // min(1.5, 1.28)
            (1.5, -1.0, 1.5, 1.5, .counted),  // min(-1.5, -1.28)
            (0.5, 1.0, -0.5, -0.5, .counted),  // min(0.5, 0.8)
            (0.5, -1.0, 0.8, 0.0, .clippedLow),  // min(-0.5, -0.8)
            (1.125, 2.0, -2.25, -2.25, .counted),
            (0.875, -2.0, 1.75, 1.75, .counted),
        ] as [(Double, Double, Double, Double, RatioRegion)])
    func clipsByHand(ratio: Double, advantage: Double, value: Double, derivative: Double, expected: RatioRegion) {
        let surrogate = ClippedSurrogate(epsilonLow: 0.2, epsilonHigh: 0.28)
        let (loss, region) = surrogate(ratio: ratio, advantage: advantage)
        #expect(loss == Differentiated(value: value, derivative: derivative) && region == expected)
    }

    @Test(
        "with delta a ratio is bounded on the side where it would grow without bound, too",
        arguments: [
            (3.0, -1.0, 2.0, 0.0, RatioRegion.capped),  // min(-2, -1.2)
            (1.5, -1.0, 1.5, 1.5, .counted),
            (3.0, 1.0, -1.2, 0.0, .clippedHigh),  // min(2, 1.2)
            (0.5, -1.0, 0.8, 0.0, .clippedLow),
        ] as [(Double, Double, Double, Double, RatioRegion)])
    func capsByHand(ratio: Double, advantage: Double, value: Double, derivative: Double, expected: RatioRegion) {
        let surrogate = ClippedSurrogate(epsilonLow: 0.2, epsilonHigh: 0.2, delta: 2)
        let (loss, region) = surrogate(ratio: ratio, advantage: advantage)
        #expect(loss == Differentiated(value: value, derivative: derivative) && region == expected)
    }

    @Test("a ratio is a token's, its completion's per token, or its completion's as a whole")
    func ratioLevels() {
        // l = ½, -¼, ½: the mean is ¼, the sum ¾.
        let logprobs: [Float] = [-1, -2, -0.5], old: [Float] = [-1.5, -1.75, -1]
        let token = ImportanceLevel.token.ratios(logprobsT: logprobs, oldT: old)
        let sequence = ImportanceLevel.sequence.ratios(logprobsT: logprobs, oldT: old)
        let completion = ImportanceLevel.completion.ratios(logprobsT: logprobs, oldT: old)
        for (found, expected) in zip(
            token + sequence + completion,
            [exp(0.5), exp(-0.25), exp(0.5), exp(0.25), exp(0.25), exp(0.25), exp(0.75), exp(0.75), exp(0.75)])
        {
            #expect(abs(found - expected) < 4e-16 * expected)
        }
        // A shared ratio moves with every token, by 1/3 or by 1 of its logarithm.
        #expect(ImportanceLevel.token.spread([1, 2, 6]) == [1, 2, 6])
        #expect(ImportanceLevel.sequence.spread([1, 2, 6]) == [3, 3, 3])
        #expect(ImportanceLevel.completion.spread([1, 2, 6]) == [9, 9, 9])
    }

    @Test("the divergence is estimated by d, d² / 2 or exp(-d) + d - 1")
    func divergenceByHand() {
        for estimator in KLEstimator.allCases {
            let same = estimator.estimate(logprob: -0.7, reference: -0.7)
            #expect(same == Differentiated(value: 0, derivative: estimator == .k1 ? 1 : 0))
        }
        // d = -1.5 - (-1) = -½
        #expect(
            KLEstimator.k1.estimate(logprob: -1.5, reference: -1) == Differentiated(value: -0.5, derivative: 1))
        #expect(
            KLEstimator.k2.estimate(logprob: -1.5, reference: -1) == Differentiated(value: 0.125, derivative: -0.5))
        let found = KLEstimator.k3.estimate(logprob: -1.5, reference: -1)
        #expect(abs(found.value - (exp(0.5) - 0.5 - 1)) < 1e-15)
        #expect(abs(found.derivative - (1 - exp(0.5))) < 1e-15)
    }

    @Test(
        "each loss divides by its own count: completions of 2 and 4 tokens, 10 allowed",
        arguments: [
            (LossKind.grpo, 0.25, 0.125),  // 1 / (2 · 2), 1 / (2 · 4)
            (.dapo, 1.0 / 6, 1.0 / 6),
            (.bnpo, 1.0 / 6, 1.0 / 6),
            (.drGRPO, 0.05, 0.05),  // 1 / (2 · 10)
        ] as [(LossKind, Double, Double)])
    func normalisation(kind: LossKind, short: Double, long: Double) {
        var settings = LossSettings()
        settings.kind = kind
        // On-policy with advantages 1 and -1 the step's loss is -(2 · short) + 4 · long.
        let first = loss([-1, -1], CompletionTerms(oldT: [-1, -1], advantage: .completion(1)), settings)
        let second = loss(
            [-1, -1, -1, -1], CompletionTerms(oldT: [-1, -1, -1, -1], advantage: .completion(-1)), settings)
        #expect(abs(first.policy + second.policy - (4 * long - 2 * short)) < 1e-15)
        #expect(first.tokenWeightsT == [Float(-short), Float(-short)])
        #expect(second.tokenWeightsT == Array(repeating: Float(long), count: 4))
    }

    @Test("rloo has one term a completion, with the ratio of all its tokens")
    func rlooByHand() {
        var settings = LossSettings()
        settings.kind = .rloo
        settings.importanceLevel = .sequence
        settings.epsilonHigh = 1
        // Two completions. l = ½ - ¼: ρ = e^¼; the loss is -½ · 2 e^¼, and each token moves all of it.
        let terms = CompletionTerms(oldT: [-1.5, -1.75], advantage: .completion(2))
        let found = loss([-1, -2], terms, settings)
        #expect(abs(found.policy + exp(0.25)) < 1e-15)
        #expect(
            found.tokenWeightsT[0] == found.tokenWeightsT[1] && abs(Double(found.tokenWeightsT[0]) + exp(0.25)) < 1e-7)
        // Under the range with a negative advantage: ρ = e^-1 counts as 0.8, and nothing moves.
        let clipped = loss([-1.5, -2], CompletionTerms(oldT: [-1, -1.5], advantage: .completion(-2)), settings)
        #expect(abs(clipped.policy - 0.5 * 0.8 * 2) < 1e-15)
        #expect(clipped.tokenWeightsT == [0, 0] && clipped.clippedLow == 2)
    }

    @Test("gspo has the geometric mean of a completion's ratios at every token")
    func gspoByHand() {
        let settings = TrainingConfiguration(.gspo).loss
        // l = 6e-4 - 2e-4, up to the rounding of Floats under 1 (6e-8): mean 2e-4, inside 4e-4. Two completions, two tokens.
        let terms = CompletionTerms(oldT: [-0.5, -0.5], advantage: .completion(1))
        let found = loss([-0.4994, -0.5002], terms, settings)
        #expect(abs(found.policy + 0.5 * exp(2e-4)) < 1e-7)
        #expect(
            found.tokenWeightsT[0] == found.tokenWeightsT[1]
                && abs(found.tokenWeightsT[0] + 0.25 * Float(exp(2e-4))) < 1e-7)
        // Mean 5e-4: clipped as a whole, although the second token has not moved.
        let clipped = loss([-0.499, -0.5], terms, settings)
        #expect(abs(clipped.policy + 0.5 * (1 + 4e-4)) < 1e-15)
        #expect(clipped.tokenWeightsT == [0, 0] && clipped.clippedHigh == 2)
    }

    @Test("cispo weighs log-probabilities by bounded ratios and never drops a token")
    func cispoByHand() {
        var settings = TrainingConfiguration(.cispo).loss
        settings.epsilonHigh = 1.5
        // Six tokens in the step. ρ = e (counts as 1.5) and e^-1: -(1.5 · 2 · -1 + e^-1 · 2 · -2) / 6.
        let terms = CompletionTerms(oldT: [-2, -1], advantage: .completion(2))
        let found = loss([-1, -2], terms, settings)
        #expect(abs(found.policy - (1.5 * 2 + exp(-1.0) * 4) / 6) < 1e-15)
        #expect(found.tokenWeightsT[0] == -0.5 && abs(Double(found.tokenWeightsT[1]) + exp(-1.0) / 3) < 1e-8)
        #expect(found.clippedHigh == 1 && found.clippedLow == 0)
    }

    @Test("tokens may be worth different things")
    func tokenAdvantages() {
        var settings = LossSettings()
        settings.kind = .dapo
        let found = loss([-1, -2], CompletionTerms(oldT: [-1, -2], advantage: .tokens([3, -6])), settings)
        #expect(found.policy == 0.5 && found.tokenWeightsT == [-0.5, 1])
        // A shared ratio moves the terms of all tokens: -(3 - 6) / 2 each, of four in two completions.
        settings.kind = .grpo
        settings.importanceLevel = .sequence
        let shared = loss([-1, -2], CompletionTerms(oldT: [-1, -2], advantage: .tokens([3, -6])), settings)
        #expect(shared.policy == 0.75 && shared.tokenWeightsT == [0.375, 0.375])
    }

    @Test("the divergence enters loss and weights with beta, and its plain sum is kept")
    func penaltyByHand() {
        var settings = LossSettings()
        settings.kind = .dapo
        settings.beta = 0.5
        let terms = CompletionTerms(oldT: [-1, -2], referenceT: [-1, -1], advantage: .completion(1))
        let found = loss([-1, -2], terms, settings, LossCounts(completions: 1, tokens: 2, maxTokens: 4))
        let estimate = exp(1.0) - 1 - 1
        #expect(found.policy == -1)
        #expect(abs(found.divergence - estimate) < 1e-15)
        #expect(abs(found.penalty - 0.5 * 0.5 * estimate) < 1e-15)
        #expect(found.tokenWeightsT[0] == -0.5)
        #expect(abs(Double(found.tokenWeightsT[1]) - 0.5 * (-1 + 0.5 * (1 - exp(1.0)))) < 1e-7)
    }

    @Test("a correction weighs the loss of tokens but not the divergence")
    func correctionByHand() {
        var settings = LossSettings()
        settings.kind = .dapo
        settings.beta = 0.5
        let counts = LossCounts(completions: 1, tokens: 2, maxTokens: 4)
        var terms = CompletionTerms(
            oldT: [-1, -2], referenceT: [-1, -1], advantage: .completion(1), correction: .tokens([0, 3]))
        let found = loss([-1, -2], terms, settings, counts)
        let estimate = Double(exp(1.0)) - 2
        #expect(found.policy == -1.5 && abs(found.penalty - 0.25 * estimate) < 1e-15)
        #expect(found.tokenWeightsT[0] == 0)
        #expect(abs(Double(found.tokenWeightsT[1]) - 0.5 * (-3 + 0.5 * (1 - exp(1.0)))) < 1e-7)
        // With a shared ratio, what tokens weigh is averaged in the derivative: (0 + 3) / 2.
        settings.beta = 0
        settings.importanceLevel = .sequence
        terms.referenceT = nil
        let shared = loss([-1, -2], terms, settings, counts)
        #expect(shared.policy == -1.5 && shared.tokenWeightsT == [-0.75, -0.75])
    }

    private func loss(
        _ logprobs: [Float], _ terms: CompletionTerms, _ settings: LossSettings,
        _ counts: LossCounts = LossCounts(completions: 2, tokens: 6, maxTokens: 10)
    ) -> CompletionLoss {
        CompletionLoss(
            logprobsT: logprobs, terms: terms, loss: settings.policyLoss, divergence: DivergencePenalty(settings),
            in: counts)
    }
}
