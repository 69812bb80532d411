import Foundation
import Synchronization
import Testing
import TinyRuns
import TinyEngine
import TinyProblems
import TinyStatistics
import TinyFoundation

@Suite("Evaluator")
struct EvaluatorTests {
    /// Five problems "0" to "4" whose answers are their questions.
    private let set = ProblemSet(
        name: "five", problems: (0..<5).map { Problem(id: "p\($0)", question: "\($0)", answer: "\($0)") })

    private func evaluator(_ policy: any Sampler, samplesPerProblem: Int = 1, completionsPerCall: Int = 512)
        -> Evaluator
    {
        Evaluator(
            sampler: policy, prompter: Prompter(style: .plain, codec: ScalarCodec()),
            sampling: SamplingParameters(maxTokens: 10, stopTokens: [0]), samplesPerProblem: samplesPerProblem, seed: 7,
            completionsPerCall: completionsPerCall)
    }

    /// Right where marked, right without a marker, wrong, unreadable, cut off.
    private let mixed = ScriptedSampler { prompt, _ in
        switch prompt {
        case "0": "#### 0"
        case "1": "so 1"
        case "2": "#### 3"
        case "3": "dunno"
        default: "thinking and thinking"
        }
    }

    @Test("grades every problem, in order, without the stop token's text")
    func grades() async throws {
        let result = try await evaluator(mixed).evaluate(set)
        #expect(result.samples.map(\.problem) == ["p0", "p1", "p2", "p3", "p4"])
        #expect(result.samples.map(\.prompt) == ["0", "1", "2", "3", "4"])
        #expect(result.samples.map(\.completion) == ["#### 0", "so 1", "#### 3", "dunno", "thinking a"])
        #expect(result.samples.map(\.grade.strict) == [true, false, false, false, false])
        #expect(result.samples.map(\.grade.lenient) == [true, true, false, false, false])
        #expect(result.samples.map(\.grade.extracted) == ["#### 0".last.map(String.init), "1", "3", nil, nil])
        #expect(result.samples.map(\.tokenCount) == [7, 5, 7, 6, 10])
        #expect(result.samples.map(\.stop) == [.endOfText, .endOfText, .endOfText, .endOfText, .tokenLimit])
        #expect(result.strict == BinomialProportion(successes: 1, trials: 5))
        #expect(result.lenient == BinomialProportion(successes: 2, trials: 5))
        #expect(result.parsing.wellFormed == 2)
        #expect(result.problemCount == 5)
        #expect(result.truncatedCount == 1)
        #expect(result.tokenCount == 35)
        #expect(result.meanCompletionLength == 7)
    }

    @Test("grades what stands before a stop text, and does not count it as cut off")
    func stopText() async throws {
        let sampler = ScriptedSampler { prompt, _ in
            prompt.hasPrefix("Question: x") ? "#### 1\n\nQuestion: y\n#### 0" : ""
        }
        var style = PromptStyle.plain
        style.examples = [PromptExample(question: "x", solution: "#### 3")]
        var evaluator = evaluator(sampler)
        evaluator.prompter = Prompter(style: style, codec: ScalarCodec())
        evaluator.sampling.maxTokens = 100
        let result = try await evaluator.evaluate(
            ProblemSet(name: "one", problems: [Problem(id: "p", question: "?", answer: "1")]))
        #expect(result.samples.map(\.completion) == ["#### 1\n"])
        #expect(result.samples.map(\.stop) == [.stopText] && result.truncatedCount == 0)
        #expect(result.samples.map(\.tokenCount) == ["#### 1\n\nQuestion:".count])
        #expect(result.strict.successes == 1)
    }

    @Test("gives the same samples however the work is cut into calls", arguments: [1, 4, 7, 1000])
    func chunks(completionsPerCall: Int) async throws {
        let answer: @Sendable (String, inout RandomStream) -> String = { prompt, random in
            "#### \(random.below(3) == 0 ? prompt : "9")"
        }
        let whole = ScriptedSampler(answer: answer), cut = ScriptedSampler(answer: answer)
        let expected = try await evaluator(whole, samplesPerProblem: 3).evaluate(set, adapter: [1, 2])
        let found = try await evaluator(cut, samplesPerProblem: 3, completionsPerCall: completionsPerCall)
            .evaluate(set, adapter: [1, 2])
        #expect(found.samples == expected.samples)
        #expect(found.strict == expected.strict)
        #expect(found.strict.successes > 0 && found.strict.successes < 15)
        #expect(whole.requestsOfCalls.map(\.count) == [5])
        let largest = max(1, completionsPerCall / 3)
        #expect(cut.requestsOfCalls.allSatisfy { $0.count <= largest })
        #expect(cut.requestsOfCalls.flatMap { $0 }.allSatisfy { $0.adapter == [1, 2] && $0.streams.count == 3 })
    }

