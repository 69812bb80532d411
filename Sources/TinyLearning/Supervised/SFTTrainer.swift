public import TinyEngine
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
    private let examples: SupervisedExamples

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
        examples = try SupervisedExamples(task, configuration, contextLength: learner.contextLength)
        self.learner = learner
        self.initialAdapter = initialAdapter
        self.configuration = configuration
        exampleCount = examples.byRow.count
        truncatedCount = examples.byRow.values.count(where: \.isTruncated)
        maxLength = examples.maxLength
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
        let lengths = try task.problems.indices.map { row throws(TrainingError) in
            try encoder.example(ofRow: row).tokenCount
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
        let order = examples.order
        let stepExamples = order.rows(step: step).compactMap { examples.byRow[$0] }
        let sequences = stepExamples.map(\.sequence)
        let scored = sequences.reduce(0) { $0 + $1.completion.count }
        let weight = -1 / Float(scored)
        let result = try await learner.gradients(
            of: sequences, adapter: stored(state.parameters), temperature: 1, step: step, update: 1, report: report,
            tokenWeights: { _, logprobs in Array(repeating: weight, count: logprobs.count) })
        try checkCounts(of: result.logprobs, scoring: sequences)

        var metrics = StepMetrics()
        let tokens = stepExamples.reduce(0) { $0 + $1.tokenCount }
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
