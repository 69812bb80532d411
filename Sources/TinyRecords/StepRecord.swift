/// One training step: what was measured, and the state from which the next step can be made.
///
/// In JSON the metrics are beside the other keys, under TRL's names, and everything that depends on the clock is under
/// `time`: two equal runs give equal lines except for that key.
public struct StepRecord: Record {
    /// Number of the step; the first is 1.
    public var step: Int
    /// What was measured.
    public var metrics: StepMetrics
    /// The state after the step; `nil` where a run keeps it in a file of its own because it is large.
    public var state: TrainingState?
    /// How long it took.
    public var time: StepTime

    /// Makes a record from its parts.
    public init(step: Int, metrics: StepMetrics, state: TrainingState?, time: StepTime) {
        self.step = step
        self.metrics = metrics
        self.state = state
        self.time = time
    }

    private enum CodingKeys: String, CodingKey { case step, state, time }

    /// Reads a step; the metrics are on the same level as the other keys.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        step = try container.decode(Int.self, forKey: .step)
        state = try container.decodeIfPresent(TrainingState.self, forKey: .state)
        time = try container.decode(StepTime.self, forKey: .time)
        metrics = try StepMetrics(from: decoder)
    }

    /// Writes a step; the metrics are on the same level as the other keys.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(step, forKey: .step)
        try container.encodeIfPresent(state, forKey: .state)
        try container.encode(time, forKey: .time)
        try metrics.encode(to: encoder)
    }
}

/// Where the time of a step went, in seconds.
public struct StepTime: Record {
    /// The whole step.
    public var seconds: Double
    /// Sampling completions.
    public var rolloutSeconds: Double
    /// Gradients and updates.
    public var trainingSeconds: Double
    /// Completion tokens sampled per second of sampling; where none are sampled, tokens trained on per second.
    public var tokensPerSecond: Double
    /// Share of the completions that had already ended, as a mean over the time of sampling, `[0, 1]`: large where a few long
    /// ones keep the others waiting. `nil` where none are sampled.
    public var idleShare: Double?
    /// Processor time of this process, all threads together. `nil` in records that do not say.
    public var cpuSeconds: Double?

    /// Makes a time from its parts.
    public init(
        seconds: Double, rolloutSeconds: Double, trainingSeconds: Double, tokensPerSecond: Double,
        idleShare: Double? = nil, cpuSeconds: Double? = nil
    ) {
        self.seconds = seconds
        self.rolloutSeconds = rolloutSeconds
        self.trainingSeconds = trainingSeconds
        self.tokensPerSecond = tokensPerSecond
        self.idleShare = idleShare
        self.cpuSeconds = cpuSeconds
    }

    private enum CodingKeys: String, CodingKey {
        case seconds
        case rolloutSeconds = "rollout_seconds"
        case trainingSeconds = "training_seconds"
        case tokensPerSecond = "tokens_per_second"
        case idleShare = "idle_share"
        case cpuSeconds = "cpu_seconds"
    }
}
