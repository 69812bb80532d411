// Reinforcement learning of an adapter's numbers: rollouts, GRPO, optimiser, the directory of a run.
//
// The policy-gradient part of this target does not know: models, weights, adapters' structure, processors, tokenizers'
// files, terminals. It sees a policy, problems with a reward, and records.

public import TinyPolicy
public import TinyProblems
public import TinyRecords
import TinyTensor

/// Trains the numbers of an adapter with group-relative policy optimisation.
///
/// Each step samples a group of completions for a few problems, compares the rewards within each group, and moves the
/// numbers against the gradient of the clipped loss. Everything that happens depends only on the configuration, the
/// policy and the problems: the same inputs give the same bits, resumed or not.
///
/// ```swift
/// let trainer = try GRPOTrainer(
///     policy: policy, configuration: configuration, problems: problems, style: .abacus, codec: tokenizer,
///     stopTokens: [2], reward: FinalAnswerReward()) { event in … }
/// let result = try await trainer.run()
/// result.stored                   // the adapter's numbers, as every forward pass used them
/// ```
public struct GRPOTrainer: Sendable {
    /// Evaluates the adapter's stored numbers after a step; step 0 with `nil` is the base model.
    public typealias Evaluation = @Sendable (_ step: Int, _ adapter: [Float]?) async throws -> EvaluationRecord

    let policy: any Policy
    let configuration: TrainingConfiguration
    let problems: [Problem]
    let codec: any TextCodec
    let reward: any Reward
    let sampling: SamplingParameters
    let order: ProblemOrder
    let schedule: LearningRateSchedule
    /// Prompts of the rows that the run uses.
    let prompts: [Int: [Int]]
    private let evaluation: Evaluation?
    let report: @Sendable (TrainingEvent) -> Void

    /// Checks everything that can be checked before the first token is sampled.
    ///
    /// - Parameters:
    ///   - policy: The model with a place for an adapter.
    ///   - configuration: The run's settings.
    ///   - problems: What to train on, in file order.
    ///   - style: How a question becomes a prompt.
    ///   - codec: Text to token ids and back.
    ///   - stopTokens: Tokens that end a completion.
    ///   - reward: Grades completions.
    ///   - evaluation: Called before and after training, and every ``EvaluationSettings/interval`` steps; `nil` leaves
    ///     evaluation out, as does ``EvaluationSettings/problems`` of 0.
    ///   - report: Called with everything that happens, from any thread.
    /// - Throws: ``TrainingError`` with code `invalidConfiguration`, `noProblems` or `promptTooLong`.
    public init(
        policy: any Policy, configuration: TrainingConfiguration, problems: [Problem], style: PromptStyle,
        codec: any TextCodec, stopTokens: [Int], reward: any Reward, evaluation: Evaluation? = nil,
        report: @escaping @Sendable (TrainingEvent) -> Void = { _ in }
    ) throws(TrainingError) {
        let broken = configuration.problems()
        guard broken.isEmpty else { throw TrainingError(.invalidConfiguration, broken.joined(separator: "; ")) }
        guard !problems.isEmpty else { throw TrainingError(.noProblems, "there are no problems to train on") }
        let rollout = configuration.rollout
        self.policy = policy
        self.configuration = configuration
        self.problems = problems
        self.codec = codec
        self.reward = reward
        self.evaluation = configuration.evaluation.problems == 0 ? nil : evaluation
        self.report = report
        sampling = SamplingParameters(
            temperature: rollout.temperature, topK: rollout.topK, topP: rollout.topP, maxTokens: rollout.maxTokens,
            stopTokens: stopTokens)
        schedule = LearningRateSchedule(configuration.optimiser, steps: configuration.steps)
        order = ProblemOrder(count: problems.count, perStep: rollout.problemsPerStep, seed: configuration.seed)
        prompts = try Self.prompts(
            of: problems, steps: configuration.steps, order: order, context: policy.contextLength,
            maxTokens: rollout.maxTokens,
            encode: { codec.encode(style.prompt(for: $0)) })
    }

