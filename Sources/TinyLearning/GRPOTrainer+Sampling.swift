import TinyEngine
import TinyRecords
import TinyFoundation

/// What a step sampled.
struct SampledStep: Sendable {
    /// The groups to learn from.
    let rollout: Rollout
    /// Problems drawn, those of replaced groups included.
    let problems: Int
    /// Rounds of sampling.
    let rounds: Int
    /// The completions of replaced groups.
    let discarded: Rollout
    /// Groups that were replaced.
    let discardedGroups: Int

    /// Tokens of all prompts and completions, replaced ones included.
    var tokens: Int { rollout.tokens + discarded.tokens }

    /// Sampled tokens, those of replaced groups included.
    var completionTokens: Int { rollout.completionTokens + discarded.completionTokens }

    /// Everything that can be measured before any gradient.
    func metrics(_ settings: RolloutSettings) -> RolloutMetrics {
        var metrics = rollout.metrics(penalisesLength: settings.overlongMargin != nil)
        if settings.replacesEqualGroups {
            metrics.rounds = rounds
            metrics.discardedGroups = discardedGroups
            metrics.discardedTokens = discarded.completionTokens
        }
        return metrics
    }
}

extension GRPOTrainer {
    /// Problems that the run used before a step.
    func problemsDrawn(before step: Int, _ state: TrainingState) throws(TrainingError) -> Int {
        let rollout = configuration.rollout
        guard rollout.replacesEqualGroups else { return (step - 1) * rollout.problemsPerStep }
        guard let values = state.buffers[Self.problemsDrawn], values.count == 1, let drawn = Int(exactly: values[0]),
            (0...(1 << 53)).contains(drawn)
        else {
            throw TrainingError(
                .damagedRun,
                "the state after step \(step - 1) has no count of the problems drawn (\(Self.problemsDrawn))")
        }
        return drawn
    }

    /// Samples and grades the completions of a step, problems in their order after the first `drawn` of the run.
    ///
    /// With dynamic sampling each group whose completions all earned the same is replaced by that of the next problem, until
    /// none is left or the rounds are used up; what is equal then stays. Streams are named by the step and by how many
    /// problems the step drew before, so a draw depends on nothing else.
    ///
    /// Source: DAPO, arXiv:2503.14476 §3.2: a group is kept when some but not all of its completions are right. The penalty
    /// on length does not make a group worth keeping.
    func sample(
        _ step: Int, after drawn: Int, adapter: [Float], _ report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> SampledStep {
        let settings = configuration.rollout
        var groups: [[RolloutSample]] = Array(repeating: [], count: settings.problemsPerStep)
        var discarded: [RolloutSample] = []
        var discardedGroups = 0
        var wanted = Array(groups.indices)
        var problems = 0, rounds = 0, tokens = 0
        repeat {
            let found = try await answer(
                sampler.order.rows(from: drawn + problems, count: wanted.count), step: step, asked: problems,
                tokens: tokens, adapter: adapter, report)
            for (place, group) in zip(wanted, found) {
                discarded += groups[place]
                discardedGroups += groups[place].isEmpty ? 0 : 1
                groups[place] = group
                tokens += group.reduce(0) { $0 + $1.completion.tokens.count }
            }
            problems += wanted.count
            rounds += 1
            wanted = settings.replacesEqualGroups ? wanted.filter { !groups[$0].teaches } : []
        } while !wanted.isEmpty && rounds < settings.maxRounds
        return SampledStep(
            rollout: Rollout(groups.flatMap { $0 }, groupSize: settings.groupSize), problems: problems, rounds: rounds,
            discarded: Rollout(discarded, groupSize: settings.groupSize), discardedGroups: discardedGroups)
    }

    /// Samples and grades a group for each of these problems, of which the step asked `asked` others before.
    private func answer(
        _ rows: [Int], step: Int, asked: Int, tokens before: Int, adapter: [Float],
        _ report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> [[RolloutSample]] {
        let groupSize = configuration.rollout.groupSize
        let requests = rows.enumerated().map { index, row in
            let streams = (0..<groupSize).map { sample in
                RandomStream(.sampling, seed: configuration.seed, step: step, problem: asked + index, sample: sample)
            }
            return RolloutSampler.Request(row: row, adapter: adapter, streams: streams)
        }
        let done = asked * groupSize, total = (asked + rows.count) * groupSize
        return try await sampler.complete(requests) { tokens, finished in
            report(.sampling(step: step, tokens: before + tokens, finished: done + finished, completions: total))
        }
    }
}

extension [RolloutSample] {
    /// Whether some of a group earned more than others, whatever their length.
    fileprivate var teaches: Bool { hasDifferentValues(map(\.earned)) }
}
