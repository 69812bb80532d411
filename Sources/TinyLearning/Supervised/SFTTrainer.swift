public import TinyEngine
package import TinyProblems
public import TinyRecords
public import TinyFoundation

/// Trains the numbers of an adapter on worked solutions, by next-token prediction.
///
/// The loss of a step is the mean of minus the log-probability over all completion tokens of its examples: each token
/// counts the same, whichever example it stands in, and prompts are never scored. One update a step.
///
/// Source: TRL's `SFTTrainer` with `completion_only_loss`; the divisor is the `num_items_in_batch` of transformers.
public struct SFTTrainer: Trainer {
    /// The run's settings.
    public let configuration: TrainingConfiguration
    /// Examples that the run uses.
    public let exampleCount: Int
    /// Those of them that were truncated because they are longer than `max_length` or the model's context.
    public let truncatedCount: Int
    /// Most tokens of an example.
    public let maxLength: Int

    private let learner: any Learner
    private let initialAdapter: [Float]?
    private let schedule: LearningRateSchedule
    private let order: ExampleOrder
    /// Examples by the row of their problem.
    private let examples: [Int: SupervisedExample]

    /// Checks everything that can be checked before the first step. Encodes every solution that the run uses.
    ///
    /// - Parameters:
    ///   - learner: Gives the gradients.
    ///   - initialAdapter: The parameters before the first step; those of an untrained adapter unless given.
    ///   - task: What to train on.
    ///   - configuration: The run's settings.
    /// - Throws: ``TrainingError`` with code `invalidConfiguration`, `noProblems`, `noSolution` or `promptTooLong`; the last
    ///   two name the first such row.
    public init(
        learner: any Learner, startingAt initialAdapter: [Float]? = nil, task: TrainingTask,
        configuration: TrainingConfiguration
    ) throws(TrainingError) {
        let problems = task.problems
        try configuration.check(problems: problems)
        let settings = configuration.supervised
        let encoder = SupervisedEncoder(task: task, settings: settings, contextLength: learner.contextLength)
        var examples: [Int: SupervisedExample] = [:]
        if settings.packing {  // which examples share a pack depends on the lengths of all
            for row in problems.indices { examples[row] = try encoder.example(of: problems[row]) }
            order = ExampleOrder(
                packing: problems.indices.map { examples[$0]?.tokenCount ?? 0 }, capacity: encoder.maxLength,
                perStep: settings.examplesPerStep, seed: configuration.seed)
        } else {
            order = ExampleOrder(
                count: problems.count, perStep: settings.examplesPerStep, seed: configuration.seed)
            for row in order.usedRows(steps: configuration.steps) {
                examples[row] = try encoder.example(of: problems[row])
            }
        }
        self.learner = learner
        self.initialAdapter = initialAdapter
        self.configuration = configuration
        self.examples = examples
        exampleCount = examples.count
        truncatedCount = examples.values.count(where: \.isTruncated)
        maxLength = encoder.maxLength
        schedule = LearningRateSchedule(configuration.optimiser, steps: configuration.steps)
    }

    /// What an epoch has: packs where examples are packed, else problems.
    ///
    /// - Throws: ``TrainingError`` for a problem that no example can be made of.
    package static func unitsOfEpoch(
        _ task: TrainingTask, _ settings: SupervisedSettings, contextLength: Int
    ) throws(TrainingError) -> Int {
        guard settings.packing else { return task.problems.count }
        let encoder = SupervisedEncoder(task: task, settings: settings, contextLength: contextLength)
        let lengths = try task.problems.map { problem throws(TrainingError) in
            try encoder.example(of: problem).tokenCount
        }
        return packed(lengths: lengths, capacity: encoder.maxLength).count
    }

    /// The initial adapter, or an untrained one.
    public func startingState() -> TrainingState {
        TrainingState(starting: initialAdapter ?? learner.initialAdapter)
    }

