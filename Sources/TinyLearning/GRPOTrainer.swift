public import TinyEngine
public import TinyFoundation
public import TinyRecords

/// Trains an adapter's parameters with policy gradients: GRPO and its relatives, as ``LossSettings`` says.
///
/// Each step samples a group of completions for a few problems, compares each completion with its group, and moves the
/// parameters against the gradient of the loss. Sampler and learner may be different engines: importance weights then correct
/// for their different probabilities.
///
/// With dynamic sampling a step draws as many problems as it needs. How many the run has drawn is kept in the state, under
/// `problems_drawn`, so that a resumed run draws the same ones.
public struct GRPOTrainer: Trainer {
    /// The run's settings.
    public let configuration: TrainingConfiguration
    private let learner: any Learner
    private let initialAdapter: [Float]?
    private let rollouts: RolloutSampler
    private let schedule: LearningRateSchedule

    /// Checks everything that can be checked before the first token is sampled.
    ///
    /// - Parameters:
    ///   - sampler: Samples the completions.
    ///   - learner: Gives the gradients.
    ///   - initialAdapter: The parameters before the first step; those of an untrained adapter unless given. The divergence is
    ///     measured from the base model either way.
    ///   - task: What to train on.
    ///   - configuration: The run's settings.
    /// - Throws: ``TrainingError`` with code `invalidConfiguration`, `noProblems`, `promptTooLong` or `unusablePrompt`.
    public init(
        sampler: any Sampler, learner: any Learner, startingAt initialAdapter: [Float]? = nil, task: TrainingTask,
        configuration: TrainingConfiguration
    ) throws(TrainingError) {
        rollouts = try RolloutSampler(sampler: sampler, task: task, configuration: configuration)
        self.learner = learner
        self.initialAdapter = initialAdapter
        self.configuration = configuration
        schedule = LearningRateSchedule(configuration.optimiser, steps: configuration.steps)
    }

    /// The initial adapter, or an untrained one.
    public func startingState() -> TrainingState {
        var state = TrainingState(starting: initialAdapter ?? learner.initialAdapter)
        if configuration.rollout.replacesEqualGroups { state.buffers[Self.problemsDrawn] = [0] }
        return state
    }

    /// No reward, equal rewards, no answers, or only completions cut at the token limit.
    public func warnings(after history: [StepMetrics]) -> [TrainingWarning] {
        TrainingWarning.due(
            after: history.compactMap(\.rollout), of: configuration.steps,
            comparesAll: configuration.loss.advantage == .batch)
    }

