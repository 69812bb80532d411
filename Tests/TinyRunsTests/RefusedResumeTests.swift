import Foundation
import Testing
import TinyLoRA
import TinyRecords
import TinyRuns
import TinyTestSupport

/// What is wrong with the command that resumes a run says nothing about the run.
@Suite("A resume that is refused") struct RefusedResumeTests {
    @Test("leaves a finished run finished", arguments: [false, true])
    func finished(hasMoved: Bool) async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/run"
            var settings = try settings(in: folder)
            try await train(settings, in: path)
            if hasMoved { settings.model = folder + "/nowhere" } else { settings.steps = 3 }
            let other = settings
            await #expect(throws: (any Error).self) { try await train(other, in: path, resuming: true) }
            #expect(!FileManager.default.fileExists(atPath: path + "/failure.json"))
            let archive = try RunArchive(below: [folder])
            #expect(archive.runs.map(\.name) == ["run"] && archive.unusable.isEmpty)
        }
    }

    @Test("by other settings leaves an unfinished run with the reason why it ended, until it is resumed")
    func unfinished() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/run", settings = try settings(in: folder)
            try await train(settings, in: path)
            try FileManager.default.removeItem(atPath: path + "/result.json")
            var other = settings
            other.steps = 3
            let longer = other
            func resumeLonger() async throws {
                let error = await #expect(throws: RunError.self) { try await train(longer, in: path, resuming: true) }
                #expect(error?.code == .differentSettings)
            }
            try await resumeLonger()
            #expect(!FileManager.default.fileExists(atPath: path + "/failure.json"))
            let failure = FailureRecord(error: "out of memory", step: 1, exit: "SIGKILL")
            try failure.write(to: path + "/failure.json")
            try await resumeLonger()
            #expect(try FailureRecord(contentsOf: path + "/failure.json") == failure)

            other = settings
            other.model = folder + "/nowhere"
            let moved = other
            await #expect(throws: (any Error).self) { try await train(moved, in: path, resuming: true) }
            #expect(try FailureRecord(contentsOf: path + "/failure.json").error.contains("nowhere"))
            try await train(settings, in: path, resuming: true)
            #expect(!FileManager.default.fileExists(atPath: path + "/failure.json"))
            #expect(FileManager.default.fileExists(atPath: path + "/result.json"))
        }
    }

    // MARK: Pieces

    private func settings(in folder: String) throws -> TrainingConfiguration {
        let problems = folder + "/problems.jsonl"
        try write(#"{"question": "2 + 3 =", "answer": "5", "solution": "2 + 3 = 5. #### 5"}"# + "\n", to: problems)
        var settings = TrainingConfiguration(.sft)
        settings.model = fixtures(of: "qwen2-tied").path
        settings.train = problems
        settings.eval = problems
        settings.steps = 2
        settings.promptStyle = "plain"
        settings.rollout.maxTokens = 4
        settings.supervised.examplesPerStep = 1
        return settings
    }

    private func train(_ settings: TrainingConfiguration, in path: String, resuming: Bool = false) async throws {
        var options = TrainingRun.Options()
        options.threads = 1
        options.isResuming = resuming
        options.factorCache = nil
        _ = try await TrainingRun(settings, in: path, options: options).train()
    }
}
