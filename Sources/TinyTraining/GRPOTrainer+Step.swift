import TinyPolicy
import TinyProblems
public import TinyRecords
import TinyTensor

extension GRPOTrainer {
    /// Samples, compares, updates.
    public func makeStep(
        _ step: Int, from state: TrainingState, after before: StepMetrics?,
        report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> FinishedStep {
        let clock = ContinuousClock()
        let began = clock.now
        let rollout = try await sample(step, adapter: stored(state.parameters), report)
        let sampled = clock.now
        var metrics = StepMetrics()
        metrics.rollout = rollout.metrics()
        metrics.numTokens = (before?.numTokens ?? 0) + rollout.tokens
        metrics.generatedTokens = (before?.generatedTokens ?? 0) + rollout.completionTokens
        metrics.epoch = order.epoch(after: step)
        metrics.learningRate = schedule.rate(step: step)
        let next = try await update(state, step: step, rollout: rollout, metrics: &metrics, report)
        let ended = clock.now

        let rolloutSeconds = (sampled - began).seconds
        let time = StepTime(
            seconds: (ended - began).seconds, rolloutSeconds: rolloutSeconds,
            trainingSeconds: (ended - sampled).seconds,
            tokensPerSecond: Double(rollout.completionTokens) / max(rolloutSeconds, 1e-9))
        return FinishedStep(
            step: step, metrics: metrics, state: next, time: time,
            samples: rollout.shown(configuration.rollout.recordedSamples).map { $0.record(step: step) })
    }

    /// Samples and grades the completions of a step.
    private func sample(
        _ step: Int, adapter: [Float], _ report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> Rollout {
        let rows = order.rows(step: step)
        let groupSize = configuration.rollout.groupSize
        let requests = rows.enumerated().map { index, row in
            let streams = (0..<groupSize).map { sample in
                RandomStream(.sampling, seed: configuration.seed, step: step, problem: index, sample: sample)
            }
            return CompletionRequest(prompt: prompts[row] ?? [], streams: streams, adapter: adapter, sampling: sampling)
        }
        let total = configuration.rollout.completionsPerStep
        let groups = try await policy.complete(requests) { tokens, finished in
            report(.sampling(step: step, tokens: tokens, finished: finished, completions: total))
        }
        guard groups.count == rows.count, groups.allSatisfy({ $0.count == groupSize }) else {
            throw TrainingError(
                .policyMismatch,
                "the policy returned groups of \(groups.map(\.count)) completions, expected \(rows.count) of \(groupSize)"
            )
        }
        let isStrict = configuration.reward == .strict
        let samples = zip(rows, zip(requests, groups)).flatMap { row, answered in
            answered.1.enumerated().map { index, completion in
                let text = codec.completionText(completion.tokens, endedByStopToken: completion.stop == .endOfText)
                let grade = reward.grade(text, for: problems[row])
                return RolloutSample(
                    problem: problems[row], index: index,
                    sequence: ScoredSequence(prompt: answered.0.prompt, completion: completion.tokens),
                    completion: completion, text: text, grade: grade,
                    reward: grade.reward(isStrict ? .strict : .lenient))
            }
        }
        return Rollout(samples, groupSize: groupSize, scale: configuration.loss.scaleRewards)
    }

    /// Makes the updates of a step.
    private func update(
        _ state: TrainingState, step: Int, rollout: Rollout, metrics: inout StepMetrics,
        _ report: @Sendable (TrainingEvent) -> Void
    ) async throws -> TrainingState {
        let loss = configuration.loss, temperature = configuration.rollout.temperature
        var references: [[Float]]?
        if loss.beta > 0 {
            let sequences = rollout.samples.map(\.sequence)
            let logprobs = try await policy.logprobs(of: sequences, adapter: nil, temperature: temperature)
            try checkCounts(logprobs.map(\.count), of: sequences)
            references = logprobs
        }
        let plan = PolicyUpdate(rollout, settings: loss, maxTokens: sampling.maxTokens, references: references)
        var parameters = state.parameters
        var optimiser = AdamW(configuration.optimiser, resuming: state)
        var measured: [UpdateMeasurements] = []
        var policyMetrics = PolicyMetrics()
        for update in 1...loss.updatesPerBatch {
            let result = try await differentiate(plan, at: stored(parameters), step: step, update: update, report)
            if update == 1 { plan.compareWithSampling(result.logprobs, into: &policyMetrics) }
            var gradient = result.gradient
            var measurements = plan.measurements(of: result.logprobs)
            try checkFinite(gradient, named: "derivative of the loss by", step: step)
            measurements.gradientNorm = shorten(&gradient, toNorm: configuration.optimiser.maxGradientNorm)
            guard measurements.loss.isFinite, measurements.gradientNorm.isFinite else {
                throw TrainingError(
                    .notFinite,
                    "in step \(step) the loss is \(measurements.loss); the \(step - 1) steps before are kept",
                    hint: "a smaller learning_rate or a larger beta keeps the policy near where it sampled")
            }
            optimiser.update(&parameters, gradient: gradient, learningRate: metrics.learningRate)
            try checkFinite(stored(parameters), named: "stored value of", step: step)
            measured.append(measurements)
        }
        policyMetrics.setMeans(of: measured, withDivergence: loss.beta > 0)
        metrics.policy = policyMetrics
        metrics.loss = measured.mean(\.loss)
        metrics.gradientNorm = measured.mean(\.gradientNorm)
        return TrainingState(
            parameters: parameters, firstMoment: optimiser.firstMoment, secondMoment: optimiser.secondMoment,
            updates: optimiser.updates)
    }

    /// Gradients of the completions that need one, each at the numbers `adapter`.
    private func differentiate(
        _ plan: PolicyUpdate, at adapter: [Float], step: Int, update: Int,
        _ report: @Sendable (TrainingEvent) -> Void
    ) async throws -> PolicyGradient {
        let sequences = plan.sequences
        report(.differentiating(step: step, update: update, completions: sequences.count))
        guard !sequences.isEmpty else {
            return PolicyGradient(logprobs: [], gradient: [Float](repeating: 0, count: adapter.count))
        }
        let result = try await policy.gradients(
            of: sequences, adapter: adapter, temperature: configuration.rollout.temperature,
            weights: { index, logprobs in plan.loss(index, logprobs: logprobs).weightsT })
        try checkCounts(result.logprobs.map(\.count), of: sequences)
        guard result.gradient.count == adapter.count else {
            throw TrainingError(
                .policyMismatch,
                "the policy returned a gradient of \(result.gradient.count) numbers, the adapter has \(adapter.count)")
        }
        return result
    }

    private func checkCounts(_ counts: [Int], of sequences: [ScoredSequence]) throws(TrainingError) {
        guard counts == sequences.map(\.completion.count) else {
            throw TrainingError(
                .policyMismatch,
                "the policy returned log-probabilities for \(counts.count) completions of "
                    + "\(counts.reduce(0, +)) tokens, expected \(sequences.count) of "
                    + "\(sequences.reduce(0) { $0 + $1.completion.count })")
        }
    }

    private func checkFinite(_ values: [Float], named name: String, step: Int) throws(TrainingError) {
        guard let index = values.firstIndex(where: { !$0.isFinite }) else { return }
        throw TrainingError(
            .notFinite,
            "in step \(step) the \(name) number \(index) is \(values[index]); the \(step - 1) steps before are kept",
            hint: "a smaller learning_rate or max_grad_norm keeps the numbers in range")
    }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
