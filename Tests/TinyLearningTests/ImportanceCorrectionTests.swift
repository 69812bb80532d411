import Foundation
import Testing
import TinyLearningTestSupport
import TinyEngine
import TinyProblems
import TinyRecords
import TinyLearning

/// Completions that another engine sampled than the one that trains.
@Suite struct ImportanceCorrectionTests {
    @Test(
        "ratios of tokens or of the completion are truncated or masked",
        arguments: [
            (ImportanceMode.tokenTruncate, [exp(0.25), 0.5, 2.0], 2),
            (.tokenMask, [exp(0.25), 0, 0], 2),
            (.sequenceTruncate, [exp(0.25)], 0),
            (.sequenceMask, [exp(0.25)], 0),
        ] as [(ImportanceMode, [Double], Int)])
    func weightsByHand(mode: ImportanceMode, expected: [Double], changed: Int) throws {
        var settings = LossSettings()
        settings.importanceMode = mode
        settings.importanceMax = 2
        settings.importanceMin = 0.5
        // Differences ¼, -1, 1: ratios e^¼, e^-1, e of tokens and e^¼ of the completion.
        let correction = try #require(ImportanceCorrection(settings))
        let found = correction.weights(trainedT: [-1, -2, -0.5], sampledT: [-1.25, -1, -1.5])
        #expect(found.changed == changed && found.weights.values.count == expected.count)
        for (found, expected) in zip(found.weights.values, expected) { #expect(abs(found - expected) < 1e-15) }
    }

    @Test("a completion's ratio outside the bounds is brought to them or counts nothing")
    func boundsCompletions() throws {
        func weight(_ mode: ImportanceMode, _ difference: Float) throws -> Double {
            var settings = LossSettings()
            settings.importanceMode = mode
            settings.importanceMin = 0.5
            let (weights, _) = try #require(ImportanceCorrection(settings)).weights(
                trainedT: [difference, difference], sampledT: [0, 0])
            return weights[1]
        }
        #expect(try weight(.sequenceTruncate, 1) == 3 && weight(.sequenceMask, 1) == 0)  // e² is over 3
        #expect(try weight(.sequenceTruncate, -1) == 0.5 && weight(.sequenceMask, -1) == 0)  // e^-2 is under ½
        #expect(try weight(.sequenceTruncate, 0) == 1 && weight(.sequenceMask, 0) == 1)
    }

    @Test("without a correction there are no weights, with equal engines all are exactly 1")
    func noCorrection() throws {
        var settings = LossSettings()
        for mode in ImportanceMode.allCases {
            settings.importanceMode = mode
            let logprobs: [Float] = [-0.1, -3.7, -1e-5]
            let weights = ImportanceCorrection(settings)?.weights(trainedT: logprobs, sampledT: logprobs)
            #expect((weights == nil) == (mode == .none))
            if let weights { #expect(weights.weights.values.allSatisfy { $0 == 1 } && weights.changed == 0) }
        }
    }

    @Test("where the engines agree a correction changes no bit", arguments: ImportanceMode.allCases)
    func changesNothing(mode: ImportanceMode) async throws {
        var configuration = smallRun
        configuration.loss.updatesPerBatch = 3
        configuration.loss.importanceMode = .none
        let plain = try await run(configuration)
        configuration.loss.importanceMode = mode
        let corrected = try await run(configuration)
        #expect(corrected.state == plain.state)
        for (one, other) in zip(plain.metrics, corrected.metrics) {
            var policy = try #require(other.policy)
            #expect(policy.importanceBoundedShare == (mode == .none ? nil : 0))
            policy.importanceBoundedShare = nil
            #expect(policy == one.policy && other.rollout == one.rollout && other.loss == one.loss)
        }
    }

    @Test("an engine that disagrees is corrected for: every token off by an eighth")
    func correctsMismatch() async throws {
        func metrics(_ change: (inout LossSettings) -> Void) async throws -> PolicyMetrics {
            var configuration = smallRun
            configuration.steps = 1
            configuration.loss.kind = .dapo  // completions of several lengths leave a loss other than 0
            configuration.loss.importanceMax = 1.125
            change(&configuration.loss)
            var policy = FakeEngine()
            policy.mismatch = 0.125
            return try #require(try await run(configuration, policy: policy).metrics.first?.policy)
        }
        // e^⅛ = 1.133 is over the bound for every token, and so is that of every completion.
        let truncated = try await metrics { $0.importanceMode = .tokenTruncate }
        #expect(truncated.importanceRatioMin == 1.125 && truncated.importanceRatioMax == 1.125)
        #expect(truncated.importanceRatioMean == 1.125 && truncated.importanceBoundedShare == 1)
        let masked = try await metrics { $0.importanceMode = .sequenceMask }
        #expect(masked.importanceRatioMax == 0 && masked.importanceBoundedShare == 1 && masked.policyLoss == 0)
        // Unbounded: what ratios are is what is weighed by, and the plain ratio of an update starts from 1.
        let free = try await metrics {
            $0.importanceMode = .tokenTruncate
            $0.importanceMax = 10
        }
        #expect(abs(free.importanceRatioMean - exp(0.125)) < 1e-6 && free.importanceBoundedShare == 0)
        #expect(free.clipShare == 0)
        #expect(abs(free.policyLoss / truncated.policyLoss - exp(0.125) / 1.125) < 1e-6)
        for metrics in [truncated, masked, free] {
            // log-probabilities are at most a few units, so adding ⅛ errs by at most 2^-22
            #expect(abs(metrics.samplingDifferenceMax - 0.125) < 1e-6)
            #expect(abs(metrics.samplingDifferenceMean - 0.125) < 1e-6)
        }
    }

    @Test("masked completions move nothing, later updates included")
    func maskedMovesNothing() async throws {
        var configuration = smallRun
        configuration.loss.importanceMax = 1.125
        configuration.loss.updatesPerBatch = 2
        var policy = FakeEngine()
        policy.mismatch = 0.125
        #expect(try await run(configuration, policy: policy).state.parameters == [0, 0, 0])
        configuration.loss.importanceMode = .none
        #expect(try await run(configuration, policy: policy).state.parameters != [0, 0, 0])
    }

    private func run(
        _ configuration: TrainingConfiguration, policy: FakeEngine = FakeEngine()
    ) async throws -> TrainingResult {
        let trainer = try GRPOTrainer(
            sampler: policy, learner: policy, task: letterTask(), configuration: configuration)
        return try await TrainingLoop(trainer).run()
    }
}
