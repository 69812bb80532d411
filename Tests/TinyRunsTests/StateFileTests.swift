import Foundation
import Synchronization
import Testing
import TinyRuns
import TinyLearningTestSupport
import TinyTestSupport
import TinyRecords
import TinyLearning
import TinyFoundation

/// Runs whose state is too large for a line go on from a file, and end with the same files wherever they were killed.
@Suite struct StateFileTests {
    @Test("a run that is killed between or within any two writes resumes to the same files", arguments: [100, 4097])
    func resumedEqualsUninterrupted(count: Int) async throws {
        try await withTemporaryDirectory { folder in
            let instants = Instants(of: folder + "/whole", in: folder)
            let result = try await run(count, in: folder + "/whole", instants: instants)
            let expected = try contents(of: folder + "/whole")
            #expect(try stateNames(folder + "/whole") == (count > 4096 ? ["state-000005.safetensors"] : []))
            #expect(instants.count == 9)

            var killed: [String] = []
            for instant in 0..<instants.count {
                killed.append(instants.path(instant))
                guard instant + 1 < instants.count else { continue }
                let states = try stateNames(instants.path(instant + 1))
                for (file, kept) in [("steps.jsonl", 0.5), ("evaluations.jsonl", 0.3)] {  // a torn line
                    let copy = try instants.copy(instant, "\(file).torn")
                    try grow(copy, to: instants.path(instant + 1), file, by: kept)
                    killed.append(copy)
                }
                // The step's line is there, its state not yet; or half of it; or the older one not yet gone.
                let lines = try instants.copy(instant, "lines")
                try grow(lines, to: instants.path(instant + 1), "steps.jsonl", by: 1)
                killed.append(lines)
                for name in states {
                    let state = try Data(contentsOf: URL(filePath: instants.path(instant + 1) + "/" + name))
                    let half = try instants.copy(instant, "half")
                    try grow(half, to: instants.path(instant + 1), "steps.jsonl", by: 1)
                    try state.prefix(state.count / 2).write(to: URL(filePath: half + "/\(name).77-88.tmp"))
                    let both = try instants.copy(instant, "both")
                    try grow(both, to: instants.path(instant + 1), "steps.jsonl", by: 1)
                    try state.write(to: URL(filePath: both + "/" + name))
                    killed += [half, both]
                }
            }
            for path in killed {
                let resumed = try await run(count, in: path, resuming: true)
                #expect(resumed.state == result.state && resumed.metrics == result.metrics, "\(path)")
                let found = try contents(of: path)
                for name in Set(found.keys).union(expected.keys) {
                    #expect(found[name] == expected[name], "\(path), \(name)")
                }
            }
        }
    }

    @Test(
        "a state of 4096 numbers with two moments stands in its line, a larger one does not", arguments: [4095, 4096])
    func dividesAtSize(count: Int) async throws {
        try await withTemporaryDirectory { folder in
            try await run(count, in: folder + "/run")
            // The trainer below remembers two numbers more.
            #expect(try stateNames(folder + "/run").isEmpty == (count == 4095))
        }
    }

    @Test("the line of a step of a large method is short, its state exact")
    func linesAreShort() async throws {
        try await withTemporaryDirectory { folder in
            let result = try await run(10_000, in: folder + "/run")
            for line in try String(contentsOfFile: folder + "/run/steps.jsonl", encoding: .utf8).split(separator: "\n")
            {
                #expect(line.utf8.count < 1000)
                #expect(try StepRecord(json: String(line)).state == nil)
            }
            let progress = try begin(10_000, folder + "/run")
            #expect(progress.steps.count == 5 && progress.state == result.state)
            #expect(progress.state?.buffers == result.state.buffers)
        }
    }

