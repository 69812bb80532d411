import Foundation
import Testing
import TinyRuns
import TinyLearningTestSupport
import TinyTestSupport
import TinyProblems
import TinyRecords
import TinyLearning
import TinyFoundation

/// Runs survive being stopped at any instant.
@Suite struct RunDirectoryTests {
    @Test("a run interrupted anywhere resumes to the same files as an uninterrupted one, except times")
    func resumedEqualsUninterrupted() async throws {
        try await withTemporaryDirectory { folder in
            let whole = folder + "/whole"
            try await run(in: whole)
            let expected = try contents(of: whole)
            #expect(expected["steps.jsonl"]?.split(separator: "\n").count == 5)
            #expect(expected["samples.jsonl"]?.split(separator: "\n").count == 10)
            #expect(expected["evaluations.jsonl"]?.split(separator: "\n").count == 4)

            // As after a kill while a line was being written: each file alone is cut at its last two lines, in and
            // between them; then a kill in the middle of a step, with samples ahead of steps. Samples that are cut are the last
            // step's: they are written before its line, so no kill takes those of a step before.
            var cuts: [[String: Int]] = []
            for file in ["steps.jsonl", "samples.jsonl", "evaluations.jsonl"] {
                let ends = try lineEnds(of: file, in: whole), isSamples = file == "samples.jsonl"
                let places = ends.suffix(3).flatMap { [$0, $0 - 1, $0 - 40, $0 + 1] }
                let first = isSamples ? ends[ends.count - 3] : 0
                cuts += places.filter { (first..<ends[ends.count - 1]).contains($0) }.map { [file: $0] }
                if !isSamples { cuts.append([file: 0]) }
            }
            let steps = try lineEnds(of: "steps.jsonl", in: whole),
                evaluations = try lineEnds(of: "evaluations.jsonl", in: whole)
            let samples = try lineEnds(of: "samples.jsonl", in: whole)
            cuts.append(["steps.jsonl": steps[2], "samples.jsonl": samples[6] + 9, "evaluations.jsonl": evaluations[1]])
            cuts.append(["steps.jsonl": 0, "samples.jsonl": 0, "evaluations.jsonl": 0])

            for (number, cut) in cuts.enumerated() {
                let copy = folder + "/copy\(number)"
                try FileManager.default.copyItem(atPath: whole, toPath: copy)
                for (file, size) in cut { try truncate(copy + "/" + file, to: size) }
                try await run(in: copy, resuming: true)
                for (file, text) in try contents(of: copy) { #expect(text == expected[file], "cut \(cut), \(file)") }
            }
        }
    }

    @Test("samples that are gone cost no finished step, and are told")
    func missingSamples() async throws {
        try await withTemporaryDirectory { folder in
            let whole = folder + "/whole"
            try await run(in: whole)
            var expected = try contents(of: whole)
            let samples = try #require(expected["samples.jsonl"])
            expected["samples.jsonl"] = nil
            let ends = try lineEnds(of: "samples.jsonl", in: whole), steps = try lineEnds(of: "steps.jsonl", in: whole)
            // All of them; those after the first step; one of the fourth step's and all of the fifth's.
            for (size, count) in [(0, 5), (ends[1], 4), (ends[6] + 9, 2)] {
                let copy = "\(folder)/copy\(size)"
                try FileManager.default.copyItem(atPath: whole, toPath: copy)
                try truncate(copy + "/samples.jsonl", to: size)
                let progress = try begin(copy)
                #expect(progress.steps.count == 5, "\(size) bytes")
                let first = 6 - count
                #expect(
                    progress.warnings == [
                        "\(copy)/samples.jsonl lacks samples of \(count) of the 5 finished steps, the first of them step "
                            + "\(first): the steps are kept, and their samples are not made again"
                    ])
                try await run(in: copy, resuming: true)
                var found = try contents(of: copy)
                let kept = try #require(found["samples.jsonl"])
                found["samples.jsonl"] = nil
                #expect(samples.hasPrefix(kept) && found == expected, "\(size) bytes")
            }
            // A file that somebody has removed, and a run that goes on.
            let copy = folder + "/removed"
            try FileManager.default.copyItem(atPath: whole, toPath: copy)
            try FileManager.default.removeItem(atPath: copy + "/samples.jsonl")
            try truncate(copy + "/steps.jsonl", to: steps[3])
            #expect(try begin(copy).steps.count == 4)
            try await run(in: copy, resuming: true)
            var found = try contents(of: copy)
            let added = try #require(found["samples.jsonl"])
            found["samples.jsonl"] = nil
            #expect(samples.hasSuffix(added) && added.split(separator: "\n").count == 2)
            #expect(found == expected)
        }
    }

