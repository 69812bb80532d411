// Legend: P problems · M members of the population · S samples of one problem by one member

public import TinyRecords
import TinyFoundation

extension EvolutionTrainer {
    /// Draws a population, lets it answer, moves.
    public func makeStep(
        _ step: Int, from state: TrainingState, after before: StepMetrics?,
        report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> FinishedStep {
        let clock = ContinuousClock()
        let began = clock.now
        let population = try strategy.ask(step, from: state)
        let membersMN = population.membersMN.map { stored($0.map { Float($0) }) }
        try checkFinite(membersMN, step: step)
        let asked = clock.now
        let rollout = try await sample(step, membersMN: membersMN, report)
        let sampled = clock.now

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
        metrics.epoch = sampler.order.epoch(after: step)
        // cma-es moves all the way to its new mean.
        metrics.learningRate = configuration.algorithm == .openES ? rate : 1
        metrics.loss = -(metrics.evolution?.fitnessMean ?? 0)
        metrics.gradientNorm = moved.gradientNorm
        let ended = clock.now

        let rolloutSeconds = (sampled - asked).seconds
        let time = StepTime(
            seconds: (ended - began).seconds, rolloutSeconds: rolloutSeconds,
            trainingSeconds: (asked - began).seconds + (ended - sampled).seconds,
            tokensPerSecond: Double(rollout.completionTokens) / max(rolloutSeconds, 1e-9))
        let shown = min(configuration.rollout.samplesPerStep ?? .max, rollout.samples.count)
        return FinishedStep(
            step: step, metrics: metrics, state: moved.state, time: time,
            samples: rollout.shown(shown).map { $0.record(step: step) })
    }

    /// Samples and grades the completions of the whole population, problem by problem, member by member.
    private func sample(
        _ step: Int, membersMN: [[Float]], _ report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> Rollout {
        let samples = configuration.rollout.groupSize
        let requests = sampler.order.rows(step: step).enumerated().flatMap { index, row in
            membersMN.enumerated().map { member, adapter in
                let first = configuration.evolution.usesCommonRandomNumbers ? 0 : member * samples
                let streams = (first..<first + samples).map { sample in
                    RandomStream(.sampling, seed: configuration.seed, step: step, problem: index, sample: sample)
                }
                return RolloutSampler.Request(
                    row: row, adapter: adapter, streams: streams, firstIndex: member * samples)
            }
        }
        let total = requests.count * samples
        let answers = try await sampler.complete(requests) { tokens, finished in
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
    ///
    /// Rewards that are not divided are added as they are: members that earned as much are then equal to the last bit.
    func fitness(members: Int, scale: RewardScale) -> [Double] {
        let groups = samples.count / max(1, groupSize), perMember = groupSize / max(1, members)
        return (0..<members).map { member in
            var sum = 0.0
            for group in 0..<groups {
                let start = group * groupSize + member * perMember
                for sample in samples[start..<start + perMember] {
                    sum += scale == .none ? sample.reward : sample.advantage.mean
                }
            }
            return sum / Double(max(1, groups * perMember))
        }
    }
}
