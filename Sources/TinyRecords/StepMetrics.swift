/// What was measured in one step. JSON keys are TRL's metric names wherever TRL has one.
///
/// Metrics of every algorithm are properties of this type; the others are in groups that may be absent. In JSON all keys
/// are on one level.
public struct StepMetrics: Sendable, Equatable, Codable {
    /// Passes over the training problems so far.
    public var epoch = 0.0
    /// Prompt and completion tokens since the start of the run.
    public var numTokens = 0
    /// Sampled tokens since the start of the run; what the comparison of algorithms at equal cost counts.
    public var generatedTokens = 0
    /// Rate of this step.
    public var learningRate = 0.0
    /// The minimised number; the mean over the updates of the step.
    public var loss = 0.0
    /// Euclidean norm of the gradient before any shortening; the mean over the updates of the step.
    public var gradientNorm = 0.0
    /// Of algorithms that sample completions.
    public var rollout: RolloutMetrics?
    /// Of policy gradients.
    public var policy: PolicyMetrics?
    /// Of evolution strategies.
    public var evolution: EvolutionMetrics?

    /// Nothing measured yet.
    public init() {}

    private enum CodingKeys: String, CodingKey {
        case epoch, loss
        case numTokens = "num_tokens"
        case generatedTokens = "num_generated_tokens"
        case learningRate = "learning_rate"
        case gradientNorm = "grad_norm"
    }

    /// Reads the common keys and the groups that are present.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        epoch = try container.decode(Double.self, forKey: .epoch)
        numTokens = try container.decode(Int.self, forKey: .numTokens)
        generatedTokens = try container.decode(Int.self, forKey: .generatedTokens)
        learningRate = try container.decode(Double.self, forKey: .learningRate)
        loss = try container.decode(Double.self, forKey: .loss)
        gradientNorm = try container.decode(Double.self, forKey: .gradientNorm)
        rollout = try group(RolloutMetrics.self, markedBy: RolloutMetrics.CodingKeys.reward, from: decoder)
        policy = try group(PolicyMetrics.self, markedBy: PolicyMetrics.CodingKeys.policyLoss, from: decoder)
        evolution = try group(EvolutionMetrics.self, markedBy: EvolutionMetrics.CodingKeys.stepSize, from: decoder)
    }

    /// Writes the common keys and the groups that are present, all on one level.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(epoch, forKey: .epoch)
        try container.encode(numTokens, forKey: .numTokens)
        try container.encode(generatedTokens, forKey: .generatedTokens)
        try container.encode(learningRate, forKey: .learningRate)
        try container.encode(loss, forKey: .loss)
        try container.encode(gradientNorm, forKey: .gradientNorm)
        try rollout?.encode(to: encoder)
        try policy?.encode(to: encoder)
        try evolution?.encode(to: encoder)
    }
}

/// A group of metrics, if `key`, which is always written with it, is present.
private func group<Group: Decodable, Key: CodingKey>(
    _ type: Group.Type, markedBy key: Key, from decoder: any Decoder
) throws -> Group? {
    try decoder.container(keyedBy: Key.self).contains(key) ? Group(from: decoder) : nil
}
