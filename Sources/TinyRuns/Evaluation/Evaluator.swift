public import TinyEngine
public import TinyProblems
public import TinyFoundation

/// Measures how many problems a model answers correctly.
///
/// ```swift
/// let evaluator = Evaluator(
///     sampler: engine, prompter: Prompter(style: .abacus, codec: tokenizer), reward: FinalAnswerReward(),
///     sampling: SamplingParameters(temperature: 0, maxTokens: 128, stopTokens: [0]))
/// let result = try await evaluator.evaluate(heldOut, adapter: values)
/// result.strict.fraction      // 0.87
/// ```
///
/// The result depends on the arguments only. Two evaluations with the same seed share their random numbers problem by
/// problem, so a comparison before and after training is paired. Evaluation never shares a random number with a rollout of
/// the same seed: see ``streamStep``.
public struct Evaluator: Sendable {
    /// The step in the names of an evaluation's random streams, `StreamName(.sampling, seed:step:problem:sample:)`: the
    /// highest bit of the 32-bit index, which no training step has. Problem and sample count from 0 in the order of the set.
    public static let streamStep = 0x8000_0000

    /// What is evaluated.
    public var sampler: any Sampler
    /// How a question becomes a prompt, and tokens become text.
    public var prompter: Prompter
    /// How a completion is judged.
    public var reward: any Reward
    /// How tokens are chosen; temperature 0 for greedy answers.
    public var sampling: SamplingParameters
    /// Completions of each problem; positive. More than one only makes sense above temperature 0.
    public var samplesPerProblem: Int
    /// Names the random streams.
    public var seed: UInt64
    /// Most completions handed to the sampler at once, in whole problems and at least one. It bounds memory and how long a
    /// cancelled evaluation goes on; it cannot change a result.
    public var completionsPerCall: Int

    /// Describes an evaluation.
    public init(
        sampler: any Sampler, prompter: Prompter, reward: any Reward = FinalAnswerReward(),
        sampling: SamplingParameters, samplesPerProblem: Int = 1, seed: UInt64 = 0, completionsPerCall: Int = 512
    ) {
        self.sampler = sampler
        self.prompter = prompter
        self.reward = reward
        self.sampling = sampling
        self.samplesPerProblem = samplesPerProblem
        self.seed = seed
        self.completionsPerCall = completionsPerCall
    }

    /// Checks what can be checked without sampling: the arguments, and that every prompt can be made and has room.
    ///
    /// - Throws: ``RunError``.
    public func check(_ set: ProblemSet, adapter: [Float]? = nil) throws(RunError) {
        try checkArguments(set, adapter: adapter)
        _ = try prompter.prompts(for: set, contextLength: sampler.contextLength)
    }

    /// Answers and grades every problem of a set.
    ///
    /// Everything that can be checked is checked before the first token is sampled.
    ///
    /// - Parameters:
    ///   - set: The problems; not empty.
    ///   - adapter: The adapter's numbers as stored, or `nil` for the base model.
    ///   - finished: Samples of the first problems from an earlier call with the same arguments, whole problems only; they
    ///     are not made again, and nothing after them changes.
    ///   - progress: Called now and then, from any thread.
    ///   - record: Called with the samples of each call of the sampler, in order, before the next begins.
    /// - Throws: ``RunError``, whatever the sampler or `record` throws, or `CancellationError`.
    public func evaluate(
        _ set: ProblemSet, adapter: [Float]? = nil, after finished: [EvaluatedSample] = [],
        progress: (@Sendable (EvaluationProgress) -> Void)? = nil, record: (([EvaluatedSample]) throws -> Void)? = nil
    ) async throws -> EvaluationResult {
        try checkArguments(set, adapter: adapter)
        let prompts = try prompter.prompts(for: set, contextLength: sampler.contextLength)
        let total = set.problems.count * samplesPerProblem
        let problemsPerCall = max(1, completionsPerCall / samplesPerProblem)
        let clock = ContinuousClock()
        var elapsed = Duration.zero
        try checkFinished(finished, of: set)
        var samples = finished
        samples.reserveCapacity(total)
        let earlier = finished.reduce(0) { $0 + $1.tokenCount }
        var tokens = earlier

        for first in stride(from: finished.count / samplesPerProblem, to: set.problems.count, by: problemsPerCall) {
            try Task.checkCancellation()
            let problems = first..<min(first + problemsPerCall, set.problems.count)
            let requests = problems.map { request(problem: $0, prompt: prompts[$0].tokens, adapter: adapter) }
            let before = EvaluationProgress(
                finished: samples.count, total: total, tokens: tokens, settled: samples.count, settledTokens: tokens,
                running: problems.count * samplesPerProblem)
            let start = clock.now
            let completions = try await sampler.complete(
                requests,
                progress: { newTokens, newFinished in
                    var now = before
                    now.finished += newFinished
                    now.tokens += newTokens
                    progress?(now)
                }, stopping: prompter.stopping)
            elapsed += start.duration(to: clock.now)
            for group in completions {
                tokens += group.reduce(0) { $0 + $1.tokens.count }
            }
            let new = try graded(
                completions, problems: Array(set.problems[problems]), prompts: prompts[problems].map(\.text))
            try record?(new)
            samples += new
            progress?(
                EvaluationProgress(
                    finished: samples.count, total: total, tokens: tokens, settled: samples.count,
                    settledTokens: tokens,
                    running: 0))
        }
        return EvaluationResult(
            problemSet: set.name, samples: samples, samplesPerProblem: samplesPerProblem,
            majority: EvaluationResult.majority(
                of: samples, per: samplesPerProblem, problems: set.problems, reward: reward),
            seconds: elapsed / .seconds(1), sampledTokens: tokens - earlier)
    }