    @Test("a torn line is discarded at every byte, and cut away", arguments: ["steps.jsonl", "evaluations.jsonl"])
    func discardsTornLines(file: String) async throws {
        try await withTemporaryDirectory { folder in
            try await run(in: folder + "/run")
            let bytes = try Data(contentsOf: URL(fileURLWithPath: folder + "/run/" + file))
            let ends = try lineEnds(of: file, in: folder + "/run")
            let complete = ends[ends.count - 2]
            for size in complete..<bytes.count {
                try bytes.prefix(size).write(to: URL(fileURLWithPath: folder + "/run/" + file))
                let progress = try begin(folder + "/run")
                #expect(progress.steps.count == (file == "steps.jsonl" ? 4 : 5), "\(size) bytes")
                #expect(progress.evaluations.count == 3, "\(size) bytes")
                #expect(
                    try Data(contentsOf: URL(fileURLWithPath: folder + "/run/" + file)).count == complete,
                    "\(size) bytes")
            }
        }
    }

    @Test("a run that died before its first step is simply begun again")
    func beginsAgain() async throws {
        try await withTemporaryDirectory { folder in
            _ = try RunDirectory(preparing: folder + "/run", resuming: true)
            try manifest.jsonDocument().write(toFile: folder + "/run/manifest.json", atomically: true, encoding: .utf8)
            #expect(try begin(folder + "/run").steps.isEmpty)
            try FileManager.default.removeItem(atPath: folder + "/run/samples.jsonl")
            try await run(in: folder + "/run", resuming: true)
            #expect(try begin(folder + "/run").steps.count == 5)
        }
    }

    @Test("runs that begin at the same moment have directories of their own")
    func claims() async throws {
        try await withTemporaryDirectory { folder in
            let name = folder + "/runs/20260101-000000"
            let claimed = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<4 { group.addTask { try RunDirectory.claim(name) } }
                return try await group.reduce(into: [String]()) { $0.append($1) }
            }
            #expect(claimed.sorted() == [name] + (2...4).map { "\(name)-\($0)" })
            let unmade = try #require(throws: RunError.self) {
                try write("", to: folder + "/file")
                _ = try RunDirectory.claim(folder + "/file/run")
            }
            #expect(unmade.code == .unwritable)
            #expect(unmade.message == "\(folder)/file/run cannot be written: Not a directory")
        }
    }

    @Test("a run is not overwritten, and not gone on with under other settings")
    func refusesOtherRuns() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/run"
            try await run(in: path)
            let before = try contents(of: path)
            let exists = try #require(throws: RunError.self) { try RunDirectory(preparing: path, resuming: false) }
            #expect(exists.code == .alreadyExists && exists.message == "\(path) already holds a run")

            var other = smallRun
            other.optimiser.learningRate = 0.1
            let setting = try #require(throws: RunError.self) { try begin(path, configuration: other) }
            #expect(setting.message == "the run in \(path) was made with learning_rate 0.2, now it is 0.1")
            other = smallRun
            other.arithmetic = .bfloat16
            let arithmetic = try #require(throws: RunError.self) { try begin(path, configuration: other) }
            #expect(arithmetic.message == "the run in \(path) was made with arithmetic null, now it is bfloat16")
            var changed = manifest
            changed.model = Fingerprint(name: "other", content: "9999999999999999")
            let model = try #require(throws: RunError.self) { try begin(path, manifest: changed) }
            #expect(
                model.message
                    == "the run in \(path) was made with model fake (0000000000aa), now it is other (999999999999)")
            #expect(try contents(of: path) == before)
        }
    }

    @Test("a run whose model and data have moved resumes if they are the same, and says where they are")
    func movedFiles() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/run"
            var known = manifest, settings = smallRun
            known.inputs = "abc"
            settings.model = "/here/model"
            settings.train = "/here/problems.jsonl"
            #expect(try begin(path, configuration: settings, manifest: known).steps.isEmpty)
            var moved = settings
            moved.model = "/elsewhere/model"
            moved.train = "/elsewhere/problems.jsonl"
            let before = try contents(of: path)
            for inputs in [nil, "abcd"] {
                var other = known
                other.inputs = inputs
                let error = try #require(throws: RunError.self) {
                    try begin(path, configuration: moved, manifest: other)
                }
                #expect(
                    error.message
                        == "the run in \(path) was made with model /here/model, now it is /elsewhere/model")
            }
            var without = moved
            without.model = nil
            #expect(throws: RunError.self) { try begin(path, configuration: without, manifest: known) }
            #expect(try contents(of: path) == before)
            #expect(try begin(path, configuration: moved, manifest: known).steps.isEmpty)
            #expect(try TrainingConfiguration(contentsOf: path + "/configuration.json") == moved)
            let now = try contents(of: path)
            #expect(now.filter { before[$0.key] != $0.value }.keys.sorted() == ["configuration.json"])
        }
    }

    @Test(
        "a run of a version with another order of the gradient's sums is not gone on with, and the version is the reason"
    )
    func refusesOtherSums() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/run"
            try await run(in: path)
            let before = try contents(of: path)
            var now = manifest, settings = smallRun
            now.schemes = ["gradient": "prompt-units/1", "arithmetic": "bfloat16"]
            settings.arithmetic = .bfloat16
            let error = try #require(throws: RunError.self) {
                try begin(path, configuration: settings, manifest: now)
            }
            #expect(error.code == .differentSettings)
            #expect(
                error.message == "the run in \(path) was begun by a version that sums gradients in another order "
                    + "(not named there, prompt-units/1 here), so this version cannot resume it")
            #expect(
                error.hint == "finish it with the version that began it, or begin a new run in another directory")
            #expect(try contents(of: path) == before)
        }
    }

    @Test("a directory is written by one run at a time, and is free when that has ended")
    func locksDirectory() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/run"
            do {
                let holder = try RunDirectory(preparing: path, resuming: false)
                for resuming in [false, true] {
                    let error = try #require(throws: RunError.self) {
                        try RunDirectory(preparing: path, resuming: resuming)
                    }
                    #expect(error.code == .directoryInUse)
                    #expect(
                        error.message
                            == "another process (\(ProcessInfo.processInfo.processIdentifier)) is writing into \(path)")
                }
                #expect(try holder.begin(configuration: smallRun, manifest: manifest).steps.isEmpty)
            }
            #expect(try begin(path).steps.isEmpty)
        }
    }

    @Test("a damaged line is named with its file and number")
    func namesDamage() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/run"
            try await run(in: path)
            let steps = try String(contentsOfFile: path + "/steps.jsonl", encoding: .utf8)
            let lines = steps.split(separator: "\n").map(String.init)
            try (lines[0] + "\n{\"step\":2}\n").write(toFile: path + "/steps.jsonl", atomically: true, encoding: .utf8)
            let damaged = try #require(throws: RunError.self) { try begin(path) }
            #expect(damaged.code == .damagedRecords && damaged.message == "\(path)/steps.jsonl:2: time is missing")
            try (lines[0] + "\n" + lines[2] + "\n").write(
                toFile: path + "/steps.jsonl", atomically: true, encoding: .utf8)
            let gap = try #require(throws: RunError.self) { try begin(path) }
            #expect(gap.message == "\(path)/steps.jsonl:2: the line is step 3, expected 2")
            try FileManager.default.removeItem(atPath: path + "/configuration.json")
            let stray = try #require(throws: RunError.self) { try RunDirectory(preparing: path, resuming: true) }
            #expect(stray.message == "\(path) holds steps.jsonl but no configuration.json")
        }
    }

    @Test("a directory that cannot be made is named before any work")
    func namesUnwritable() async throws {
        try await withTemporaryDirectory { folder in
            try "".write(toFile: folder + "/file", atomically: true, encoding: .utf8)
            let error = try #require(throws: RunError.self) {
                try RunDirectory(preparing: folder + "/file/run", resuming: false)
            }
            #expect(error.code == .unwritable)
            #expect(error.message.hasPrefix("\(folder)/file/run cannot be written: "))
        }
    }

    @Test("a run of another size of adapter is refused")
    func refusesOtherSize() async throws {
        try await withTemporaryDirectory { folder in
            try await run(in: folder + "/run")
            let directory = try RunDirectory(preparing: folder + "/run", resuming: true)
            let progress = try directory.begin(configuration: smallRun, manifest: manifest)
            var policy = FakeEngine()
            policy.parameterCount = 2
            let trainer = try trainer(policy: policy)
            let error = try await #require(throws: TrainingError.self) {
                try await TrainingLoop(trainer, evaluation: { _, _ in evaluationRecord }).run(
                    in: directory, from: progress)
            }
            #expect(error.message == "step 5 of the run has 3 trained numbers, the adapter has 2")
        }
    }

    @Test("steps before a failure are kept, and the run resumes from them")
    func keepsStepsBeforeFailure() async throws {
        try await withTemporaryDirectory { folder in
            try await run(in: folder + "/whole")
            do {
                let directory = try RunDirectory(preparing: folder + "/run", resuming: false)
                let progress = try directory.begin(configuration: smallRun, manifest: manifest)
                let failing = TrainingLoop(
                    try trainer(),
                    evaluation: { step, _ in
                        if step == 4 { throw CancellationError() }
                        return evaluationRecord
                    })
                await #expect(throws: CancellationError.self) { try await failing.run(in: directory, from: progress) }
            }
            #expect(try begin(folder + "/run").steps.count == 4)
            try await run(in: folder + "/run", resuming: true)
            #expect(try contents(of: folder + "/run") == contents(of: folder + "/whole"))
        }
    }

    @Test("a population's samples are all kept by a run that resumes", arguments: [nil, 20])
    func keepsSamplesOfPopulation(samplesPerStep: Int?) async throws {
        var configuration = smallRun
        configuration.apply(.openES)
        configuration.evolution.populationSize = 4
        configuration.rollout.groupSize = 2
        configuration.rollout.samplesPerStep = samplesPerStep
        let settings = configuration
        func search(in path: String, resuming: Bool) async throws {
            let directory = try RunDirectory(preparing: path, resuming: resuming)
            let progress = try directory.begin(configuration: settings, manifest: manifest)
            let trainer = try EvolutionTrainer(
                sampler: FakeEngine(), startingAt: FakeEngine().initialAdapter, task: letterTask(),
                configuration: settings)
            _ = try await TrainingLoop(trainer).run(in: directory, from: progress)
        }
        try await withTemporaryDirectory { folder in
            try await search(in: folder + "/whole", resuming: false)
            let expected = try contents(of: folder + "/whole")
            let ends = try lineEnds(of: "samples.jsonl", in: folder + "/whole")
            #expect(ends.count == 5 * (samplesPerStep ?? 3 * 2 * 4))
            for cut in [ends[ends.count - 1], ends[ends.count - 3], ends[ends.count - 3] + 7] {
                try truncate(folder + "/whole/samples.jsonl", to: cut)
                try await search(in: folder + "/whole", resuming: true)
                #expect(try contents(of: folder + "/whole") == expected, "cut at \(cut)")
            }
        }
    }

    private let manifest = RunManifest(
        version: "0", created: "2026-01-01T00:00:00Z", model: Fingerprint(name: "fake", content: "0000000000aa"),
        datasets: [:], plan: "3 parameters", trainedParameters: 3, schemes: [:], seed: 1,
        machine: MachineRecord(system: "", architecture: "", processors: 1, threads: 1, instructions: ""))

    @Test("a run is resumed with the software that sampled it, whatever its version; older records name a protocol")
    func sampler() throws {
        try withTemporaryDirectory { folder in
            func sampled(by software: String, _ version: String) -> RunManifest {
                var manifest = manifest
                manifest.schemes[RunManifest.samplerScheme] = software
                manifest.engines = ["sampler": ["\(software) \(version)"]]
                return manifest
            }
            _ = try begin(folder + "/new", manifest: sampled(by: "vLLM", "0.31"))
            _ = try begin(folder + "/new", manifest: sampled(by: "vLLM", "0.32"))
            let error = #expect(throws: RunError.self) {
                try begin(folder + "/new", manifest: sampled(by: "tinylora", "0.1.0"))
            }
            #expect(error?.message.hasSuffix("made with schemes.sampler vLLM, now it is tinylora") == true)
            _ = try begin(folder + "/old", manifest: sampled(by: "vllm", ""))
            _ = try begin(folder + "/old", manifest: sampled(by: "tinylora", "0.1.0"))
            #expect(throws: RunError.self) { try begin(folder + "/old") }
        }
    }

    private func trainer(policy: FakeEngine = FakeEngine()) throws -> GRPOTrainer {
        try GRPOTrainer(
            sampler: policy, learner: policy, task: letterTask(), configuration: smallRun)
    }

    private func begin(
        _ path: String, configuration: TrainingConfiguration = smallRun, manifest: RunManifest? = nil
    ) throws -> RunProgress {
        try RunDirectory(preparing: path, resuming: true).begin(
            configuration: configuration, manifest: manifest ?? self.manifest)
    }

    private func run(in path: String, resuming: Bool = false) async throws {
        let directory = try RunDirectory(preparing: path, resuming: resuming)
        let progress = try directory.begin(configuration: smallRun, manifest: manifest)
        _ = try await TrainingLoop(trainer(), evaluation: { _, _ in evaluationRecord })
            .run(in: directory, from: progress)
    }
}