    /// Differentiates the loss on the step's examples and updates.
    public func makeStep(
        _ step: Int, from state: TrainingState, after before: StepMetrics?,
        report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> FinishedStep {
        let timer = StepTimer()
        let examples = order.rows(step: step).compactMap { self.examples[$0] }
        let sequences = examples.map(\.sequence)
        let scored = sequences.reduce(0) { $0 + $1.completion.count }
        let weight = -1 / Float(scored)
        let result = try await learner.gradients(
            of: sequences, adapter: stored(state.parameters), temperature: 1, step: step, update: 1, report: report,
            tokenWeights: { _, logprobs in Array(repeating: weight, count: logprobs.count) })
        try checkCounts(of: result.logprobs, scoring: sequences)

        var metrics = StepMetrics()
        let tokens = examples.reduce(0) { $0 + $1.tokenCount }
        metrics.numTokens = (before?.numTokens ?? 0) + tokens
        metrics.generatedTokens = before?.generatedTokens ?? 0
        metrics.epoch = order.epoch(after: step)
        metrics.learningRate = schedule.rate(step: step)
        metrics.loss = meanLoss(of: result.logprobs)
        let update = GradientUpdate(
            step: step, settings: configuration.optimiser, elementType: configuration.adapter.elementType)
        let (next, norm) = try update.applied(
            to: state, gradient: result.gradient, loss: metrics.loss, learningRate: metrics.learningRate)
        metrics.gradientNorm = norm
        return FinishedStep(
            step: step, metrics: metrics, state: next, time: timer.time(tokens: tokens), samples: [])
    }

    /// Says once, after the first step, how many examples were truncated.
    public func warnings(after history: [StepMetrics]) -> [TrainingWarning] {
        guard history.count == 1, truncatedCount > 0 else { return [] }
        return [.truncated(examples: truncatedCount, of: exampleCount, maxLength: maxLength)]
    }
}

/// The mean of minus the log-probability over all tokens, summed in order in `Double`.
func meanLoss(of logprobs: [[Float]]) -> Double {
    let sum = logprobs.joined().reduce(0.0) { $0 - Double($1) }
    return sum / Double(max(1, logprobs.reduce(0) { $0 + $1.count }))
}

/// A problem's prompt, which is given, and its worked solution, which is learnt.
package struct SupervisedExample: Sendable {
    /// Token ids; the completion ends with the token that ends a text, unless it was truncated.
    package let sequence: ScoredSequence
    /// Whether it was truncated at the end.
    package let isTruncated: Bool

    /// Tokens of both parts.
    package var tokenCount: Int { sequence.prompt.count + sequence.completion.count }
}

/// Turns problems into examples.
package struct SupervisedEncoder: Sendable {
    private let task: TrainingTask
    /// Most tokens of an example, prompt included.
    package let maxLength: Int

    /// Makes an encoder for the shorter of the settings' `max_length` and the model's context.
    package init(task: TrainingTask, settings: SupervisedSettings, contextLength: Int) {
        self.task = task
        maxLength = min(settings.maxLength ?? .max, contextLength)
    }

    /// The example of a problem. What is longer than ``maxLength`` is cut at the end, as TRL does.
    ///
    /// - Throws: ``TrainingError`` with code `noSolution`, `unusablePrompt`, or `promptTooLong` when no token of the solution would be left.
    package func example(of problem: Problem) throws(TrainingError) -> SupervisedExample {
        guard problem.isSolved, let solution = problem.solution else {
            throw TrainingError(
                .noSolution, "problem \(problem.id) has no worked solution",
                hint: "every row to learn from needs a \"solution\"; reinforcement learning does with answers alone")
        }
        let made = try task.prompt(of: problem)
        let prompt = made.tokens
        let completion = task.prompter.tokens(of: solution, after: made) + [task.endToken].compactMap(\.self)
        guard !prompt.isEmpty, prompt.count < maxLength, !completion.isEmpty else {
            throw TrainingError(
                .promptTooLong,
                "the prompt of problem \(problem.id) has \(prompt.count) tokens, expected 1 to \(maxLength - 1)",
                hint: "with its solution it must fit into max_length and the model's context")
        }
        let room = maxLength - prompt.count
        return SupervisedExample(
            sequence: ScoredSequence(prompt: prompt, completion: Array(completion.prefix(room))),
            isTruncated: completion.count > room)
    }
}

extension Problem {
    /// Whether there is a worked solution with something in it.
    var isSolved: Bool { solution.map { !$0.allSatisfy(\.isWhitespace) } ?? false }
}
