public import TinyEngine
public import TinyProblems
public import TinyRecords

/// Trains the numbers of an adapter by trying populations of them: completions and rewards only, no backward pass.
///
/// Each step draws a population around the trained numbers and rounds every member to the stored element type. All members
/// answer the same problems, in one call of the policy with an adapter for each request. A member's fitness is its mean
/// reward, and the strategy moves to where that was higher. What is evaluated and deployed is the middle of the population.
///
/// Because all members answer the same problems, how hard a problem is adds the same to every fitness and cannot turn the
/// order. ``LossSettings/scaleRewards`` may still divide: with `group` each problem's rewards are divided by their standard
/// deviation over the population, so that problems that few members solve count for more.
public struct EvolutionTrainer: Trainer {
    let policy: any Policy
    /// The run's settings.
    public let configuration: TrainingConfiguration
    /// What is searched with.
    public let strategy: any EvolutionStrategy
    let sampler: RolloutSampler
    let schedule: LearningRateSchedule

    /// Checks everything that can be checked before the first token is sampled.
    ///
    /// - Parameters:
    ///   - policy: The model with a place for an adapter.
    ///   - configuration: The run's settings; its algorithm is `openes` or `cma-es`.
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
        strategy = try Self.strategy(configuration, count: policy.parameterCount)
        self.policy = policy
        self.configuration = configuration
        schedule = LearningRateSchedule(configuration.optimiser, steps: configuration.steps)
    }

    private static func strategy(
        _ configuration: TrainingConfiguration, count: Int
    ) throws(TrainingError) -> any EvolutionStrategy {
        guard count >= 1 else {
            throw TrainingError(.invalidConfiguration, "the policy's adapter has no numbers to search among")
        }
        switch configuration.algorithm {
        case .openES:
            return OpenES(
                configuration.evolution, optimiser: configuration.optimiser, count: count, seed: configuration.seed)
        case .cmaES: return try CMAES(configuration.evolution, count: count, seed: configuration.seed)
        default:
            throw TrainingError(
                .invalidConfiguration,
                "algorithm \(configuration.algorithm.rawValue) is no evolution strategy, expected openes or cma-es")
        }
    }

    /// The untrained adapter in the middle of the first population.
    public func startingState() -> TrainingState { strategy.startingState(at: policy.initialAdapter) }

    /// Missing rewards, equal fitness, missing answers, missing room.
    public func warnings(after history: [StepMetrics]) -> [TrainingWarning] {
        let rollouts = TrainingWarning.due(after: history.compactMap(\.rollout), of: configuration.steps)
            .filter { if case .equalRewards = $0 { false } else { true } }
        return rollouts + TrainingWarning.dueAboutFitness(after: history.compactMap(\.evolution))
    }
}

extension TrainingWarning {
    /// That no member of the population did better than another, at once and again after 10, 20, 40, … steps in a row.
    static func dueAboutFitness(after history: [EvolutionMetrics]) -> [TrainingWarning] {
        let streak = history.reversed().prefix { $0.fitnessDeviation == 0 }.count
        let isDue = streak == 1 || streak >= 10 && streak % 10 == 0 && (streak / 10).nonzeroBitCount == 1
        return isDue ? [.equalFitness(steps: streak)] : []
    }
}
