/// What a step minimises: the clipped surrogate of GRPO and its relatives.
///
/// Source of the names: TRL's `GRPOConfig`.
public struct LossSettings: Sendable, Equatable {
    /// How the losses of tokens become one number. Key `loss_type`.
    public var normalisation = LossNormalisation.grpo
    /// What centred rewards are divided by. Key `scale_rewards`.
    public var scaleRewards = RewardScale.group
    /// Weight of the divergence from the base model; `0` leaves it out. Range: `0...`. Key `beta`.
    public var beta = 0.0
    /// How far a token's ratio may fall under 1 before it stops counting. Range: `[0, 1]`. Key `epsilon`.
    public var epsilonLow = 0.2
    /// How far a token's ratio may rise over 1 before it stops counting. Range: `0...`. Key `epsilon_high`.
    public var epsilonHigh = 0.2
    /// Updates made with the completions of one step. Range: `1...`. Key `num_iterations`.
    public var updatesPerBatch = 1

    /// GRPO without a divergence term, one update per step.
    public init() {}

    static let fields: [SettingField<Self>] = [
        .init(choice: "loss_type", \.normalisation), .init(choice: "scale_rewards", \.scaleRewards),
        .init("beta", \.beta), .init("epsilon", \.epsilonLow), .init("epsilon_high", \.epsilonHigh),
        .init("num_iterations", \.updatesPerBatch),
    ]

    func check(_ rules: inout Rules) {
        rules.require(beta >= 0 && beta.isFinite, "beta", "\(beta) is not in 0...")
        rules.require((0...1).contains(epsilonLow), "epsilon", "\(epsilonLow) is not in [0, 1]")
        rules.require(epsilonHigh >= 0 && epsilonHigh.isFinite, "epsilon_high", "\(epsilonHigh) is not in 0...")
        rules.require(updatesPerBatch >= 1, "num_iterations", "\(updatesPerBatch) is not in 1...")
    }
}

/// How the losses of tokens become one number.
public enum LossNormalisation: String, Sendable, Codable, CaseIterable {
    /// Mean over the tokens of each completion, then over completions: every completion counts the same.
    case grpo
    /// Mean over all tokens of the step: every token counts the same.
    case dapo
    /// As ``dapo`` over the tokens of one device's batch; here that is the whole step, so both are equal.
    case bnpo
    /// Sum over tokens divided by completions times `max_completion_length`: length changes no weight.
    case drGRPO = "dr_grpo"
}

/// What centred rewards are divided by.
public enum RewardScale: String, Sendable, Codable, CaseIterable {
    /// The standard deviation within the problem's group.
    case group
    /// The standard deviation over all completions of the step.
    case batch
    /// Nothing.
    case none
}
