public import TinyPolicy
public import TinyProblems
import TinyTensor

/// How far an evaluation has come.
public struct EvaluationProgress: Sendable, Hashable {
    /// Completions that have ended.
    public var finished: Int
    /// Completions in all.
    public var total: Int
    /// Tokens sampled so far.
    public var tokens: Int
}

/// Measures how many problems a policy answers rightly.
///
/// ```swift
/// let evaluator = Evaluator(
///     policy: policy, codec: tokenizer, style: .abacus, reward: FinalAnswerReward(),
///     sampling: SamplingParameters(temperature: 0, maxTokens: 128, stopTokens: [0]))
/// let result = try await evaluator.evaluate(heldOut, adapter: values)
/// result.strict.fraction      // 0.87
/// ```
///
/// The result depends on the arguments only. Two evaluations with the same seed share their random numbers problem by
/// problem, so a comparison before and after training is paired. Evaluation never shares a random number with a rollout of
/// the same seed: see ``streamStep``.
public struct Evaluator: Sendable {
    /// The step in the names of an evaluation's random streams, `RandomStream(.sampling, seed:step:problem:sample:)`: the
    /// highest bit of the 32-bit index, which no training step has. Problem and sample count from 0 in the order of the set.
    public static let streamStep = 0x8000_0000

    /// What is evaluated.
    public var policy: any Policy
    /// Its text.
    public var codec: any TextCodec
    /// How a question becomes a prompt.
    public var style: PromptStyle
    /// How a completion is judged.
    public var reward: any Reward
    /// How tokens are chosen; temperature 0 for greedy answers.
    public var sampling: SamplingParameters
    /// Completions of each problem; positive. More than one only makes sense above temperature 0.
    public var samplesPerProblem: Int
    /// Names the random streams.
    public var seed: UInt64
    /// Most completions handed to the policy at once, in whole problems and at least one. It bounds memory and how long a
    /// cancelled evaluation goes on; it cannot change a result.
    public var completionsPerCall: Int

    /// Describes an evaluation.
    public init(
        policy: any Policy, codec: any TextCodec, style: PromptStyle, reward: any Reward = FinalAnswerReward(),
        sampling: SamplingParameters, samplesPerProblem: Int = 1, seed: UInt64 = 0, completionsPerCall: Int = 512
    ) {
        self.policy = policy
        self.codec = codec
        self.style = style
        self.reward = reward
        self.sampling = sampling
        self.samplesPerProblem = samplesPerProblem
        self.seed = seed
        self.completionsPerCall = completionsPerCall
    }

    /// Answers and grades every problem of a set.
    ///
    /// Everything that can be checked is checked before the first token is sampled.
    ///
    /// - Parameters:
    ///   - set: The problems; not empty.
    ///   - adapter: The adapter's numbers as stored, or `nil` for the base model.
    ///   - progress: Called now and then, from any thread.
    /// - Throws: ``EvaluationError``, whatever the policy throws, or `CancellationError`.
    public func evaluate(
        _ set: ProblemSet, adapter: [Float]? = nil, progress: (@Sendable (EvaluationProgress) -> Void)? = nil
    ) async throws -> EvaluationResult {
        try checkArguments(set, adapter: adapter)
        let prompts = try encodedPrompts(set)
        let total = set.problems.count * samplesPerProblem
        let problemsPerCall = max(1, completionsPerCall / samplesPerProblem)
        let clock = ContinuousClock()
        var elapsed = Duration.zero
        var samples: [EvaluatedSample] = []
        samples.reserveCapacity(total)
        var tokens = 0

        for first in stride(from: 0, to: set.problems.count, by: problemsPerCall) {
            try Task.checkCancellation()
            let problems = first..<min(first + problemsPerCall, set.problems.count)
            let requests = problems.map { request(problem: $0, prompt: prompts[$0].tokens, adapter: adapter) }
            let before = EvaluationProgress(finished: samples.count, total: total, tokens: tokens)
            let start = clock.now
            let completions = try await policy.complete(requests) { newTokens, newFinished in
                progress?(
                    EvaluationProgress(
                        finished: before.finished + newFinished, total: total, tokens: before.tokens + newTokens))
            }
            elapsed += start.duration(to: clock.now)
            try checkCompletions(completions, for: requests)
            for (problem, group) in zip(problems, completions) {
                samples += graded(group, problem: set.problems[problem], prompt: prompts[problem].text)
                tokens += group.reduce(0) { $0 + $1.tokens.count }
            }
            progress?(EvaluationProgress(finished: samples.count, total: total, tokens: tokens))
        }
        return EvaluationResult(
            problemSet: set.name, samples: samples, samplesPerProblem: samplesPerProblem, seconds: elapsed / .seconds(1)
        )
    }

    private func request(problem: Int, prompt: [Int], adapter: [Float]?) -> CompletionRequest {
        let streams = (0..<samplesPerProblem).map {
            RandomStream(.sampling, seed: seed, step: Self.streamStep, problem: problem, sample: $0)
        }
        return CompletionRequest(prompt: prompt, streams: streams, adapter: adapter, sampling: sampling)
    }

    private func graded(_ group: [Completion], problem: Problem, prompt: String) -> [EvaluatedSample] {
        group.enumerated().map { sample, completion in
            let text = codec.completionText(completion.tokens, endedByStopToken: completion.stop == .endOfText)
            return EvaluatedSample(
                problem: problem.id, sample: sample, prompt: prompt, completion: text,
                grade: reward.grade(text, for: problem), tokenCount: completion.tokens.count, stop: completion.stop)
        }
    }
}

extension Evaluator {
    /// Makes every prompt and checks that it fits the context with room for at least one token.
    private func encodedPrompts(_ set: ProblemSet) throws(EvaluationError) -> [(text: String, tokens: [Int])] {
        var prompts: [(text: String, tokens: [Int])] = []
        prompts.reserveCapacity(set.problems.count)
        for problem in set.problems {
            let text = style.prompt(for: problem)
            let tokens = codec.encode(text)
            guard !tokens.isEmpty else {
                throw EvaluationError(.emptyPrompt, "the prompt of problem \(problem.id) of \(set.name) has no tokens")
            }
            guard tokens.count < policy.contextLength else {
                throw EvaluationError(
                    .promptTooLong,
                    "the prompt of problem \(problem.id) of \(set.name) has \(tokens.count) tokens, but the context holds "
                        + "\(policy.contextLength), of which the completion needs at least one")
            }
            prompts.append((text, tokens))
        }
        return prompts
    }

    private func checkArguments(_ set: ProblemSet, adapter: [Float]?) throws(EvaluationError) {
        guard !set.problems.isEmpty else {
            throw EvaluationError(.noProblems, "\(set.name) holds no problems to evaluate")
        }
        guard samplesPerProblem > 0 else {
            throw EvaluationError(
                .noSamples, "an evaluation has \(samplesPerProblem) samples per problem, expected 1 or more")
        }
        if let adapter, adapter.count != policy.parameterCount {
            throw EvaluationError(
                .wrongAdapter, "the adapter has \(adapter.count) numbers, but the policy takes \(policy.parameterCount)"
            )
        }
    }

    private func checkCompletions(
        _ completions: [[Completion]], for requests: [CompletionRequest]
    ) throws(EvaluationError) {
        let expected = requests.map(\.streams.count), returned = completions.map(\.count)
        guard expected == returned else {
            throw EvaluationError(
                .wrongCompletions,
                "the policy returned \(returned.reduce(0, +)) completions of \(returned.count) prompts, expected "
                    + "\(expected.reduce(0, +)) of \(expected.count)")
        }
    }
}
