import TinyEngine
import TinyProblems
import TinyRecords
import TinyFoundation

/// Has a sampler complete a run's problems, and grades the completions.
///
/// What all trainers that learn from rewards share: the order of the problems, their prompts, how tokens are chosen and who
/// grades.
struct RolloutSampler: Sendable {
    /// Which problems each step trains on.
    var order: ProblemOrder { prompts.order }
    private let sampler: any Sampler
    private let configuration: TrainingConfiguration
    private let task: TrainingTask
    private let sampling: SamplingParameters
    private let prompts: RolloutPrompts

    /// One problem to complete with one adapter.
    struct Request: Sendable {
        /// Row of the problem.
        var row: Int
        /// Parameters of the adapter that answers.
        var adapter: [Float]
        /// The random stream of each completion.
        var streams: [StreamName]
        /// Position of the first completion in its group.
        var firstIndex = 0
    }

    /// Checks the settings, and makes the prompt of every problem that the run may use.
    ///
    /// - Throws: ``TrainingError`` with code `invalidConfiguration`, `noProblems`, `promptTooLong` or `unusablePrompt`.
    init(sampler: any Sampler, task: TrainingTask, configuration: TrainingConfiguration) throws(TrainingError) {
        prompts = try RolloutPrompts(task, configuration, contextLength: sampler.contextLength)
        let rollout = configuration.rollout
        self.sampler = sampler
        self.configuration = configuration
        self.task = task
        sampling = SamplingParameters(
            temperature: rollout.temperature, topK: rollout.topK, topP: rollout.topP, maxTokens: rollout.maxTokens,
            stopTokens: task.stopTokens)
    }

    /// Completes and grades.
    ///
    /// - Parameters:
    ///   - asked: What to complete, all in one call of the sampler.
    ///   - progress: Called with the tokens and the completions so far.
    /// - Returns: The completions of each request, in the order of its streams.
    /// - Throws: ``TrainingError`` with code `engineMismatch`, and what the sampler throws.
    func complete(
        _ asked: [Request], progress: @escaping @Sendable (_ tokens: Int, _ finished: Int) -> Void
    ) async throws -> [[RolloutSample]] {
        let requests = asked.map { request in
            CompletionRequest(
                prompt: prompts.byRow[request.row] ?? [], streams: request.streams, adapter: request.adapter,
                sampling: sampling)
        }
        let answers = try await sampler.complete(requests, progress: progress, stopping: task.prompter.stopping)
        try Self.check(answers)
        let graded = zip(asked, answers).flatMap { request, completions in
            completions.map { completion in
                GradedAnswer(
                    task.prompter.completionText(completion.tokens, endedByStopToken: completion.stop == .endOfText),
                    to: task.problems[request.row])
            }
        }
        let grades = task.reward.grades(of: graded)
        guard grades.count == graded.count else {
            throw TrainingError(.engineMismatch, "the reward gave \(grades.count) grades, expected \(graded.count)")
        }
        for (answer, grade) in zip(graded, grades) {
            let reward = grade.reward(configuration.reward)
            guard reward.isFinite else {
                throw TrainingError(
                    .notFinite, "the reward of a completion of problem \(answer.problem.id) is \(reward)")
            }
        }
        var position = 0
        return asked.indices.map { index in
            answers[index].enumerated().map { sample, completion in
                defer { position += 1 }
                return self.sample(
                    completion, answer: graded[position], grade: grades[position], prompt: requests[index].prompt,
                    index: asked[index].firstIndex + sample)
            }
        }
    }

    private func sample(
        _ completion: Completion, answer: GradedAnswer, grade: Grade, prompt: [Int], index: Int
    ) -> RolloutSample {
        let settings = configuration.rollout
        let overlong = settings.overlongMargin.map {
            OverlongPenalty(maxTokens: settings.maxTokens, margin: $0).reward(length: completion.tokens.count)
        }
        return RolloutSample(
            problem: answer.problem, index: index,
            sequence: ScoredSequence(prompt: prompt, completion: completion.tokens), completion: completion,
            text: answer.completion, grade: grade,
            earned: grade.reward(configuration.reward), overlong: overlong ?? 0)
    }

    /// Checks that every sampled token has a log-probability.
    private static func check(_ answers: [[Completion]]) throws(TrainingError) {
        if let broken = answers.joined().first(where: { $0.tokens.count != $0.logprobs.count }) {
            throw TrainingError(
                .engineMismatch,
                "the sampler returned a completion of \(broken.tokens.count) tokens with \(broken.logprobs.count) "
                    + "log-probabilities")
        }
    }
}
