import Testing
import TinyRuns
import TinyEngine
import TinyProblems
import TinyStatistics
import TinyFoundation
import TinyRecords

/// What several samples of each problem come to.
@Suite("Several samples of each problem")
struct SamplingResultTests {
    /// Answers the sample's number of the list that is the question.
    private func result(
        _ lists: [[String]], reward: any Reward = MathReward(), answer: String = "1/2"
    ) async throws -> EvaluationResult {
        let set = ProblemSet(
            name: "set",
            problems: lists.enumerated().map { index, list in
                Problem(
                    id: "p\(index)", question: list.joined(separator: ";"), answer: answer,
                    subject: index % 2 == 0 ? "even" : "odd", level: index == 0 ? "10" : "9")
            })
        let policy = ScriptedSampler { prompt, random in
            let answers = prompt.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
            // The stream of sample k of problem p is known, so the sample can be told from it.
            let first = random.next()
            for problem in lists.indices {
                for sample in answers.indices {
                    var stream = RandomStream(
                        .sampling, seed: 3, step: Evaluator.streamStep, problem: problem, sample: sample)
                    if stream.next() == first { return answers[sample] }
                }
            }
            return "?"
        }
        return try await Evaluator(
            sampler: policy, prompter: Prompter(style: .plain, codec: ScalarCodec()), reward: reward,
            sampling: SamplingParameters(maxTokens: 60, stopTokens: [0]), samplesPerProblem: lists[0].count, seed: 3
        ).evaluate(set)
    }

    @Test("vote by the meaning of their answers, and the first of equal votes wins")
    func majority() async throws {
        let result = try await result([
            ["\\boxed{3}", "\\boxed{0.5}", "\\boxed{\\frac12}", "\\boxed{3}", "\\boxed{1/2}"],  // 3 of 5 mean 1/2
            ["\\boxed{3}", "\\boxed{0.5}", "\\boxed{3}", "\\boxed{.5}", "nothing at all!"],  // 2 to 2, 3 was first
            ["\\boxed{.5}", "\\boxed{3}", "\\boxed{3}", "\\boxed{1/2}", "?!"],  // 2 to 2, 1/2 was first
            ["?!", "?!", "?!", "?!", "?!"],  // nobody votes
        ])
        #expect(result.majority == BinomialProportion(successes: 2, trials: 4))
        #expect(result.strictPerProblem == [3, 2, 2, 0])
        #expect(result.passes.map(\.k) == [1, 2, 4, 5])
        #expect(result.passes == [1, 2, 4, 5].map { PassAtK(successes: [3, 2, 2, 0], samples: 5, k: $0) })
        #expect(result.summary.passes == result.passes && result.summary.majority == result.majority)
    }

    @Test("fall into subjects and levels, numbers in order")
    func groups() async throws {
        let result = try await result([["\\boxed{.5}", "?"], ["?", "?"], ["\\boxed{.5}", "\\boxed{.5}"]])
        #expect(result.subjects.map(\.label) == ["even", "odd"])
        #expect(result.subjects.map(\.problems) == [2, 1])
        #expect(result.subjects.map(\.strict.successes) == [3, 0])
        #expect(result.levels.map(\.label) == ["9", "10"])
        #expect(result.levels.map(\.strict.successes) == [2, 1])
    }

    @Test("have no vote when the grader extracts no answers, and its failures are counted")
    func commandReward() async throws {
        let result = try await result([["a", "b"]], reward: CommandReward("exit 1"))
        #expect(result.majority == nil && result.summary.failed == 2)
        #expect(result.samples.allSatisfy { $0.grade.failure == "the command ended with status 1" })
        #expect(result.formatWarning(of: .plain) == nil)  // the failure is told elsewhere
    }

    @Test("have a mean score and its interval where the grader gives scores, and no advice about formats")
    func score() async throws {
        let command =
            #"while read -r line; do case "$line" in *'"completion":"a"'*) echo '{"score": 0.75}';; "#
            + #"*) echo '{"score": 0.25}';; esac; done"#
        let result = try await result([["a", "b"], ["b", "b"], ["a", "a"]], reward: CommandReward(command))
        #expect(result.score == MeanInterval([0.5, 0.25, 0.75]))
        #expect(result.strict.successes == 0 && result.formatWarning(of: .gsm8k) == nil)
        let record = result.record(step: 3)
        #expect(record.score == 0.5 && record.scoreInterval == result.score?.interval)
        #expect(result.summary.score == 0.5 && result.summary.scoreInterval == record.scoreInterval)
        let none = try await self.result([["a"]], reward: CommandReward("echo '{\"score\": 0}'"))
        #expect(none.formatWarning(of: .plain) == "the grader gave each of 1 completions a score of 0")
        #expect(try await self.result([["a"]]).score == nil)
    }
}
