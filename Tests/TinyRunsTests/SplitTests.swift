import Foundation
import Synchronization
import Testing
import TinyRuns
import TinyLearningTestSupport
import TinyProblems
import TinyRecords
import TinyLearning

/// Test and validation problems are evaluated at the same steps and told apart.
@Suite("two splits") struct SplitTests {
    private func trainer(_ configuration: TrainingConfiguration) throws -> GRPOTrainer {
        try GRPOTrainer(
            sampler: FakeEngine(), learner: FakeEngine(), task: letterTask(), configuration: configuration)
    }

    @Test("both are evaluated before and after, and what a stopped run has of them is not evaluated again")
    func evaluatesBoth() async throws {
        var configuration = smallRun
        configuration.evaluation.interval = nil
        configuration.evaluation.validationProblems = 4
        let asked = Mutex<[String]>([])
        func loop() throws -> TrainingLoop {
            TrainingLoop(
                try trainer(configuration),
                evaluation: { step, _ in
                    asked.withLock { $0.append("test \(step)") }
                    return evaluationRecord
                },
                validation: { step, _ in
                    asked.withLock { $0.append("validation \(step)") }
                    return evaluationRecord
                })
        }
        let result = try await loop().run()
        #expect(asked.withLock { $0 } == ["test 0", "validation 0", "test 5", "validation 5"])
        #expect(result.evaluations.map(\.split) == [.test, .validation, .test, .validation])

        asked.withLock { $0 = [] }
        let progress = RunProgress(evaluations: Array(result.evaluations.prefix(1)))
        _ = try await loop().run(from: progress)
        #expect(asked.withLock { $0 } == ["validation 0", "test 5", "validation 5"])
    }

    @Test("a split without problems is left out")
    func leavesOut() async throws {
        var configuration = smallRun
        configuration.evaluation.problems = 0
        configuration.evaluation.interval = nil
        configuration.evaluation.validationProblems = 1
        let result = try await TrainingLoop(
            try trainer(configuration), evaluation: { _, _ in evaluationRecord },
            validation: { _, _ in evaluationRecord }
        ).run()
        #expect(result.evaluations.map(\.split) == [.validation, .validation])
    }
}

/// What a run's directory says to people: answers of its evaluations, and why it failed.
@Suite("a run's reports") struct RunReportTests {
    private func sample(_ step: Int, _ problem: String, _ completion: String) -> EvaluationSampleRecord {
        EvaluationSampleRecord(
            step: step, problem: problem, question: "q", answer: "1", completion: completion, extracted: nil,
            strict: false)
    }

    @Test("samples of a step replace those of the same step, and a torn line is dropped")
    func replacesSamples() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tinylora-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let directory = try RunDirectory(preparing: folder.path, resuming: false)
        let file = folder.appendingPathComponent("evaluation-samples.jsonl")
        try directory.write([sample(0, "a", "old"), sample(0, "b", "old")], ofStep: 0)
        try directory.write([sample(5, "a", "new")], ofStep: 5)
        try (Data(contentsOf: file) + Data("{\"step\": 5, \"pro".utf8)).write(to: file)
        try directory.write([sample(0, "a", "again")], ofStep: 0)
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let read = try lines.map { try EvaluationSampleRecord(json: String($0)) }
        #expect(read.map(\.completion) == ["new", "again"])
    }

    @Test("a failure is reported until the run resumes")
    func tellsFailure() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tinylora-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let directory = try RunDirectory(preparing: folder.path, resuming: false)
        directory.forgetFailure()
        let failure = FailureRecord(error: "it broke", hint: nil, step: directory.finishedSteps, exit: "1")
        try directory.record(failure)
        let file = folder.appendingPathComponent("failure.json")
        #expect(try FailureRecord(json: String(contentsOf: file, encoding: .utf8)) == failure)
        directory.forgetFailure()
        #expect(!FileManager.default.fileExists(atPath: file.path))
    }
}