    /// Samples, compares, updates.
    public func makeStep(
        _ step: Int, from state: TrainingState, after before: StepMetrics?,
        report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> FinishedStep {
        var timer = StepTimer()
        let drawn = try problemsDrawn(before: step, state)
        let found = try await timer.sampling(report) {
            try await sample(step, after: drawn, adapter: stored(state.parameters), $0)
        }
        var metrics = StepMetrics()
        metrics.rollout = found.metrics(configuration.rollout)
        metrics.numTokens = (before?.numTokens ?? 0) + found.all.tokens
        metrics.generatedTokens = (before?.generatedTokens ?? 0) + found.all.completionTokens
        metrics.epoch = rollouts.order.epoch(afterProblems: drawn + found.problems)
        metrics.learningRate = schedule.rate(step: step)
        var rollout = found.kept
        var next = try await update(state, step: step, rollout: &rollout, metrics: &metrics, report)
        if state.buffers[Self.problemsDrawn] != nil {
            next.buffers[Self.problemsDrawn] = [Double(drawn + found.problems)]
        }
        return FinishedStep(
            step: step, metrics: metrics, state: next, time: timer.time(tokens: found.all.completionTokens),
            samples: rollout.shown(configuration.rollout.recordedSamples).map { $0.record(step: step) })
    }

    // MARK: Sampling

    /// The state's buffer with the number of problems that the run has drawn.
    private static let problemsDrawn = "problems_drawn"

    /// Problems that the run drew before a step.
    private func problemsDrawn(before step: Int, _ state: TrainingState) throws(TrainingError) -> Int {
        let rollout = configuration.rollout
        guard rollout.replacesEqualGroups else { return (step - 1) * rollout.problemsPerStep }
        guard let values = state.buffers[Self.problemsDrawn], values.count == 1, let drawn = Int(exactly: values[0]),
            (0...(1 << 53)).contains(drawn)
        else {
            throw TrainingError(
                .unusableState,
                "the state after step \(step - 1) has no count of the problems drawn (\(Self.problemsDrawn))")
        }
        return drawn
    }

    /// Samples and grades the completions of a step, problems in their order after the first `drawn` of the run.
    ///
    /// With dynamic sampling each group whose completions all earned the same is replaced by that of the next problem, until
    /// none is left or the rounds are used up; equal groups that are left then stay. Streams are named by the step and by how
    /// many problems the step drew before, so a draw depends on nothing else.
    ///
    /// Source: DAPO, arXiv:2503.14476 §3.2: a group is kept when some but not all of its completions are right. The penalty
    /// on length does not make a group worth keeping.
    private func sample(
        _ step: Int, after drawn: Int, adapter: [Float], _ report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> SampledStep {
        let settings = configuration.rollout
        var groups: [[RolloutSample]] = Array(repeating: [], count: settings.problemsPerStep)
        var discarded: [RolloutSample] = []
        var wanted = Array(groups.indices)
        var problems = 0, rounds = 0, tokens = 0
        repeat {
            let found = try await completeGroups(
                rollouts.order.rows(from: drawn + problems, count: wanted.count), step: step, drawn: problems,
                tokens: tokens, adapter: adapter, report)
            for (place, group) in zip(wanted, found) {
                discarded += groups[place]
                groups[place] = group
                tokens += group.reduce(0) { $0 + $1.completion.tokens.count }
            }
            problems += wanted.count
            rounds += 1
            wanted = settings.replacesEqualGroups ? wanted.filter { !groups[$0].hasDifferentRewards } : []
        } while !wanted.isEmpty && rounds < settings.maxRounds
        return SampledStep(
            kept: Rollout(groups.flatMap { $0 }, groupSize: settings.groupSize),
            discarded: Rollout(discarded, groupSize: settings.groupSize), problems: problems, rounds: rounds)
    }

    /// Samples and grades a group for each of these problems; the step drew `drawn` others before.
    private func completeGroups(
        _ rows: [Int], step: Int, drawn: Int, tokens before: Int, adapter: [Float],
        _ report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> [[RolloutSample]] {
        let groupSize = configuration.rollout.groupSize
        let requests = rows.enumerated().map { index, row in
            let streams = (0..<groupSize).map { sample in
                StreamName(.sampling, seed: configuration.seed, step: step, problem: drawn + index, sample: sample)
            }
            return RolloutSampler.Request(row: row, adapter: adapter, streams: streams)
        }
        let done = drawn * groupSize, total = (drawn + rows.count) * groupSize
        return try await rollouts.complete(requests) { tokens, finished in
            report(.sampling(step: step, tokens: before + tokens, finished: done + finished, completions: total))
        }
    }

    // MARK: Updates

    /// Computes the advantages of a step's completions.
    ///
    /// - Returns: Their log-probabilities under the base model where the loss needs them.
    private func compare(_ rollout: inout Rollout, metrics: inout PolicyMetrics) async throws -> [[Float]]? {
        let loss = configuration.loss
        var references: [[Float]]?
        if loss.beta > 0 {
            let sequences = rollout.samples.map(\.sequence)
            let logprobs = try await learner.logprobs(
                of: sequences, adapter: nil, temperature: configuration.rollout.temperature)
            try checkCounts(of: logprobs, scoring: sequences)
            references = logprobs
        }
        guard loss.penalisesReward, let referencesN = references else {
            rollout.compare(loss.advantageEstimator, penalties: nil)
            return references
        }
        let divergencesN = rollout.divergences(from: referencesN, by: loss.estimator)
        metrics.divergence = divergencesN.joined().reduce(0, +) / Double(max(1, rollout.completionTokens))
        rollout.compare(
            loss.advantageEstimator, penalties: divergencesN.map { divergencesT in divergencesT.map { loss.beta * $0 } }
        )
        return nil
    }

    /// Makes the updates of a step.
    private func update(
        _ state: TrainingState, step: Int, rollout: inout Rollout, metrics: inout StepMetrics,
        _ report: @Sendable (TrainingEvent) -> Void
    ) async throws -> TrainingState {
        let loss = configuration.loss
        var policyMetrics = PolicyMetrics()
        let references = try await compare(&rollout, metrics: &policyMetrics)
        var plan = PolicyUpdate(
            rollout, settings: loss, sampling: configuration.rollout, references: references)
        let rule = GradientUpdate(
            step: step, settings: configuration.optimiser, elementType: configuration.adapter.elementType)
        var next = state
        var measured: [UpdateMeasurements] = []
        for update in 1...loss.updatesPerBatch {
            let (logprobs, gradient) = try await differentiate(
                plan, at: stored(next.parameters), step: step, update: update, report)
            var measurements = plan.measurements(of: logprobs)
            if update == 1 {
                plan.compareWithSampling(logprobs, into: &policyMetrics)
                plan.finishFirst(logprobs)
            }
            (next, measurements.gradientNorm) = try rule.applied(
                to: next, gradient: gradient, loss: measurements.loss, learningRate: metrics.learningRate)
            measured.append(measurements)
        }
        plan.summarise(measured, into: &policyMetrics)
        metrics.policy = policyMetrics
        metrics.loss = measured.mean(\.loss)
        metrics.gradientNorm = measured.mean(\.gradientNorm)
        return next
    }

    /// Log-probabilities of the completions that need a gradient, and the gradient, both at the parameters `adapter`.
    private func differentiate(
        _ plan: PolicyUpdate, at adapter: [Float], step: Int, update: Int, _ report: @Sendable (TrainingEvent) -> Void
    ) async throws -> (logprobs: [[Float]], gradient: [Float]) {
        let sequences = plan.sequences
        let result = try await learner.gradients(
            of: sequences, adapter: adapter, temperature: configuration.rollout.temperature, step: step, update: update,
            report: report,
            tokenWeights: { index, logprobs in
                // Of another length they are refused below.
                logprobs.count == sequences[index].completion.count
                    ? plan.loss(index, logprobs: logprobs).tokenWeightsT : logprobs.map { _ in 0 }
            })
        try checkCounts(of: result.logprobs, scoring: sequences)
        // Without a sequence there is no gradient, and nobody to say how long it is.
        return (result.logprobs, sequences.isEmpty ? [Float](repeating: 0, count: adapter.count) : result.gradient)
    }
}

/// What a step sampled.
private struct SampledStep: Sendable {
    /// The groups to learn from.
    let kept: Rollout
    /// Problems drawn, those of replaced groups included.
    let problems: Int
    /// Rounds of sampling.
    let rounds: Int
    /// The groups that were replaced.
    let discarded: Rollout
    /// The kept groups and then those that were replaced.
    let all: Rollout

    init(kept: Rollout, discarded: Rollout, problems: Int, rounds: Int) {
        self.kept = kept
        self.discarded = discarded
        self.problems = problems
        self.rounds = rounds
        all = Rollout(kept.samples + discarded.samples, groupSize: kept.groupSize)
    }

    /// Everything that can be measured before any gradient, of all groups: the kept ones alone look better than the policy is
    /// where most of the replaced ones earned nothing, and worse where most of them earned everything.
    func metrics(_ settings: RolloutSettings) -> RolloutMetrics {
        var metrics = all.metrics(penalisesLength: settings.overlongMargin != nil)
        if settings.replacesEqualGroups {
            metrics.rounds = rounds
            metrics.discardedGroups = discarded.samples.count / discarded.groupSize
            metrics.discardedTokens = discarded.completionTokens
            metrics.keptReward = kept.meanReward
            metrics.keptRewardDeviation = kept.rewardDeviation
            metrics.keptEqualShare = kept.equalRewardShare
        }
        return metrics
    }
}

extension [RolloutSample] {
    /// Whether some of a group earned more than others, whatever their length.
    fileprivate var hasDifferentRewards: Bool { hasDifferentValues(map(\.earned)) }
}