    /// Prompts of all rows the run will use, each checked to leave room for its completion.
    private static func prompts(
        of problems: [Problem], steps: Int, order: ProblemOrder, context: Int, maxTokens: Int,
        encode: (Problem) -> [Int]
    ) throws(TrainingError) -> [Int: [Int]] {
        let room = context - maxTokens
        guard room >= 1 else {
            throw TrainingError(
                .promptTooLong,
                "max_completion_length \(maxTokens) leaves no room for a prompt in the model's context of \(context) tokens"
            )
        }
        var prompts: [Int: [Int]] = [:]
        for step in 1...steps where prompts.count < problems.count {
            for row in order.rows(step: step) where prompts[row] == nil {
                let prompt = encode(problems[row])
                guard !prompt.isEmpty, prompt.count <= room else {
                    throw TrainingError(
                        .promptTooLong,
                        "the prompt of problem \(problems[row].id) has \(prompt.count) tokens, expected 1 to \(room)",
                        hint:
                            "with max_completion_length \(maxTokens) it must fit into the model's context of \(context)"
                    )
                }
                prompts[row] = prompt
            }
        }
        return prompts
    }

    /// Trains from the beginning or from where a run stopped.
    ///
    /// - Parameters:
    ///   - directory: Where each step is written before the next begins; `nil` writes nothing.
    ///   - progress: What ``RunDirectory/begin(configuration:manifest:)`` found.
    /// - Throws: ``TrainingError`` when a number stops being finite or the directory cannot be written, whatever the
    ///   policy throws, and `CancellationError`. All finished steps are in the directory then.
    public func run(in directory: RunDirectory? = nil, from progress: RunProgress = RunProgress()) async throws
        -> TrainingResult
    {
        var state = try startingState(progress)
        var history = progress.steps.map(\.metrics)
        var evaluations = progress.evaluations
        report(.started(steps: configuration.steps, resumedAfter: progress.steps.count))

        func evaluate(after step: Int, parameters: [Float]) async throws {
            guard let evaluation, isEvaluated(after: step), !evaluations.contains(where: { $0.step == step }) else {
                return
            }
            report(.evaluating(step: step))
            var record = try await evaluation(step, step == 0 ? nil : stored(parameters))
            record.step = step
            try directory?.append(record)
            evaluations.append(record)
            report(.evaluated(record))
        }

        try await evaluate(after: 0, parameters: state.parameters)
        for record in progress.steps { try await evaluate(after: record.step, parameters: record.state.parameters) }
        var step = progress.steps.count
        while step < configuration.steps {
            try Task.checkCancellation()
            step += 1
            let finished = try await makeStep(step, from: state, tokensBefore: history.last?.numTokens ?? 0)
            try directory?.append(finished.record, samples: finished.samples)
            state = finished.record.state
            history.append(finished.record.metrics)
            report(.stepFinished(finished.record))
            for warning in TrainingWarning.due(after: history, of: configuration.steps) { report(.warning(warning)) }
            try await evaluate(after: step, parameters: state.parameters)
        }
        return TrainingResult(
            state: state, stored: stored(state.parameters), metrics: history, evaluations: evaluations)
    }

    private func isEvaluated(after step: Int) -> Bool {
        if step == 0 || step == configuration.steps { return true }
        return configuration.evaluation.interval.map { step % $0 == 0 } ?? false
    }

    private func startingState(_ progress: RunProgress) throws(TrainingError) -> TrainingState {
        let count = policy.parameterCount
        guard let last = progress.steps.last else {
            let zeros = Array(repeating: Float(0), count: count)
            return TrainingState(parameters: zeros, firstMoment: zeros, secondMoment: zeros, updates: 0)
        }
        for list in [last.state.parameters, last.state.firstMoment, last.state.secondMoment] where list.count != count {
            throw TrainingError(
                .differentRun,
                "step \(last.step) of the run has \(list.count) trained numbers, the adapter has \(count)")
        }
        return last.state
    }

    /// The numbers as the adapter stores them, which is what every forward pass uses.
    func stored(_ parameters: [Float]) -> [Float] {
        parameters.map(configuration.adapter.elementType.elementType.rounded)
    }
}
