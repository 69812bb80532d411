import Foundation
import Testing
import TinyRuns
import TinyEngine
import TinyProblems
import TinyRecords
import TinyStatistics
import TinyFoundation

/// Records on disk: interrupted, gone on with, compared.
@Suite("A directory of evaluation records")
struct EvaluationFolderTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "evaluation-\(UUID().uuidString)")

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    private func set(_ count: Int = 6) -> ProblemSet {
        ProblemSet(
            name: "own/six",
            problems: (0..<count).map {
                Problem(id: "p\($0)", question: "\($0)", answer: "\($0)", subject: "s\($0 % 2)")
            })
    }

    private func manifest(_ set: ProblemSet, samples: Int = 2, seed: UInt64 = 5, arithmetic: Arithmetic = .float32)
        -> EvaluationManifest
    {
        EvaluationManifest(
            version: "1", model: Fingerprint(name: "m", content: "abc"), arithmetic: arithmetic, adapter: nil,
            template: nil,
            sets: [
                EvaluationManifest.ProblemSetEntry(
                    name: set.name, problems: set.problems.count, content: "c\(set.problems.count)",
                    promptStyle: "plain", prompts: "p", grader: "final-answer")
            ],
            sampling: SamplingParameters(maxTokens: 20, stopTokens: [0]), samplesPerProblem: samples, seed: seed)
    }

    private struct Interruption: Error {}

    /// Evaluates into a directory; after `stop` parts something ends it.
    @discardableResult
    private func evaluate(
        into name: String, resuming: Bool = false, stop: Int? = nil, seed: UInt64 = 5, bias: UInt64 = 3
    ) async throws -> EvaluationResult {
        let set = set(),
            policy = ScriptedSampler { prompt, random in "#### \(random.below(Int(bias)) == 0 ? prompt : "9")" }
        let evaluation = try EvaluationFolder(
            preparing: path(name), manifest: manifest(set, seed: seed), resuming: resuming)
        var parts = 0
        return try await Evaluator(
            sampler: policy, prompter: Prompter(style: .plain, codec: ScalarCodec()),
            sampling: evaluation.manifest.sampling, samplesPerProblem: 2, seed: seed, completionsPerCall: 4
        ).evaluate(set, after: evaluation.resumedSamples(of: set.name), progress: nil) { samples in
            if parts == stop { throw Interruption() }
            parts += 1
            try evaluation.append(samples, of: set.name)
        }
    }

    private func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: folder.appendingPathComponent("\(name)/own-six.samples.jsonl"))
    }

    @Test("belongs to one writer at a time, and to any number of readers")
    func lock() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let first = try EvaluationFolder(preparing: path("one"), manifest: manifest(set()), resuming: false)
        #expect {
            _ = try EvaluationFolder(preparing: path("one"), manifest: manifest(set()), resuming: true)
        } throws: { error in
            guard let error = error as? RunError else { return false }
            return error.code == .directoryInUse && error.message.contains(path("one"))
        }
        let reader = try EvaluationFolder(reading: path("one"))
        #expect(reader.manifest.firstDifference(from: first.manifest) == nil)
        withExtendedLifetime(first) {}
    }

    @Test("is gone on with to the same bytes, wherever it was interrupted", arguments: [0, 1, 2])
    func resumes(stop: Int) async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let whole = try await evaluate(into: "whole")
        await #expect(throws: Interruption.self) { try await evaluate(into: "cut", stop: stop) }
        let resumed = try await evaluate(into: "cut", resuming: true)
        #expect(resumed.samples == whole.samples && resumed.strict == whole.strict)
        #expect(try bytes("cut") == bytes("whole"))
        #expect(resumed.sampledTokens == whole.samples.dropFirst(4 * stop).reduce(0) { $0 + $1.tokenCount })
    }

    @Test("is gone on with from any torn end")
    func tornEnd() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try await evaluate(into: "whole")
        let all = try bytes("whole")
        for kept in stride(from: 0, to: all.count, by: 137) {
            try? FileManager.default.removeItem(atPath: path("torn"))
            _ = try EvaluationFolder(preparing: path("torn"), manifest: manifest(set()), resuming: false)
            try all.prefix(kept).write(to: folder.appendingPathComponent("torn/own-six.samples.jsonl"))
            try await evaluate(into: "torn", resuming: true)
            #expect(try bytes("torn") == all, "\(kept) bytes kept")
        }
    }

    @Test("is never written over, nor gone on with under other settings")
    func refusals() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try await evaluate(into: "one")
        let exists = await #expect(throws: RunError.self) { try await evaluate(into: "one") }
        #expect(exists?.code == .alreadyExists)
        let other = await #expect(throws: RunError.self) {
            try await evaluate(into: "one", resuming: true, seed: 6)
        }
        #expect(other?.code == .differentSettings)
        #expect(other?.message == "\(path("one")) was made with seed 5, not 6")
        let none = #expect(throws: RunError.self) { try EvaluationFolder(reading: path("none")) }
        #expect(none?.code == .damagedRecords)
        try Data("{}\n".utf8).write(to: folder.appendingPathComponent("one/own-six.samples.jsonl"))
        let damaged = #expect(throws: RunError.self) {
            try EvaluationFolder(reading: path("one")).samples(of: "own/six")
        }
        #expect(damaged?.message.contains("own-six.samples.jsonl:1: problem is missing") == true)
    }

    @Test(
        "refuses sets whose samples would be in one file, and writes nothing",
        arguments: [("a/b", "a-b"), ("Own/six", "own-SIX"), ("a", "a")])
    func sharedFiles(first: String, second: String) {
        defer { try? FileManager.default.removeItem(at: folder) }
        var manifest = manifest(set())
        manifest.sets = [first, "other", second].map { entry($0, like: manifest) }
        let error = #expect(throws: RunError.self) {
            try EvaluationFolder(preparing: path("one"), manifest: manifest, resuming: false)
        }
        #expect(error?.code == .duplicateKey)
        #expect(error?.message.contains("the problem sets \(first) and \(second) would both") == true)
        #expect(!FileManager.default.fileExists(atPath: path("one")))
        manifest.sets[2].name = "third"
        #expect(throws: Never.self) {
            try EvaluationFolder(preparing: path("one"), manifest: manifest, resuming: false)
        }
    }

    @Test("names the first setting that differs")
    func differences() {
        let mine = manifest(set()), others = manifest(set(5))
        #expect(mine.firstDifference(from: mine) == nil)
        #expect(mine.firstDifference(from: others)?.key == "own/six.problems")
        var adapted = mine
        adapted.adapter = Fingerprint(name: "a", content: "def")
        #expect(mine.firstDifference(from: adapted)?.key == "adapter")
        var renamed = mine
        renamed.model = Fingerprint(name: "other name", content: "abc")
        #expect(mine.firstDifference(from: renamed) == nil)
    }

    @Test("of another arithmetic is another evaluation; one that names none is of float32")
    func arithmetic() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let exact = manifest(set()), rounded = manifest(set(), arithmetic: .bfloat16)
        let old = try EvaluationManifest(json: exact.jsonLine().replacing(#""arithmetic":"float32","#, with: ""))
        #expect(old != exact && old.arithmetic == .float32 && old.firstDifference(from: exact) == nil)
        let difference = try #require(rounded.firstDifference(from: old))
        #expect(difference == (key: "arithmetic", mine: "bfloat16", theirs: "float32"))
        do { _ = try EvaluationFolder(preparing: path("one"), manifest: old, resuming: false) }
        _ = try EvaluationFolder(preparing: path("one"), manifest: exact, resuming: true)
        let error = #expect(throws: RunError.self) {
            try EvaluationFolder(preparing: path("one"), manifest: rounded, resuming: true)
        }
        #expect(error?.code == .differentSettings)
        #expect(error?.message == "\(path("one")) was made with arithmetic float32, not bfloat16")
    }

    @Test("is compared problem by problem")
    func compares() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let before = try await evaluate(into: "before"), after = try await evaluate(into: "after", bias: 1)
        let comparison = try EvaluationComparison(
            of: "own/six", before: EvaluationFolder(reading: path("before")),
            after: EvaluationFolder(reading: path("after")))
        #expect(comparison.strict.before == before.strict.fraction && comparison.strict.after == 1)
        let changed = before.strictPerProblem.enumerated().filter { $1 < 2 }.map { "p\($0.offset)" }
        #expect(!changed.isEmpty && comparison.changes.map(\.problem) == changed)
        #expect(comparison.arithmeticBefore == .float32 && comparison.arithmeticAfter == .float32)
        #expect(comparison.test == PairedComparison(improved: changed.count, worsened: 0))
        #expect(try comparison.test == PairedComparison(before: before, after: after))
        #expect(abs(try #require(comparison.strict.difference).mean - (1 - before.strict.fraction)) < 1e-12)
        #expect(comparison.changes.allSatisfy { $0.after == 1 && $0.extractedAfter == $0.answer })
    }

    @Test("side by side say every setting that differs, but not adapter and seed, and which sets one alone has")
    func pairs() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let empty = set(0)
        var first = manifest(empty, samples: 1), second = manifest(empty, samples: 4, seed: 6)
        let digits = String(repeating: "0123456789abcdef", count: 4)
        second.adapter = Fingerprint(name: "a", content: "def")
        second.model = Fingerprint(name: "n", content: digits)
        second.sampling = SamplingParameters(temperature: 0.5, maxTokens: 20, stopTokens: [0])
        second.sets[0].grader = "math"
        second.sets[0].prompts = digits
        for name in ["before only", "both"] { first.sets.append(entry(name, like: first)) }
        for name in ["both", "after only"] { second.sets.append(entry(name, like: second)) }
        second.sets[1].promptStyle = "boxed"
        for (name, manifest) in [("first", first), ("second", second)] {
            _ = try EvaluationFolder(preparing: path(name), manifest: manifest, resuming: false)
        }
        let pair = try EvaluationPair(
            before: EvaluationFolder(reading: path("first")), after: EvaluationFolder(reading: path("second")))
        #expect(
            pair.differences.map { "\($0.setting): \($0.before), \($0.after)" } == [
                "model: m (abc), n (0123456789ab)", "temperature: \(first.sampling.temperature), 0.5",
                "samples_per_problem: 1, 4", "own/six.prompts: p, 0123456789ab", "own/six.grader: final-answer, math",
                "both.prompt_style: plain, boxed", "both.grader: final-answer, math",
            ])
        #expect(pair.comparisons.map(\.problemSet) == ["own/six", "both"])
        #expect(pair.onlyBefore == ["before only"] && pair.onlyAfter == ["after only"])
        let same = try EvaluationPair(
            before: EvaluationFolder(reading: path("first")), after: EvaluationFolder(reading: path("first")))
        #expect(same.differences.isEmpty && same.onlyBefore.isEmpty && same.onlyAfter.isEmpty)
    }

    /// A set like the first one of a manifest, with another name.
    private func entry(_ name: String, like manifest: EvaluationManifest) -> EvaluationManifest.ProblemSetEntry {
        var entry = manifest.sets[0]
        entry.name = name
        return entry
    }

    @Test("cannot be compared while it is not complete, or with other problems")
    func incomparable() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try await evaluate(into: "whole")
        await #expect(throws: Interruption.self) { try await evaluate(into: "cut", stop: 1) }
        let whole = try EvaluationFolder(reading: path("whole"))
        let cut = #expect(throws: RunError.self) {
            try EvaluationComparison(of: "own/six", before: whole, after: EvaluationFolder(reading: path("cut")))
        }
        #expect(cut?.message == "\(path("cut")) has 2 of 6 problems of own/six" && cut?.code == .notPaired)
        let other = try EvaluationFolder(preparing: path("other"), manifest: manifest(set(5)), resuming: false)
        #expect(throws: RunError.self) { try EvaluationComparison(of: "own/six", before: whole, after: other) }
        #expect(throws: RunError.self) { try EvaluationComparison(of: "none", before: whole, after: whole) }
    }
}
