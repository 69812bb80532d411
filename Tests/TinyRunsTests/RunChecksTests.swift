import Foundation
import Testing
import TinyRecords
import TinyRuns
import TinyTestSupport

/// What a dry run and a sweep check before anything starts.
@Suite("Checks before a run") struct RunChecksTests {
    private static let good = #"{"question": "1 + 1 =", "answer": "2"}"#

    /// A run of a small model on one row.
    private func settings(_ row: String = good, in folder: String) throws -> TrainingConfiguration {
        var settings = TrainingConfiguration()
        settings.model = fixtures(of: "qwen2-tied").path
        settings.train = folder + "/rows.jsonl"
        settings.promptStyle = "plain"
        settings.steps = 1
        settings.rollout.maxTokens = 8
        try write(row + "\n", to: folder + "/rows.jsonl")
        return settings
    }

    private func options() -> TrainingRun.Options {
        var options = TrainingRun.Options()
        options.threads = 1
        options.factorCache = nil
        return options
    }

    /// The error of a call; empty when there is none.
    private func told(_ body: () async throws -> Void) async -> String {
        do {
            try await body()
            return ""
        } catch {
            return "\(error)"
        }
    }

    private static let faults: [(word: String, change: @Sendable (inout TrainingConfiguration) -> Void)] = [
        ("nope.jsonl", { $0.train = "/nope.jsonl" }),
        ("boxd", { $0.promptStyle = "boxd" }),
        ("max_completion_length 5000", { $0.rollout.maxTokens = 5000 }),
        ("no-such-grader", { $0.grader = "command:./no-such-grader" }),
        ("no worked solution", { $0.apply(.sft) }),
        (
            "parameters is 5",
            {
                $0.adapter.method = .lora
                $0.adapter.parameters = 5
            }
        ),
        ("validation_problems is 1", { $0.evaluation.validationProblems = 1 }),
        ("nowhere.jsonl", { $0.eval = "/nowhere.jsonl" }),
    ]

    @Test("refuse what the run refuses, with the same sentence", arguments: faults.indices)
    func sameSentence(index: Int) async throws {
        try await withTemporaryDirectory { folder in
            var settings = try settings(in: folder)
            Self.faults[index].change(&settings)
            let asked = settings
            let checked = await told { try RunChecks().check(asked) }
            #expect(checked.contains(Self.faults[index].word), "\(checked)")
            let run = await told { _ = try await TrainingRun(asked, in: folder + "/run", options: options()) }
            #expect(checked == run)
        }
    }

    @Test(
        "refuse a file that holds no problems",
        arguments: [("question,answer\n1 + 1,2", "CSV"), (#"{"question": "1 + 1 ="}"#, "rows.jsonl:1")])
    func refusesFile(text: String, word: String) async throws {
        try await withTemporaryDirectory { folder in
            let settings = try settings(text, in: folder)
            let checked = await told { try RunChecks().check(settings) }
            #expect(checked.contains("rows.jsonl") && checked.contains(word), "\(checked)")
        }
    }

    @Test("name the file and line of a problem without a solution")
    func unsolved() async throws {
        try await withTemporaryDirectory { folder in
            let solved = #"{"question": "1 + 1 =", "answer": "2", "solution": "2"}"#
            var settings = try settings(solved + "\n" + Self.good, in: folder)
            settings.apply(.sft)
            settings.supervised.examplesPerStep = 2
            let asked = settings
            let checked = await told { try RunChecks().check(asked) }
            #expect(checked.contains("rows.jsonl:2: the problem has no worked solution"), "\(checked)")
        }
    }

    @Test("read a file once for many runs")
    func readsOnce() throws {
        try withTemporaryDirectory { folder in
            var settings = try settings(in: folder)
            let checks = RunChecks()
            try checks.check(settings)
            try FileManager.default.removeItem(atPath: folder + "/rows.jsonl")
            settings.adapter.rank = 1
            settings.rollout.maxTokens = 9
            try checks.check(settings)
            #expect(throws: (any Error).self) { try RunChecks().check(settings) }
        }
    }

    @Test("name the cell of a sweep, and leave out runs that are not selected")
    func namesCell() async throws {
        try await withTemporaryDirectory { folder in
            let file = try SweepFile(text: "runs: [{parameters: [13, 40]}]", path: folder + "/s.yaml")
            let plan = try SweepPlan(file), folder = SweepFolder(path: folder + "/out")
            let checked = await told { try plan.check({ _ in true }, in: folder) }
            #expect(checked.hasPrefix("cell 40: "), "\(checked)")
            try plan.check({ $0.hasPrefix("13") }, in: folder)
        }
    }
}
