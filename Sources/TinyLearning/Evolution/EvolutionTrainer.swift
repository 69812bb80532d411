// Legend: P problems · M members of the population · S samples of one problem by one member

public import TinyEngine
public import TinyFoundation
public import TinyRecords

/// Trains the numbers of an adapter by trying populations of them: completions and rewards only, no backward pass.
///
/// Each step draws a population around the trained numbers and rounds every member to the stored element type. All members
/// answer the same problems, in one call of the sampler with an adapter for each request. A member's fitness is its mean
/// reward, and the strategy moves to where that was higher. What is evaluated and deployed is the middle of the population.
///
/// Because all members answer the same problems, how hard a problem is adds the same to every fitness and cannot turn the
/// order. ``LossSettings/scaleRewards`` may still divide: with `group` each problem's rewards are divided by their standard
/// deviation over the population, so that problems that few members solve count for more.
public struct EvolutionTrainer: Trainer {
    /// The run's settings.
    public let configuration: TrainingConfiguration
    /// The search.
    public let strategy: any EvolutionStrategy
    private let initialAdapter: [Float]
    private let rollouts: RolloutSampler
    private let schedule: LearningRateSchedule

    /// Checks everything that can be checked before the first token is sampled.
    ///
    /// - Parameters:
    ///   - sampler: Samples the completions of all members.
    ///   - initialAdapter: The parameters in the middle of the first population.
    ///   - task: What to train on.
    ///   - configuration: The run's settings; its algorithm is `openes` or `cma-es`.
    /// - Throws: ``TrainingError`` with code `invalidConfiguration`, `noProblems`, `promptTooLong` or `unusablePrompt`.
    public init(
        sampler: any Sampler, startingAt initialAdapter: [Float], task: TrainingTask,
        configuration: TrainingConfiguration
    ) throws(TrainingError) {
        rollouts = try RolloutSampler(sampler: sampler, task: task, configuration: configuration)
        strategy = try Self.strategy(configuration, count: initialAdapter.count)
        self.initialAdapter = initialAdapter
        self.configuration = configuration
        schedule = LearningRateSchedule(configuration.optimiser, steps: configuration.steps)
    }

    private static func strategy(
        _ configuration: TrainingConfiguration, count: Int
    ) throws(TrainingError) -> any EvolutionStrategy {
        guard count >= 1 else {
            throw TrainingError(.invalidConfiguration, "the adapter has no parameters to search among")
        }
        switch configuration.algorithm {
        case .openES:
            return OpenES(
                configuration.evolution, optimiser: configuration.optimiser, count: count, seed: configuration.seed)
        case .cmaES: return try CMAES(configuration.evolution, count: count, seed: configuration.seed)
        default:
            throw TrainingError(
                .invalidConfiguration,
                "algorithm \(configuration.algorithm.rawValue) is not an evolution strategy, expected openes or cma-es")
        }
    }

    /// The initial adapter in the middle of the first population.
    public func startingState() -> TrainingState { strategy.startingState(at: initialAdapter) }

    /// No reward, equal fitness, no answers, or only completions cut at the token limit.
    public func warnings(after history: [StepMetrics]) -> [TrainingWarning] {
        let rollouts = TrainingWarning.due(after: history.compactMap(\.rollout), of: configuration.steps)
            .filter { if case .equalRewards = $0 { false } else { true } }
        return rollouts + TrainingWarning.dueAboutFitness(after: history.compactMap(\.evolution))
    }