    @Test("a damaged state is passed over, at whatever byte it ends", arguments: [0, 7, 8, 60, 400, 30_000, 49_000])
    func passesOverDamage(size: Int) async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/run"
            try await run(4097, in: path)
            let expected = try contents(of: path)
            try truncate(path + "/state-000005.safetensors", to: size)
            #expect(try begin(4097, path).steps.isEmpty)
            try await run(4097, in: path, resuming: true)
            #expect(try contents(of: path) == expected)
        }
    }

    @Test("a state of another step, or of no run, is not taken for this one's")
    func refusesStrangers() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/run"
            try await run(4097, in: path)
            try FileManager.default.moveItem(
                atPath: path + "/state-000005.safetensors", toPath: path + "/state-000004.safetensors")
            try "x".write(toFile: path + "/state-6.safetensors", atomically: true, encoding: .utf8)
            #expect(try begin(4097, path).steps.isEmpty)
            #expect(try stateNames(path) == ["state-6.safetensors"])

            let stray = folder + "/stray"
            try FileManager.default.createDirectory(atPath: stray, withIntermediateDirectories: true)
            try "".write(toFile: stray + "/state-000003.safetensors", atomically: true, encoding: .utf8)
            let error = try #require(throws: RunError.self) { try RunDirectory(preparing: stray, resuming: true) }
            #expect(error.message == "\(stray) holds state-000003.safetensors but no configuration.json")
        }
    }

    // MARK: Pieces

    private func configuration(_ count: Int) -> TrainingConfiguration {
        var configuration = smallRun
        configuration.algorithm = .sft
        configuration.steps = 5
        configuration.checkpointInterval = 2
        configuration.evaluation.interval = 2
        configuration.adapter.parameters = count
        return configuration
    }

    private let manifest = RunManifest(
        version: "0", created: "2026-01-01T00:00:00Z", model: Fingerprint(name: "fake", content: "0000000000aa"),
        datasets: [:], plan: "fake", trainedParameters: 3, schemes: [:], seed: 1,
        machine: MachineRecord(system: "", architecture: "", processors: 1, threads: 1, instructions: ""))

    private func begin(_ count: Int, _ path: String, resuming: Bool = true) throws -> RunProgress {
        try RunDirectory(preparing: path, resuming: resuming).begin(
            configuration: configuration(count), manifest: manifest)
    }

    @discardableResult
    private func run(
        _ count: Int, in path: String, resuming: Bool = false, instants: Instants? = nil
    ) async throws -> TrainingResult {
        let directory = try RunDirectory(preparing: path, resuming: resuming)
        let progress = try directory.begin(configuration: configuration(count), manifest: manifest)
        let trainer = DriftingTrainer(configuration: configuration(count), count: count, instants: instants)
        return try await TrainingLoop(
            trainer,
            evaluation: { _, adapter in
                try instants?.keep()
                var record = evaluationRecord
                record.strict = Double(adapter?[0] ?? 0)
                return record
            }
        ).run(in: directory, from: progress)
    }

    private func stateNames(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasPrefix("state-") }.sorted()
    }

    /// Makes a file as long as it is in a later directory, or stops part of the way.
    private func grow(_ path: String, to later: String, _ file: String, by share: Double) throws {
        let old = try Data(contentsOf: URL(filePath: path + "/" + file))
        let new = try Data(contentsOf: URL(filePath: later + "/" + file))
        let end = old.count + Int(share * Double(new.count - old.count))
        try new.prefix(end).write(to: URL(filePath: path + "/" + file))
    }
}

/// Copies of a run's directory, made while it runs.
private final class Instants: Sendable {
    private let run: String
    private let folder: String
    private let kept = Mutex(0)

    init(of run: String, in folder: String) {
        self.run = run
        self.folder = folder
    }

    var count: Int { kept.withLock { $0 } }

    func path(_ instant: Int) -> String { folder + "/instant\(instant)" }

    func keep() throws {
        try kept.withLock { count in
            try FileManager.default.copyItem(atPath: run, toPath: path(count))
            count += 1
        }
    }

    /// A second copy, to be changed.
    func copy(_ instant: Int, _ name: String) throws -> String {
        let copy = path(instant) + ".\(name)"
        try FileManager.default.copyItem(atPath: path(instant), toPath: copy)
        return copy
    }
}

/// Moves many numbers in a way that depends on all parts of the state.
private struct DriftingTrainer: Trainer {
    let configuration: TrainingConfiguration
    let count: Int
    let instants: Instants?

    func startingState() -> TrainingState {
        var state = TrainingState(starting: (0..<count).map { Float($0) / 7 })
        state.buffers = ["path": [0, 0]]
        return state
    }

    func makeStep(
        _ step: Int, from state: TrainingState, after metrics: StepMetrics?,
        report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> FinishedStep {
        try instants?.keep()
        var next = state
        for index in next.parameters.indices {
            next.firstMoment[index] = 0.9 * state.firstMoment[index] + Float(step) * state.parameters[index] * 1e-3
            next.secondMoment[index] = state.secondMoment[index] + next.firstMoment[index] * next.firstMoment[index]
            next.parameters[index] -= next.firstMoment[index] / (next.secondMoment[index] + 1)
        }
        next.updates += 1
        next.buffers["path"] = [Double(next.parameters[1]) / 3, (state.buffers["path"]?[0] ?? .nan) + 0.1]
        var measured = StepMetrics()
        measured.loss = Double(next.parameters[count - 1])
        measured.numTokens = (metrics?.numTokens ?? 0) + 5
        return FinishedStep(
            step: step, metrics: measured, state: next,
            time: StepTime(seconds: 1, rolloutSeconds: 0, trainingSeconds: 1, tokensPerSecond: 5), samples: [])
    }

    func warnings(after history: [StepMetrics]) -> [TrainingWarning] { [] }
}
