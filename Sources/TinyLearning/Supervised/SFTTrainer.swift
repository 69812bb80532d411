public import TinyEngine
public import TinyProblems
public import TinyRecords

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
    /// Those of them that lost their end because they are longer than `max_length` or the model's context.
    public let truncatedCount: Int
    /// Most tokens of an example.
    public let maxLength: Int

    private let policy: any Policy
    private let schedule: LearningRateSchedule
    private let order: ExampleOrder
    /// Examples by the row of their problem.
    private let examples: [Int: SupervisedExample]

    /// Checks everything that can be checked before the first step. Encodes every solution that the run uses.
    ///
    /// - Parameters:
    ///   - policy: The model with a place for an adapter.
    ///   - configuration: The run's settings.
    ///   - problems: Problems with solutions, in file order.
    ///   - prompter: How a question becomes a prompt.
    ///   - endToken: Follows every solution, so that the model learns to stop; `nil` adds nothing.
    /// - Throws: ``TrainingError`` with code `invalidConfiguration`, `noProblems`, `noSolution` or `promptTooLong`; the last
    ///   two name the first such row.
    public init(
        policy: any Policy, configuration: TrainingConfiguration, problems: [Problem],
        prompter: Prompter, endToken: Int?
    ) throws(TrainingError) {
        try configuration.check(problems: problems)
        let settings = configuration.supervised
        let encoder = SupervisedEncoder(
            prompter: prompter, endToken: endToken,
            maxLength: min(settings.maxLength ?? .max, policy.contextLength))
        var examples: [Int: SupervisedExample] = [:]
        if settings.packing {  // which examples share a pack depends on the lengths of all
            for row in problems.indices { examples[row] = try encoder.example(of: problems[row]) }
            order = ExampleOrder(
                packing: problems.indices.map { examples[$0]?.tokenCount ?? 0 }, capacity: encoder.maxLength,
                perStep: settings.examplesPerStep, seed: configuration.seed)
        } else {
            order = ExampleOrder(
                count: problems.count, perStep: settings.examplesPerStep, seed: configuration.seed)
            for step in 1...configuration.steps where examples.count < problems.count {
                for row in order.rows(step: step) where examples[row] == nil {
                    examples[row] = try encoder.example(of: problems[row])
                }
            }
        }
        self.policy = policy
        self.configuration = configuration
        self.examples = examples
        exampleCount = examples.count
        truncatedCount = examples.values.count(where: \.isTruncated)
        maxLength = encoder.maxLength
        schedule = LearningRateSchedule(configuration.optimiser, steps: configuration.steps)
    }

    /// The untrained adapter.
    public func startingState() -> TrainingState { TrainingState(starting: policy.initialAdapter) }

    /// Differentiates the loss on the step's examples and updates.
    public func makeStep(
        _ step: Int, from state: TrainingState, after before: StepMetrics?,
        report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> FinishedStep {
        let clock = ContinuousClock()
        let began = clock.now
        let examples = order.rows(step: step).compactMap { self.examples[$0] }
        let sequences = examples.map(\.sequence)
        let scored = sequences.reduce(0) { $0 + $1.completion.count }
        report(.differentiating(step: step, update: 1, completions: sequences.count))
        let weight = -1 / Float(scored)
        let result = try await policy.gradients(of: sequences, adapter: stored(state.parameters), temperature: 1) {
            _, logprobs in Array(repeating: weight, count: logprobs.count)
        }
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
        let seconds = (clock.now - began).seconds
        return FinishedStep(
            step: step, metrics: metrics, state: next,
            time: StepTime(
                seconds: seconds, rolloutSeconds: 0, trainingSeconds: seconds,
                tokensPerSecond: Double(tokens) / max(seconds, 1e-9)),
            samples: [])
    }

    /// Says once, after the first step, how many examples lost their end.
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
