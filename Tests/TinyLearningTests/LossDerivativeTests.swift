import Testing
import TinyLearningTestSupport
import TinyEngine
import TinyRecords
import TinyLearning

/// The weights of a loss are its derivative: finite differences through a policy that has moved since it sampled.
@Suite struct LossDerivativeTests {
    /// One loss with a divergence or without.
    struct Variant: Sendable, CustomTestStringConvertible {
        var name: String
        var settings: LossSettings
        var testDescription: String { name }
    }

    static let variants: [Variant] = {
        var variants: [Variant] = []
        for kind in LossKind.allCases {
            for level in kind == .rloo ? [ImportanceLevel.sequence] : ImportanceLevel.allCases {
                for estimator in [nil, KLEstimator.k2, .k3] {
                    var settings = LossSettings()
                    settings.kind = kind
                    settings.importanceLevel = level
                    settings.epsilonLow = level == .token ? 0.1 : 0.02
                    settings.epsilonHigh = kind == .cispo ? 1.05 : level == .token ? 0.15 : 0.03
                    settings.delta = kind == .cispo ? nil : 1.4
                    if let estimator {
                        settings.beta = 0.3
                        settings.estimator = estimator
                    }
                    variants.append(
                        Variant(
                            name: "\(kind.rawValue), \(level.rawValue), \(estimator?.rawValue ?? "no divergence")",
                            settings: settings))
                }
            }
        }
        return variants
    }()

    @Test("weights are the derivative of the loss", arguments: variants)
    func finiteDifferences(variant: Variant) async throws {
        let policy = FakeEngine(), settings = variant.settings
        let loss = settings.policyLoss, penalty = DivergencePenalty(settings)
        let sampledAt: [Float] = [0, 0, 0], now: [Float] = [0.3, -0.4, 0.25]
        let sequences = [[1, 2, 0], [2, 2, 3, 1], [3], [1, 1, 0]].enumerated().map { index, tokens in
            ScoredSequence(prompt: [7 + index], completion: tokens)
        }
        let advantages: [Advantage] = [
            .completion(1.2), .tokens([-0.7, 0.9, -0.4, 0.1]), .completion(-0.9), .completion(0.4),
        ]
        let corrections: [ImportanceWeights?] = [nil, .tokens([1.1, 0.9, 0, 1.2]), .sequence(0.8), .sequence(1)]
        let counts = LossCounts(completions: 4, tokens: 11, maxTokens: 8)
        let old = try await policy.logprobs(of: sequences, adapter: sampledAt, temperature: 0.8)
        let current = try await policy.logprobs(of: sequences, adapter: now, temperature: 0.8)
        let reference =
            settings.beta == 0 ? nil : try await policy.logprobs(of: sequences, adapter: nil, temperature: 0.8)

        @Sendable func part(_ index: Int, _ logprobs: [Float]) -> CompletionLoss {
            var oldT = old[index]
            // A ratio that is held constant is the one at `now`, wherever the log-probabilities are.
            if !loss.followsRatio {
                oldT = zip(logprobs, zip(old[index], current[index])).map { $0 - ($1.1 - $1.0) }
            }
            let terms = CompletionTerms(
                oldT: oldT, referenceT: reference?[index], advantage: advantages[index], correction: corrections[index])
            return CompletionLoss(logprobsT: logprobs, terms: terms, loss: loss, divergence: penalty, in: counts)
        }
        func total(_ adapter: [Float]) async throws -> Double {
            let logprobs = try await policy.logprobs(of: sequences, adapter: adapter, temperature: 0.8)
            return logprobs.enumerated().map { part($0.offset, $0.element) }.reduce(0) { $0 + $1.policy + $1.penalty }
        }

        let result = try await policy.gradients(of: sequences, adapter: now, temperature: 0.8) {
            part($0, $1).tokenWeightsT
        }
        let parts = result.logprobs.enumerated().map { part($0.offset, $0.element) }
        #expect(parts.contains { $0.clippedHigh > 0 } && (!loss.followsRatio || parts.contains { $0.clippedLow > 0 }))
        // Central differences over 2h = 1/256: rounding of log-probabilities to Float (about 1e-7 each) leaves 3e-5, the
        // third derivative (under 5) times h²/6 another 3e-6. No ratio lies so near an edge that h reaches over it.
        let h: Float = 1 / 512
        for parameter in 0..<3 {
            var ahead = now, behind = now
            ahead[parameter] += h
            behind[parameter] -= h
            let slope = (try await total(ahead) - (try await total(behind))) / Double(2 * h)
            let gradient = Double(result.gradient[parameter])
            #expect(abs(gradient - slope) < 1e-4, "parameter \(parameter): \(gradient), by differences \(slope)")
        }
    }
}
