import Foundation
import Testing
import TinyLearningTestSupport
import TinyProblems
import TinyRecords
import TinyLearning

/// A whole step of the trainer against TRL's: advantages, losses, derivatives, metrics.
@Suite struct ReferenceLossTests {
    @Test("a step is TRL's", arguments: try LossFixture.load().cases)
    func agreesWithTRL(expected: LossFixture.Case) async throws {
        let fixture = try LossFixture.load()
        let policy = RecordedEngine(fixture, foreign: expected.foreign)
        var configuration = try TrainingConfiguration(json: expected.settings)
        configuration.steps = 1
        configuration.rollout.problemsPerStep = fixture.tokens.count / fixture.groupSize
        configuration.rollout.groupSize = fixture.groupSize
        configuration.rollout.maxTokens = fixture.maxTokens
        configuration.rollout.samplesPerStep = nil
        configuration.loss.updatesPerBatch = 2
        let problems = Array(letterProblems.prefix(configuration.rollout.problemsPerStep))
        let trainer = try GRPOTrainer(
            sampler: policy, learner: policy, task: letterTask(problems), configuration: configuration)
        let step = try await trainer.makeStep(1, from: trainer.startingState(), after: nil) { _ in }

        // Both sides compute in double precision from the same Floats; a few dozen terms of size 1 err by less than 1e-13.
        let order = ProblemOrder(count: problems.count, perStep: problems.count, seed: 1).rows(step: 1)
        for sample in step.samples {
            let row = try #require(problems.firstIndex { $0.id == sample.problem })
            let group = try #require(order.firstIndex(of: row))
            let advantage = expected.advantages[group * fixture.groupSize + sample.sample]
            #expect(abs(sample.advantage - advantage) < 1e-13, "problem \(group), sample \(sample.sample)")
        }
        #expect(abs(step.metrics.loss - expected.losses.reduce(0, +) / 2) < 1e-13)

        // Derivatives are handed over as Floats, so they are rounded once: 2^-24 of their size.
        #expect(policy.calls.gradients.count == 2)
        for (update, gradient) in policy.calls.gradients.enumerated() {
            for (index, rows) in zip(gradient, expected.gradients[update]).enumerated() {
                for (token, pair) in zip(rows.0, rows.1).enumerated() {
                    #expect(
                        abs(Double(pair.0) - pair.1) <= 0x1p-24 * abs(pair.1) + 1e-15,
                        "update \(update + 1), completion \(index), token \(token): \(pair.0), expected \(pair.1)")
                }
            }
        }

        // TRL takes shares from single precision, with a few roundings of 2^-24.
        let written = try JSONSerialization.jsonObject(with: JSONEncoder().encode(step.metrics)) as? [String: Any]
        for (name, value) in expected.metrics {
            let found = try #require(written?[name] as? Double, "\(name) is missing")
            #expect(abs(found - value) < 1e-7, "\(name) is \(found), expected \(value)")
        }
    }

    @Test("the cases leave no region of any loss untouched")
    func coversRegions() throws {
        let cases = try LossFixture.load().cases
        #expect(cases.count == 25)
        for name in [
            "clip_ratio/low_mean", "clip_ratio/high_mean", "cispo_clip_ratio", "kl", "rewards/soft_overlong/mean",
        ] {
            #expect(cases.contains { ($0.metrics[name] ?? 0) != 0 }, "\(name)")
        }
        let settings = try cases.map { try TrainingConfiguration(json: $0.settings).loss }
        #expect(Set(settings.map(\.kind)) == Set(LossKind.allCases))
        #expect(
            Set(zip(cases, settings).filter { $0.0.foreign }.map(\.1.importanceMode)).union([.none])
                == Set(ImportanceMode.allCases))
    }
}
