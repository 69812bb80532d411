import TinyEngine
import TinyProblems
import TinyRecords
import TinyFoundation

/// Asks a policy to complete a run's problems, and grades what comes back.
///
/// What all trainers that learn from rewards share: which problems there are and in which order they come, what their prompts
/// are, how tokens are chosen, who grades.
struct RolloutSampler: Sendable {
    /// Which problems each step trains on.
    let order: ProblemOrder
    private let policy: any Policy
    private let configuration: TrainingConfiguration
    private let problems: [Problem]
    private let prompter: Prompter
    private let reward: any Reward
    private let sampling: SamplingParameters
    /// Prompts of the rows that the run may use.
    private let prompts: [Int: [Int]]

    /// One problem to complete, by the numbers of one adapter.
    struct Request: Sendable {
        /// Row of the problem.
        var row: Int
        /// The numbers that answer.
        var adapter: [Float]
        /// Names the random numbers of each completion.
        var streams: [RandomStream]
        /// Position of the first completion in its group.
        var firstIndex = 0
    }

    /// Checks the settings, and makes the prompt of every problem that the run may use.
    ///
    /// - Throws: ``TrainingError`` with code `invalidConfiguration`, `noProblems`, `promptTooLong` or `unusablePrompt`.
    init(
        policy: any Policy, configuration: TrainingConfiguration, problems: [Problem], prompter: Prompter,
        stopTokens: [Int], reward: any Reward
    ) throws(TrainingError) {
        try configuration.check(problems: problems)
        let rollout = configuration.rollout
        self.policy = policy
        self.configuration = configuration
        self.problems = problems
        self.prompter = prompter
        self.reward = reward
        sampling = SamplingParameters(
            temperature: rollout.temperature, topK: rollout.topK, topP: rollout.topP, maxTokens: rollout.maxTokens,
            stopTokens: stopTokens)
        order = ProblemOrder(count: problems.count, perStep: rollout.problemsPerStep, seed: configuration.seed)
        prompts = try Self.prompts(
            of: problems,
            rows: order.rows(from: 0, count: rollout.mostProblems(of: problems.count, steps: configuration.steps)),
            context: policy.contextLength, maxTokens: rollout.maxTokens, prompter: prompter)
    }

    /// Completes and grades.
    ///
    /// - Parameters:
    ///   - asked: What to complete; all in one call of the policy.
    ///   - progress: Called with the tokens and the completions so far.
    /// - Returns: The completions of each request, in the order of its streams.
    /// - Throws: ``TrainingError`` with code `policyMismatch`, and what the policy throws.
    func complete(
        _ asked: [Request], progress: @escaping @Sendable (_ tokens: Int, _ finished: Int) -> Void
    ) async throws -> [[RolloutSample]] {
        let requests = asked.map { request in
            CompletionRequest(
                prompt: prompts[request.row] ?? [], streams: request.streams, adapter: request.adapter,
                sampling: sampling)
        }
        let answers = try await policy.complete(requests, progress: progress)
        try Self.check(answers, of: requests)
        let graded = zip(asked, answers).flatMap { request, completions in
            completions.map { completion in
                GradedAnswer(
                    prompter.completionText(completion.tokens, endedByStopToken: completion.stop == .endOfText),
                    to: problems[request.row])
            }
        }
        let grades = reward.grades(of: graded)
        guard grades.count == graded.count else {
            throw TrainingError(.policyMismatch, "the reward gave \(grades.count) grades, expected \(graded.count)")
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
            earned: grade.reward(configuration.reward == .strict ? .strict : .lenient), overlong: overlong ?? 0)
    }

    /// Checks that the policy completed what it was asked to complete.
    private static func check(_ answers: [[Completion]], of requests: [CompletionRequest]) throws(TrainingError) {
        guard answers.map(\.count) == requests.map(\.streams.count) else {
            throw TrainingError(
                .policyMismatch,
                "the policy returned \(answers.reduce(0) { $0 + $1.count }) completions to \(answers.count) requests, "
                    + "expected \(requests.reduce(0) { $0 + $1.streams.count }) to \(requests.count)")
        }
        if let broken = answers.joined().first(where: { $0.tokens.count != $0.logprobs.count }) {
            throw TrainingError(
                .policyMismatch,
                "the policy returned a completion of \(broken.tokens.count) tokens with \(broken.logprobs.count) "
                    + "log-probabilities")
        }
    }

    /// Prompts of all rows that the run may use, each checked to leave room for its completion.
    private static func prompts(
        of problems: [Problem], rows: [Int], context: Int, maxTokens: Int, prompter: Prompter
    ) throws(TrainingError) -> [Int: [Int]] {
        let room = context - maxTokens
        guard room >= 1 else {
            throw TrainingError(
                .promptTooLong,
                "max_completion_length \(maxTokens) leaves no room for a prompt in the model's context of \(context) tokens"
            )
        }
        var prompts: [Int: [Int]] = [:]
        for row in rows {
            let prompt = try prompter.promptToTrain(on: problems[row]).tokens
            guard !prompt.isEmpty, prompt.count <= room else {
                throw TrainingError(
                    .promptTooLong,
                    "the prompt of problem \(problems[row].id) has \(prompt.count) tokens, expected 1 to \(room)",
                    hint: "with max_completion_length \(maxTokens) it must fit into the model's context of \(context)")
            }
            prompts[row] = prompt
        }
        return prompts
    }
}

extension TrainingConfiguration {
    /// Checks what every trainer needs before anything else: settings that hold together, and problems.
    ///
    /// - Throws: ``TrainingError`` with code `invalidConfiguration` or `noProblems`.
    func check(problems: [Problem]) throws(TrainingError) {
        let broken = self.problems()
        guard broken.isEmpty else { throw TrainingError(.invalidConfiguration, broken.joined(separator: "; ")) }
        guard !problems.isEmpty else { throw TrainingError(.noProblems, "there are no problems to train on") }
    }
}

extension Prompter {
    /// The prompt of a problem; what keeps it from being made keeps the run from starting.
    func promptToTrain(on problem: Problem) throws(TrainingError) -> Prompt {
        do throws(ProblemError) {
            return try prompt(for: problem)
        } catch {
            throw TrainingError(
                .unusablePrompt, "problem \(problem.id): \(error.message)", hint: error.hint, underlying: error)
        }
    }
}

extension RolloutSettings {
    /// How many of `count` problems a run may come to use.
    func mostProblems(of count: Int, steps: Int) -> Int {
        let rounds = replacesEqualGroups ? maxRounds : 1
        let most = Double(steps) * Double(problemsPerStep) * Double(rounds)
        return most < Double(count) ? Int(most) : count
    }
}
