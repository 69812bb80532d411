import Foundation
import Testing
import TinyRuns
import TinyEngine
import TinyFoundation
import TinyProblems
import TinyRecords
import TinyTestSupport

/// Problems are kept by how often a model solved them, and only where that is known.
@Suite("Filtering problems by pass rate")
struct PassRateFilterTests {
    /// Five rows with what a rewriting of JSON would change: spaces, an escape, the order of keys, further keys.
    private static let rows = [
        #"{"question": "one",  "answer": "1"}"#, #"{"answer": "2", "question": "tw\u006f"}"#,
        #"{"question": "three", "answer": "3", "source": ["x", null]}"#, #"{"question":"four","answer":"4"}"#,
        #"{ "question": "five", "answer": "5" }"#,
    ]
    private static let text = rows.joined(separator: "\n") + "\n"

    /// Writes a problem file and evaluations of it.
    private struct Workshop {
        let folder: String
        var problems: String { folder + "/train.jsonl" }

        init(_ folder: String, text: String = PassRateFilterTests.text) throws {
            self.folder = folder
            try Data(text.utf8).write(to: URL(fileURLWithPath: problems))
        }

        /// An evaluation of the first problems whose samples are right as `verdicts` says: `+` strictly, `~` leniently.
        func evaluation(
            _ name: String, _ verdicts: [String], seed: UInt64 = 1, temperature: Double = 1, of total: Int? = nil,
            failure: String? = nil
        ) throws -> EvaluationFolder {
            let set = try ProblemSet(contentsOf: problems).prefix(total ?? verdicts.count)
            let size = verdicts.first?.count ?? 4
            let entry = EvaluationManifest.ProblemSetEntry(
                name: "train", problems: set.problems.count, content: set.contentHash, promptStyle: "plain",
                prompts: "p", grader: "final-answer")
            let manifest = EvaluationManifest(
                version: "1", model: Fingerprint(name: "m", content: "abc"), arithmetic: .float32, adapter: nil,
                template: nil, sets: [entry],
                sampling: SamplingParameters(temperature: temperature, maxTokens: 20, stopTokens: [0]),
                samplesPerProblem: size, seed: seed)
            let evaluation = try EvaluationFolder(
                preparing: "\(folder)/\(name)", manifest: manifest, resuming: false)
            for (problem, verdict) in zip(set.problems, verdicts) {
                let samples = verdict.enumerated().map { index, mark in
                    EvaluatedSample(
                        problem: problem.id, sample: index, prompt: "", completion: "",
                        grade: Grade(
                            strict: mark == "+", lenient: mark != "-", extracted: nil, isWellFormed: mark == "+",
                            failure: failure),
                        tokenCount: 1, stop: .endOfText)
                }
                try evaluation.append(samples, of: "train")
            }
            return evaluation
        }
    }

    /// Right samples of the five problems: 0, 1, 2 (and 4 leniently), 3 and 4 of 4.
    private static let verdicts = ["----", "+---", "+~~+", "+++-", "++++"]

    private func written(_ filter: PassRateFilter, in folder: String) throws -> String {
        try filter.write(to: folder + "/kept.jsonl")
        return String(decoding: try Data(contentsOf: URL(fileURLWithPath: folder + "/kept.jsonl")), as: UTF8.self)
    }

    @Test(
        "rows in the range are kept as they are, bounds included",
        arguments: [
            (0.2...0.8, RewardRule.strict, [1, 2, 3]), (0.25...0.5, .strict, [1, 2]),
            (0.0...1.0, .strict, [0, 1, 2, 3, 4]),
            (0.2...0.8, .lenient, [1, 3]), (1.0...1.0, .lenient, [2, 4]),
        ])
    func keeps(range: ClosedRange<Double>, rule: RewardRule, expected: [Int]) throws {
        try withTemporaryDirectory { folder in
            let workshop = try Workshop(folder)
            let filter = try PassRateFilter(
                of: [workshop.evaluation("one", Self.verdicts)], problems: workshop.problems, keeping: range, by: rule)
            #expect(try written(filter, in: folder) == expected.map { Self.rows[$0] + "\n" }.joined())
            #expect(filter.summary.kept == expected.count)
        }
    }

    @Test("says how many problems are too easy, too hard and not evaluated")
    func counts() throws {
        try withTemporaryDirectory { folder in
            let workshop = try Workshop(folder)
            let filter = try PassRateFilter(
                of: [workshop.evaluation("one", Array(Self.verdicts.prefix(4)))], problems: workshop.problems,
                keeping: 0.3...0.6)
            let summary = filter.summary
            #expect(summary.evaluated == 4 && summary.notEvaluated == 1)
            #expect(summary.kept == 1 && summary.tooEasy == 1 && summary.tooHard == 2)
            #expect(summary.problemsByRightSamples == [1, 1, 1, 1, 0] && summary.passRate == 6.0 / 16)
        }
    }

