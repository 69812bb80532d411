import Foundation
import Testing
import TinyEngine
import TinyRecords
import TinyRuns
import TinyStatistics
import TinyFoundation

@Suite("Training runs side by side")
struct ComparedRunTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("compared-\(UUID().uuidString)")

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// Writes a run of one step with these outcomes after it, and answers to the first two problems.
    private func write(
        _ name: String, _ outcomes: String?, set: String = "own", content: String = "aa", model: String = "m",
        step: Int = 1, change: (inout TrainingConfiguration) -> Void = { _ in }
    ) throws {
        try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
        var configuration = TrainingConfiguration()
        configuration.steps = 1
        change(&configuration)
        try configuration.write(to: path(name) + "/configuration.json")
        let machine = MachineRecord(system: "s", architecture: "a", processors: 1, threads: 1, instructions: "plain")
        try RunManifest(
            version: "1", created: "", model: Fingerprint(name: model, content: model),
            datasets: ["eval": Fingerprint(name: set, content: content)], plan: "", trainedParameters: 13,
            schemes: ["arithmetic": "float32"], seed: 1, machine: machine
        ).write(to: path(name) + "/manifest.json")
        let count = outcomes?.count ?? 4, right = outcomes?.count { $0 == "1" } ?? 0
        let evaluation = EvaluationRecord(
            step: step, problemSet: set, problems: count, samplesPerProblem: 1, strict: Double(right) / Double(count),
            interval: [0, 1], lenient: 0.75, lenientInterval: [0, 1], wellFormed: 4, truncated: 1,
            meanCompletionLength: 10, tokens: 10 * count, outcomes: outcomes,
            time: EvaluationTime(seconds: 1, tokensPerSecond: 1))
        // Neither the untrained model's evaluation nor one on validation problems is compared.
        var untrained = evaluation, validation = evaluation
        untrained.step = 0
        untrained.outcomes = String(repeating: "0", count: count)
        validation.split = .validation
        validation.outcomes = untrained.outcomes
        let lines = try [untrained, evaluation, validation].map { try $0.jsonLine() + "\n" }
        try Data(lines.joined().utf8).write(to: folder.appendingPathComponent(name + "/evaluations.jsonl"))
        let answers = try ["p1", "p2"].map { problem in
            try EvaluationSampleRecord(
                step: 1, problem: problem, question: "q", answer: "7", completion: "", extracted: name, strict: false
            ).jsonLine() + "\n"
        }
        try Data(answers.joined().utf8).write(to: folder.appendingPathComponent(name + "/evaluation-samples.jsonl"))
    }

    @Test("are compared problem by problem after the last step, and what they do not record is absent")
    func compares() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write("a", "010100")
        try write("b", "110010")
        let pair = try EvaluationPair(reading: path("a"), and: path("b"))
        let comparison = try #require(pair.comparisons.first)
        #expect(pair.differences.isEmpty && pair.onlyBefore.isEmpty && pair.onlyAfter.isEmpty)
        #expect(comparison.problems == 6 && comparison.samplesPerProblem == [1, 1])
        #expect(abs(comparison.strict.before - 2.0 / 6) < 1e-12 && abs(comparison.strict.after - 3.0 / 6) < 1e-12)
        #expect(comparison.strict.difference == PairedDifference([1, 0, 0, -1, 1, 0]))
        #expect(comparison.test == PairedComparison(improved: 2, worsened: 1))
        #expect(comparison.lenient.before == 0.75 && comparison.lenient.difference == nil)
        #expect(comparison.rightInFormat == [0.5, 0.75] && comparison.meanLength == [10, 10])
        #expect(comparison.transitions == nil && comparison.strictByLength.isEmpty)
        // The first two problems have answers, the others have a place.
        #expect(comparison.changes.map(\.problem) == ["p1", "#4", "#5"])
        #expect(comparison.changes.map(\.hasAnswers) == [true, false, false])
        #expect(comparison.changes[0].extractedBefore == "a" && comparison.changes[0].extractedAfter == "b")
        let data = try JSONEncoder().encode(comparison)
        #expect(try JSONDecoder().decode(EvaluationComparison.self, from: data) == comparison)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["transitions"] == nil && (object["lenient"] as? [String: Any])?["difference"] == nil)
    }

    @Test("of the real model compare as Documentation/Evaluation.md says")
    func committedRuns() throws {
        let runs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Documentation/RealModel/real-orders")
        let names = ["sft-tinylora-13-lr0.02-seed1", "grpo-tinylora-13-lr0.02-seed1"]
        let paths = names.map { runs.appendingPathComponent($0).path }
        let pair = try EvaluationPair(reading: paths[0], and: paths[1])
        let comparison = try #require(pair.comparisons.first), difference = try #require(comparison.strict.difference)
        #expect(pair.differences.isEmpty)
        #expect(abs(comparison.strict.before - 0.68) < 1e-12 && abs(comparison.strict.after - 0.91) < 1e-12)
        #expect(comparison.test == PairedComparison(improved: 27, worsened: 4))
        #expect(abs(difference.low - 0.12415) < 1e-5 && abs(difference.high - 0.32683) < 1e-5)
    }

    @Test("of another model are compared with a warning")
    func otherModel() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write("a", "0101")
        try write("b", "0111", model: "n")
        let pair = try EvaluationPair(reading: path("a"), and: path("b"))
        #expect(pair.differences.map(\.setting) == ["model"] && pair.comparisons.count == 1)
    }

    @Test("that were asked something else are refused with both values")
    func refusals() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write("a", "0101")
        try write("set", "0101", set: "other")
        try write("count", "01010")
        try write("content", "0101", content: "bb")
        try write("style", "0101") { $0.promptStyle = "boxed" }
        try write("grader", "0101") { $0.grader = "math" }
        try write("limit", "0101") { $0.rollout.maxTokens = 7 }
        try write("stop", "0101") { $0.rollout.stopTexts = ["x"] }
        let limit = TrainingConfiguration().rollout.maxTokens
        for (name, sentence) in [
            ("set", "problem set own and other"), ("count", "own.problems 4 and 5"),
            ("content", "own.content aa and bb"), ("style", "own.prompt_style abacus and boxed"),
            ("grader", "own.grader auto and math"),
            ("limit", "max_tokens \(limit) and 7"), ("stop", "own.stop_texts none and [\"x\"]"),
        ] {
            let error = #expect(throws: RunError.self) { try EvaluationPair(reading: path("a"), and: path(name)) }
            #expect(error?.code == .notPaired)
            let end = "were not asked the same problems in the same way: " + sentence
            #expect(error?.message.hasSuffix(end) == true, "\(name): \(error as Any)")
        }
        // The style that Abacus has by itself is the same by name.
        try write("named", "0101") { $0.promptStyle = "abacus" }
        #expect(try EvaluationPair(reading: path("a"), and: path("named")).differences.isEmpty)
    }

    @Test("that have no evaluation after the last step, or do not say which problems were right, are refused")
    func incomplete() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write("a", "0101")
        try write("early", "0101") { $0.steps = 2 }
        try write("old", nil)
        for (name, words) in [
            ("early", "no evaluation on test problems after its last step, 2"), ("old", "does not say"),
        ] {
            let error = #expect(throws: RunError.self) { try EvaluationPair(reading: path("a"), and: path(name)) }
            #expect(error?.code == .notPaired && error?.message.contains(words) == true, "\(error as Any)")
        }
        let none = #expect(throws: RunError.self) { try EvaluationPair(reading: path("a"), and: path("none")) }
        #expect(none?.code == .damagedRecords)
    }
}
