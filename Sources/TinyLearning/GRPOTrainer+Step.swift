import TinyEngine
public import TinyRecords

extension GRPOTrainer {
    /// Samples, compares, updates.
    public func makeStep(
        _ step: Int, from state: TrainingState, after before: StepMetrics?,
        report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> FinishedStep {
        let clock = ContinuousClock()
        let began = clock.now
        let drawn = try problemsDrawn(before: step, state)
        let found = try await sample(step, after: drawn, adapter: stored(state.parameters), report)
        let sampled = clock.now
        var metrics = StepMetrics()
        metrics.rollout = found.metrics(configuration.rollout)
        metrics.numTokens = (before?.numTokens ?? 0) + found.tokens
        metrics.generatedTokens = (before?.generatedTokens ?? 0) + found.completionTokens
        metrics.epoch = sampler.order.epoch(afterProblems: drawn + found.problems)
        metrics.learningRate = schedule.rate(step: step)
        var rollout = found.rollout
        var next = try await update(state, step: step, rollout: &rollout, metrics: &metrics, report)
        if state.buffers[Self.problemsDrawn] != nil {
            next.buffers[Self.problemsDrawn] = [Double(drawn + found.problems)]
        }
        let ended = clock.now

        let rolloutSeconds = (sampled - began).seconds
        let time = StepTime(
            seconds: (ended - began).seconds, rolloutSeconds: rolloutSeconds,
            trainingSeconds: (ended - sampled).seconds,
            tokensPerSecond: Double(found.completionTokens) / max(rolloutSeconds, 1e-9))
        return FinishedStep(
            step: step, metrics: metrics, state: next, time: time,
            samples: rollout.shown(configuration.rollout.recordedSamples).map { $0.record(step: step) })
    }

    /// Works out what the completions of a step are worth.
    ///
    /// - Returns: Their log-probabilities under the base model where the loss needs them.
    private func compare(_ rollout: inout Rollout, metrics: inout PolicyMetrics) async throws -> [[Float]]? {
        let loss = configuration.loss
        var references: [[Float]]?
        if loss.beta > 0 {
            let sequences = rollout.samples.map(\.sequence)
            let logprobs = try await policy.logprobs(
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
            let result = try await differentiate(plan, at: stored(next.parameters), step: step, update: update, report)
            var measurements = plan.measurements(of: result.logprobs)
            if update == 1 {
                plan.compareWithSampling(result.logprobs, into: &policyMetrics)
                plan.finishFirst(result.logprobs)
            }
            (next, measurements.gradientNorm) = try rule.applied(
                to: next, gradient: result.gradient, loss: measurements.loss, learningRate: metrics.learningRate)
            measured.append(measurements)
        }
        plan.summarise(measured, into: &policyMetrics)
        metrics.policy = policyMetrics
        metrics.loss = measured.mean(\.loss)
        metrics.gradientNorm = measured.mean(\.gradientNorm)
        return next
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
        try checkCounts(of: result.logprobs, scoring: sequences)
        return result
    }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