    @Test("the samples of several evaluations count together, whatever their numbers")
    func pools() throws {
        try withTemporaryDirectory { folder in
            let workshop = try Workshop(folder)
            let first = try workshop.evaluation("one", Self.verdicts)
            let second = try workshop.evaluation("two", ["+", "-", "-", "-", "+"], seed: 2)
            let filter = try PassRateFilter(of: [first, second], problems: workshop.problems, keeping: 0.2...0.2)
            #expect(filter.summary.samplesPerProblem == 5 && filter.summary.kept == 2)
            #expect(try written(filter, in: folder) == Self.rows[0] + "\n" + Self.rows[1] + "\n")
        }
    }

    @Test("a byte order mark, carriage returns and a missing end of the last line are no part of a problem")
    func unusualLines() throws {
        try withTemporaryDirectory { folder in
            let workshop = try Workshop(folder, text: "\u{FEFF}" + Self.rows.joined(separator: "\r\n"))
            let filter = try PassRateFilter(
                of: [workshop.evaluation("one", Self.verdicts)], problems: workshop.problems, keeping: 0...1)
            #expect(try written(filter, in: folder) == Self.rows.joined(separator: "\r\n") + "\n")
        }
    }

    @Test("what has no pass rates of this file is refused in one sentence")
    func refusals() throws {
        try withTemporaryDirectory { folder in
            let workshop = try Workshop(folder), path = { (name: String) in "\(folder)/\(name)" }
            func message(_ evaluations: [EvaluationFolder]) -> String? {
                let error = #expect(throws: RunError.self) {
                    try PassRateFilter(of: evaluations, problems: workshop.problems, keeping: 0.2...0.8)
                }
                return error?.message
            }
            let whole = try workshop.evaluation("whole", Self.verdicts)
            let greedy = try workshop.evaluation("greedy", Self.verdicts, temperature: 0)
            #expect(message([greedy]) == "\(path("greedy")) is greedy (temperature 0), so it has no pass rates")
            let cut = try workshop.evaluation("cut", Array(Self.verdicts.prefix(3)), of: 5)
            #expect(message([cut]) == "\(path("cut")) is not finished: it has 3 of 5 problems of train")
            let single = try workshop.evaluation("single", ["+", "-", "-", "-", "+"])
            #expect(message([single]) == "one sample of each problem gives no pass rate")
            let again = try workshop.evaluation("again", Self.verdicts)
            #expect(
                message([whole, again])
                    == "\(path("again")) has seed 1, as \(path("whole")) has: its samples are the same ones")
            let cooler = try workshop.evaluation("cooler", Self.verdicts, seed: 2, temperature: 0.5)
            #expect(
                message([whole, cooler])
                    == "\(path("cooler")) was made with temperature 0.5, \(path("whole")) with 1.0")
            let failed = try workshop.evaluation("failed", Self.verdicts, failure: "no such program")
            #expect(message([failed]) == "grading failed for 20 of 20 samples of \(path("failed")): no such program")
            try Data(Self.text.replacing("three", with: "3rd").utf8).write(to: URL(fileURLWithPath: workshop.problems))
            #expect(
                message([whole])
                    == "\(path("whole")) evaluated other problems than those of \(workshop.problems): 5 problems of train"
            )
        }
    }

    @Test("neither an empty file nor the problem file itself is written")
    func refusesOutput() throws {
        try withTemporaryDirectory { folder in
            let workshop = try Workshop(folder), evaluation = try workshop.evaluation("one", Self.verdicts)
            let none = try PassRateFilter(of: [evaluation], problems: workshop.problems, keeping: 0.9...0.95)
            let empty = #expect(throws: RunError.self) { try none.write(to: folder + "/kept.jsonl") }
            #expect(empty?.code == .noProblems)
            #expect(!FileManager.default.fileExists(atPath: folder + "/kept.jsonl"))
            let all = try PassRateFilter(of: [evaluation], problems: workshop.problems, keeping: 0...1)
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/symbolic.jsonl", withDestinationPath: "train.jsonl")
            try FileManager.default.linkItem(atPath: workshop.problems, toPath: folder + "/hard.jsonl")
            for name in ["./train.jsonl", "symbolic.jsonl", "hard.jsonl"] {
                let itself = #expect(throws: RunError.self, "\(name)") { try all.write(to: "\(folder)/\(name)") }
                #expect(itself?.code == .invalidValue)
            }
            #expect(try String(contentsOfFile: workshop.problems, encoding: .utf8) == Self.text)
        }
    }
}
