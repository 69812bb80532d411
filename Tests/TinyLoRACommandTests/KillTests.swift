import Foundation
import Testing

/// What SIGKILL leaves behind. The environment variable `TINYLORA_KILLS` says how many commands of each kind are killed; 4 unless
/// set. Downloads have a test of their own.
@Suite(
    "A command that is killed at any moment", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads,
    .serialized)
struct KillTests {
    private static let kills = ProcessInfo.processInfo.environment["TINYLORA_KILLS"].flatMap { Int($0) } ?? 4
    private let scratch: Scratch
    private let model = Fixture.tied.folder.path

    init() throws {
        scratch = try Scratch()
        _ = try scratch.file(
            "rows.jsonl", #"{"question": "2 + 3 =", "answer": "5", "solution": "2 + 3 = 5. #### 5"}"# + "\n")
        _ = try scratch.file(
            "recipe.json", #"{"algorithm": "sft", "prompt_style": "plain", "max_completion_length": 8}"#)
    }

    private func training(_ output: String, rate: String = "0.01") -> [String] {
        [
            "train", "--config", scratch.path("recipe.json"), "--model", model, "--train", scratch.path("rows.jsonl"),
            "--steps", "8", "--learning-rate", rate, "--output", scratch.path(output), "--resume",
        ]
    }

    /// Runs a command to its end and says how long it took.
    private func duration(of arguments: [String]) throws -> TimeInterval {
        let start = Date()
        expectSuccess(try Executable.run(arguments, in: scratch))
        return Date().timeIntervalSince(start)
    }

    /// Seconds after which a command is killed that takes about `length`: those of attempts 0, 1, 2, … are spread evenly over it,
    /// however many there are, and always the same parts of it.
    private static func limit(attempt: Int, of length: TimeInterval) -> TimeInterval {
        let turns = Double(attempt + 1) * 0.618_033_988_749_894_9  // the golden ratio
        return length * (turns - turns.rounded(.down))
    }

    /// Contents of the files in a directory, or of one file, by name. What was being written has another name.
    private func files(at name: String) throws -> [String: Data] {
        let path = scratch.path(name)
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return [:] }
        guard isDirectory.boolValue else { return ["": try Data(contentsOf: URL(fileURLWithPath: path))] }
        var files: [String: Data] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: path) where !file.hasSuffix(".tmp") {
            files[file] = try Data(contentsOf: URL(fileURLWithPath: path).appendingPathComponent(file))
        }
        return files
    }

    @Test("leaves a run that goes on to the same adapter")
    func training() throws {
        let length = try duration(of: training("whole"))
        let whole = try #require(try files(at: "whole")["adapter.safetensors"])
        var kills = 0, round = 0, attempts = 0
        while kills < Self.kills {
            round += 1
            var outcome: Outcome
            var limits: [TimeInterval] = []
            repeat {
                let limit = Self.limit(attempt: attempts, of: length)
                outcome = try Executable.run(training("run-\(round)"), in: scratch, limit: limit)
                attempts += 1
                limits.append(limit)
                kills += outcome.wasKilled ? 1 : 0
            } while outcome.wasKilled
            expectSuccess(outcome)
            #expect(
                try files(at: "run-\(round)")["adapter.safetensors"] == whole, "killed after \(limits) s, the last not")
        }
    }

    @Test(
        "leaves a pretraining that begins again, before its first state is saved",
        arguments: ["pretraining.jsonl", "tokenizer.json"])
    func pretraining(once file: String) throws {
        func pretrain(_ output: String, interruption: Executable.Interruption? = nil) throws -> Outcome {
            try Executable.run(
                [
                    "pretrain", "--hidden", "32", "--layers", "1", "--intermediate", "64", "--vocabulary", "300",
                    "--documents", "1280", "--batch", "16", "--output", scratch.path(output),
                ], in: scratch, interruption: interruption)
        }
        expectSuccess(try pretrain("whole"))
        let path = scratch.path("killed/\(file)")
        let killed = try pretrain(
            "killed", interruption: .signal(SIGKILL) { FileManager.default.fileExists(atPath: path) })
        #expect(killed.wasKilled, "\(killed)")
        expectSuccess(try pretrain("killed"))
        let whole = try files(at: "whole"), found = try files(at: "killed")
        for name in ["model.safetensors", "tokenizer.json", "pretraining.jsonl", "state.safetensors"] {
            #expect(found[name] != nil && found[name] == whole[name], "\(name)")
        }
    }

    @Test("leaves every exported file as it was or as it is to be", arguments: ["merged", "peft-lora", "gguf-lora"])
    func exporting(layout: String) throws {
        func export(_ run: String, to output: String) -> [String] {
            [
                "export", scratch.path(run), "--model", model, "--to", layout, "--output", scratch.path(output),
            ]
        }
        for run in ["a", "b"] { _ = try duration(of: training(run, rate: run == "a" ? "0.01" : "0.02")) }
        _ = try duration(of: export("a", to: "old"))
        let length = try duration(of: export("b", to: "new"))
        let complete = [try files(at: "old"), try files(at: "new")]
        #expect(complete[0] != complete[1])
        _ = try duration(of: export("a", to: "out"))
        for round in 0..<Self.kills {
            let limit = Self.limit(attempt: round, of: length)
            _ = try Executable.run(export(round.isMultiple(of: 2) ? "b" : "a", to: "out"), in: scratch, limit: limit)
            let found = try files(at: "out")
            #expect(found.keys.sorted() == complete[0].keys.sorted(), "round \(round), killed after \(limit) s")
            for (name, content) in found {
                #expect(
                    complete.contains { $0[name] == content }, "\(name) in round \(round), killed after \(limit) s")
            }
        }
        _ = try duration(of: export("b", to: "out"))
        #expect(try files(at: "out") == complete[1])
    }
}