    /// Draws a population, lets it answer, moves.
    public func makeStep(
        _ step: Int, from state: TrainingState, after before: StepMetrics?,
        report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> FinishedStep {
        var timer = StepTimer()
        let population = try strategy.ask(step, from: state)
        let membersMN = population.membersMN.map { stored($0.map { Float($0) }) }
        try checkFinite(membersMN, step: step)
        let rollout = try await timer.sampling(report) { try await sample(step, membersMN: membersMN, $0) }

        let fitnessM = rollout.fitness(members: membersMN.count, scale: configuration.loss.scaleRewards)
        let rate = schedule.rate(step: step)
        let moved = try strategy.tell(fitnessM, of: population, from: state, learningRate: rate)
        try checkFinite([stored(moved.state.parameters)], step: step)
        var metrics = StepMetrics()
        metrics.rollout = rollout.metrics(penalisesLength: configuration.rollout.overlongMargin != nil)
        metrics.evolution = measurements(
            population, membersMN: membersMN, middle: state.parameters,
            rewardsM: rollout.fitness(members: membersMN.count, scale: .none), fitnessM: fitnessM, moved: moved)
        metrics.numTokens = (before?.numTokens ?? 0) + rollout.tokens
        metrics.generatedTokens = (before?.generatedTokens ?? 0) + rollout.completionTokens
        metrics.epoch = rollouts.order.epoch(after: step)
        // cma-es moves all the way to its new mean.
        metrics.learningRate = configuration.algorithm == .openES ? rate : 1
        metrics.loss = -(metrics.evolution?.fitnessMean ?? 0)
        metrics.gradientNorm = moved.gradientNorm
        let shown = min(configuration.rollout.samplesPerStep ?? .max, rollout.samples.count)
        return FinishedStep(
            step: step, metrics: metrics, state: moved.state, time: timer.time(tokens: rollout.completionTokens),
            samples: rollout.shown(shown).map { $0.record(step: step) })
    }

    /// Samples and grades the completions of the whole population, problem by problem, member by member.
    private func sample(
        _ step: Int, membersMN: [[Float]], _ report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> Rollout {
        let samples = configuration.rollout.groupSize
        let requests = rollouts.order.rows(step: step).enumerated().flatMap { index, row in
            membersMN.enumerated().map { member, adapter in
                let first = configuration.evolution.usesCommonRandomNumbers ? 0 : member * samples
                let streams = (first..<first + samples).map { sample in
                    StreamName(.sampling, seed: configuration.seed, step: step, problem: index, sample: sample)
                }
                return RolloutSampler.Request(
                    row: row, adapter: adapter, streams: streams, firstIndex: member * samples)
            }
        }
        let total = requests.count * samples
        let answers = try await rollouts.complete(requests) { tokens, finished in
            report(.sampling(step: step, tokens: tokens, finished: finished, completions: total))
        }
        var rollout = Rollout(answers.flatMap { $0 }, groupSize: membersMN.count * samples)
        rollout.compare(GroupAdvantages(scale: configuration.loss.scaleRewards), penalties: nil)
        return rollout
    }

    private func measurements(
        _ population: Population, membersMN: [[Float]], middle: [Float], rewardsM: [Double], fitnessM: [Double],
        moved: EvolutionStep
    ) -> EvolutionMetrics {
        var metrics = EvolutionMetrics()
        metrics.populationSize = membersMN.count
        metrics.stepSize = population.stepSize
        metrics.axisRatio = population.axisRatio
        let squares = membersMN.reduce(0.0) { sum, member in
            let length = distance(member, middle)
            return sum + length * length
        }
        metrics.spread = (squares / Double(membersMN.count * max(1, middle.count))).squareRoot()
        metrics.fitnessBest = rewardsM.max() ?? 0
        metrics.fitnessMean = rewardsM.reduce(0, +) / Double(rewardsM.count)
        metrics.fitnessDeviation = sampleDeviation(rewardsM)
        metrics.tiedMembers = tiedMembers(fitnessM)
        metrics.updateNorm = moved.updateNorm
        return metrics
    }

    private func checkFinite(_ members: [[Float]], step: Int) throws(TrainingError) {
        for member in members {
            guard let index = member.firstIndex(where: { !$0.isFinite }) else { continue }
            throw TrainingError(
                .notFinite,
                "in step \(step) the stored value of number \(index) is \(member[index]); the \(step - 1) steps before "
                    + "are kept", hint: "a smaller sigma or learning_rate keeps the numbers in range")
        }
    }
}

extension Rollout {
    /// Mean of what each of `members` earned, `[M]`, in groups of all completions of one problem in the members' order.
    func fitness(members: Int, scale: RewardScale) -> [Double] {
        memberFitness(rewardsPG: rewardsPG, members: members, scale: scale)
    }
}

extension TrainingWarning {
    /// That no member of the population did better than another, at once and again after 10, 20, 40, … steps in a row.
    ///
    /// What counts is the fitness that the strategy was given: mean rewards may tie where rewards that are divided do not. Members
    /// that tie in several groups are all tied too, but then something moves.
    static func dueAboutFitness(after history: [EvolutionMetrics]) -> [TrainingWarning] {
        let streak = history.reversed().prefix { $0.tiedMembers == $0.populationSize && $0.updateNorm == 0 }.count
        let isDue = streak == 1 || streak >= 10 && streak % 10 == 0 && (streak / 10).nonzeroBitCount == 1
        return isDue ? [.equalFitness(steps: streak)] : []
    }
}
