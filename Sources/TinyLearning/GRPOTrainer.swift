public import TinyEngine
public import TinyProblems
public import TinyRecords

/// Trains the numbers of an adapter with policy gradients: GRPO and its relatives, as ``LossSettings`` says.
///
/// Each step samples a group of completions for a few problems, works out how much better each did than could be expected,
/// and moves the numbers against the gradient of the loss.
///
/// With dynamic sampling a step uses up as many problems as it needs. How many the run has used is kept in the state, under
/// `problems_drawn`, so that a resumed run goes on with the same ones.
public struct GRPOTrainer: Trainer {
    let policy: any Policy
    /// The run's settings.
    public let configuration: TrainingConfiguration
    let sampler: RolloutSampler
    let schedule: LearningRateSchedule

    /// Checks everything that can be checked before the first token is sampled.
    ///
    /// - Parameters:
    ///   - policy: The model with a place for an adapter.
    ///   - configuration: The run's settings.
    ///   - problems: What to train on, in file order.
    ///   - prompter: How a question becomes a prompt.
    ///   - stopTokens: Tokens that end a completion.
    ///   - reward: Grades completions.
    /// - Throws: ``TrainingError`` with code `invalidConfiguration`, `noProblems`, `promptTooLong` or `unusablePrompt`.
    public init(
        policy: any Policy, configuration: TrainingConfiguration, problems: [Problem],
        prompter: Prompter, stopTokens: [Int], reward: any Reward
    ) throws(TrainingError) {
        sampler = try RolloutSampler(
            policy: policy, configuration: configuration, problems: problems, prompter: prompter,
            stopTokens: stopTokens, reward: reward)
        self.policy = policy
        self.configuration = configuration
        schedule = LearningRateSchedule(configuration.optimiser, steps: configuration.steps)
    }

    /// The untrained adapter.
    public func startingState() -> TrainingState {
        var state = TrainingState(starting: policy.initialAdapter)
        if configuration.rollout.replacesEqualGroups { state.buffers[Self.problemsDrawn] = [0] }
        return state
    }

    /// Where the state keeps how many problems the run has used.
    static let problemsDrawn = "problems_drawn"

    /// Missing rewards, equal rewards, missing answers, missing room.
    public func warnings(after history: [StepMetrics]) -> [TrainingWarning] {
        TrainingWarning.due(after: history.compactMap(\.rollout), of: configuration.steps)
    }
}