    private func request(problem: Int, prompt: [Int], adapter: [Float]?) -> CompletionRequest {
        let streams = (0..<samplesPerProblem).map {
            StreamName(.sampling, seed: seed, step: Self.streamStep, problem: problem, sample: $0)
        }
        return CompletionRequest(prompt: prompt, streams: streams, adapter: adapter, sampling: sampling)
    }

    private func graded(
        _ groups: [[Completion]], problems: [Problem], prompts: [String]
    ) throws(RunError) -> [EvaluatedSample] {
        let answers = zip(problems, groups).flatMap { problem, group in
            group.map {
                GradedAnswer(
                    prompter.completionText($0.tokens, endedByStopToken: $0.stop == .endOfText), to: problem)
            }
        }
        let grades = reward.grades(of: answers)
        guard grades.count == answers.count else {
            throw RunError(
                .wrongGrades, "the reward gave \(grades.count) grades, expected \(answers.count)")
        }
        return groups.joined().enumerated().map { index, completion in
            let problem = answers[index].problem
            return EvaluatedSample(
                problem: problem.id, sample: index % samplesPerProblem, prompt: prompts[index / samplesPerProblem],
                completion: answers[index].completion, grade: grades[index], tokenCount: completion.tokens.count,
                stop: completion.stop, answer: problem.answer, subject: problem.subject, level: problem.level)
        }
    }

    /// Whether earlier samples are those of the first problems.
    private func checkFinished(_ finished: [EvaluatedSample], of set: ProblemSet) throws(RunError) {
        let size = samplesPerProblem
        guard finished.count.isMultiple(of: size), finished.count <= set.problems.count * size,
            finished.enumerated().allSatisfy({ index, sample in
                sample.problem == set.problems[index / size].id && sample.sample == index % size
            })
        else {
            throw RunError(
                .notPaired, "the \(finished.count) samples of an earlier evaluation are not those of \(set.name)")
        }
    }
}

extension Prompter {
    /// Makes every prompt of a set and checks that it fits the context with room for at least one token.
    func prompts(for set: ProblemSet, contextLength: Int) throws(RunError) -> [Prompt] {
        var prompts: [Prompt] = []
        prompts.reserveCapacity(set.problems.count)
        for problem in set.problems {
            let prompt: Prompt
            do throws(ProblemError) {
                prompt = try self.prompt(for: problem)
            } catch {
                throw RunError(
                    .unusablePrompt, "problem \(problem.id) of \(set.name): \(error.message)", hint: error.hint,
                    underlying: error)
            }
            let tokens = prompt.tokens
            guard !tokens.isEmpty else {
                throw RunError(.emptyPrompt, "the prompt of problem \(problem.id) of \(set.name) has no tokens")
            }
            guard tokens.count < contextLength else {
                throw RunError(
                    .promptTooLong,
                    "the prompt of problem \(problem.id) of \(set.name) has \(tokens.count) tokens, but the context holds "
                        + "\(contextLength), of which the completion needs at least one")
            }
            prompts.append(prompt)
        }
        return prompts
    }
}

extension Evaluator {
    private func checkArguments(_ set: ProblemSet, adapter: [Float]?) throws(RunError) {
        guard !set.problems.isEmpty else {
            throw RunError(.noProblems, "\(set.name) holds no problems to evaluate")
        }
        guard samplesPerProblem > 0 else {
            throw RunError(
                .noSamples, "an evaluation has \(samplesPerProblem) samples per problem, expected 1 or more")
        }
        do throws(EngineError) { try sampling.check() } catch { throw RunError(.invalidValue, error) }
    }
}
