import Foundation
import Testing
import TinyFoundation
import TinyRecords
import TinyRuns

/// What a sweep reads of a run that goes on.
@Suite("a sweep's folder") struct SweepFolderTests {
    @Test("a run's last message is the last line of its log, however long the log is")
    func lastMessage() throws {
        let path = FileManager.default.temporaryDirectory.path + "/sweep-folder-\(UUID())"
        try FileManager.default.createDirectory(atPath: path + "/logs", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = SweepFolder(path: path)
        func log(_ text: String) throws {
            try Data(text.utf8).write(to: URL(filePath: path + "/logs/run.log"))
        }
        #expect(folder.lastMessage(of: "run") == nil)
        try log("")
        #expect(folder.lastMessage(of: "run") == nil)
        try log("model      abacus\n    12    0.500\n")
        #expect(folder.lastMessage(of: "run") == "12    0.500")
        try log(String(repeating: "é\n", count: 2000) + "step 3  sampling  1/64 completions · 98 tok/s\n")
        #expect(folder.lastMessage(of: "run") == "step 3  sampling  1/64 completions · 98 tok/s")
    }

    @Test("a run is as far as the last step with a state, in its line or in a file")
    func resumableStep() throws {
        let path = FileManager.default.temporaryDirectory.path + "/sweep-folder-\(UUID())"
        try FileManager.default.createDirectory(atPath: path + "/run", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = SweepFolder(path: path), steps = Journal<StepRecord>(path: path + "/run/steps.jsonl")
        func line(_ step: Int, _ state: TrainingState? = nil) -> StepRecord {
            StepRecord(
                step: step, metrics: StepMetrics(), state: state,
                time: StepTime(seconds: 1, rolloutSeconds: 0, trainingSeconds: 1, tokensPerSecond: 9))
        }
        #expect(folder.resumableStep(of: "run") == 0)
        try steps.append((1...5).map { line($0, TrainingState(starting: [1])) })
        #expect(folder.resumableStep(of: "run") == 5)
        try steps.replace(with: (1...5).map { line($0) })
        #expect(folder.resumableStep(of: "run") == 0)
        for name in ["state-000002.safetensors", "state-000004.safetensors", "state-000005.safetensors.7-8.tmp"] {
            try Data().write(to: URL(filePath: path + "/run/" + name))
        }
        #expect(folder.resumableStep(of: "run") == 4)
        // A state of a step that has no line is not resumed from.
        try steps.keep(3)
        #expect(folder.resumableStep(of: "run") == 2)
    }

    @Test("a run of epochs has the steps of its own settings, once these are there")
    func followedSteps() throws {
        let path = FileManager.default.temporaryDirectory.path + "/sweep-folder-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: path) }
        func follower(_ length: String) throws -> RunFollower {
            let plan = try SweepPlan(SweepFile(text: "runs: [{base: abacus, \(length)}]", path: "s.yaml"))
            try FileManager.default.createDirectory(
                atPath: "\(path)/\(plan.runs[0].name)", withIntermediateDirectories: true)
            return RunFollower(plan.runs[0], in: SweepFolder(path: path))
        }
        let epochs = try follower("num_train_epochs: 1")
        #expect(epochs.progress().steps == nil)
        #expect(try follower("max_steps: 5").progress().steps == 5)
        var own = TrainingConfiguration()
        own.steps = 300
        try own.write(to: "\(path)/\(epochs.progress().name)/configuration.json")
        #expect(epochs.progress().steps == 300)
    }

    @Test("nothing is read before the folder is locked, and what cannot be read lets it go")
    func lock() throws {
        let path = FileManager.default.temporaryDirectory.path + "/sweep-folder-\(UUID())"
        try FileManager.default.createDirectory(atPath: path + "/settings", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("{".utf8).write(to: URL(filePath: path + "/settings/run.json"))
        let plan = try SweepPlan(SweepFile(text: "runs: [{base: abacus, parameters: 1}]", path: "s.yaml"))
        func begin() throws {
            _ = try Sweep(
                plan, file: "s.yaml", in: SweepFolder(path: path), options: .init(program: URL(filePath: "/none")))
        }
        var other: DirectoryLock? = try DirectoryLock(path)
        let error = #expect(throws: FileError.self) { try begin() }
        #expect(error?.code == .directoryInUse && other != nil)
        other = nil
        for _ in 0..<2 { #expect(throws: RecordsError.self) { try begin() } }
        _ = try DirectoryLock(path)
    }
}