    @Test("names its streams by problem and sample, in a step that training never has")
    func streams() async throws {
        let policy = ScriptedSampler { _, random in "\(random.next())" }
        let result = try await evaluator(policy, samplesPerProblem: 2).evaluate(set)
        for (index, sample) in result.samples.enumerated() {
            var stream = RandomStream(.sampling, seed: 7, step: 1 << 31, problem: index / 2, sample: index % 2)
            #expect(sample.completion == "\(stream.next())".prefix(10))
        }
        #expect(Evaluator.streamStep == 1 << 31)
        #expect(Set(result.samples.map(\.completion)).count == 10)
    }

    @Test("reports progress that grows to all completions")
    func progress() async throws {
        let reports = Mutex<[EvaluationProgress]>([])
        let result = try await evaluator(mixed, completionsPerCall: 2).evaluate(set) { report in
            reports.withLock { $0.append(report) }
        }
        let seen = reports.withLock { $0 }
        #expect(seen.allSatisfy { $0.total == 5 })
        #expect(seen.map(\.finished) == seen.map(\.finished).sorted())
        #expect(seen.map(\.tokens) == seen.map(\.tokens).sorted())
        #expect(seen.last?.finished == 5)
        #expect(seen.last?.tokens == result.tokenCount)
        #expect(Set(seen.map(\.finished)) == [2, 4, 5])
    }

    @Test("refuses what cannot be evaluated, before it samples")
    func refusals() async throws {
        func error(_ evaluator: Evaluator, _ set: ProblemSet) async -> RunError? {
            await #expect(throws: RunError.self) { try await evaluator.evaluate(set) }
        }
        let policy = ScriptedSampler(contextLength: 4) { _, _ in "" }
        let long = ProblemSet(
            name: "long",
            problems: [
                Problem(id: "short", question: "123", answer: "1"), Problem(id: "row 9", question: "1234", answer: "1"),
            ])
        let tooLong = await error(evaluator(policy), long)
        #expect(tooLong?.code == .promptTooLong)
        #expect(
            tooLong?.message
                == "the prompt of problem row 9 of long has 4 tokens, but the context holds 4, of which the completion needs "
                + "at least one")

        let empty = ProblemSet(name: "empty", problems: [])
        #expect(await error(evaluator(policy), empty)?.message == "empty holds no problems to evaluate")
        let blank = ProblemSet(name: "blank", problems: [Problem(id: "1", question: "", answer: "1")])
        #expect(await error(evaluator(policy), blank)?.code == .emptyPrompt)
        #expect(await error(evaluator(policy, samplesPerProblem: 0), set)?.code == .noSamples)
        var endless = evaluator(policy)
        endless.sampling.maxTokens = 0
        #expect(throws: RunError.self) { try endless.check(set) }
        #expect(policy.requestsOfCalls.isEmpty)

        let careless = ScriptedSampler(missing: 1) { _, _ in "" }
        let missing = await #expect(throws: EngineError.self) {
            try await evaluator(careless, samplesPerProblem: 2).evaluate(set)
        }
        #expect(missing?.message == "the sampler gave 9 of 10 completions")
    }

    @Test("stops between calls when it is cancelled")
    func cancellation() async {
        let policy = ScriptedSampler { _, _ in
            withUnsafeCurrentTask { $0?.cancel() }
            return ""
        }
        let evaluator = evaluator(policy, completionsPerCall: 1), set = set
        let outcome = await Task { try await evaluator.evaluate(set) }.result
        #expect(throws: CancellationError.self) { try outcome.get() }
        #expect(policy.requestsOfCalls.count == 1)
    }

    @Test("sums up under stable keys")
    func summary() async throws {
        let result = try await evaluator(mixed).evaluate(set)
        let data = try JSONEncoder().encode(result.summary)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(
            Set(object.keys) == [
                "problem_set", "strict", "lenient", "interval", "lenient_interval", "problems", "samples_per_problem",
                "well_formed", "truncated", "mean_completion_length", "tokens", "seconds", "tokens_per_second",
            ])
        #expect(object["strict"] as? Double == 0.2)
        #expect(object["lenient"] as? Double == 0.4)
        #expect(object["problems"] as? Int == 5)
        let interval = WilsonInterval(successes: 1, trials: 5)
        #expect(object["interval"] as? [Double] == [interval.low, interval.high])
        #expect(try JSONDecoder().decode(EvaluationSummary.self, from: data) == result.summary)
    }
}
