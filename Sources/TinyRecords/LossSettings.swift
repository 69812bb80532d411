import TinyFoundation

/// What a step minimises: the loss of GRPO and related algorithms, and the advantages of its tokens.
///
/// Source of the names: TRL's `GRPOConfig`, where it has one; there `importance_sampling_correction` and its bounds begin
/// with `vllm_`. `use_kl_in_reward` is verl's.
public struct LossSettings: Sendable, Equatable {
    /// How the losses of tokens are made and become one number. Key `loss_type`.
    public var kind = LossKind.grpo
    /// What a completion's reward is compared with. Key `advantage_estimator`.
    public var advantage = AdvantageKind.group
    /// What centred rewards are divided by. Key `scale_rewards`.
    public var scaleRewards = RewardScale.group
    /// Weight of the divergence from the base model; `0` leaves it out. Range: `0...`. Key `beta`.
    public var beta = 0.0
    /// How the divergence is estimated. Key `kl_estimator`.
    public var estimator = KLEstimator.k3
    /// Whether the divergence of the sampling policy is subtracted from the reward, instead of adding the current policy's to
    /// the loss. Key `use_kl_in_reward`.
    public var penalisesReward = false
    /// How far a ratio may fall below 1 before it is clipped. Range: `[0, 1]`. Key `epsilon`.
    public var epsilonLow = 0.2
    /// How far a ratio may rise above 1 before it is clipped; with `loss_type` `cispo` the largest ratio.
    /// Range: `0...`, with `cispo` `1...`. Key `epsilon_high`.
    public var epsilonHigh = 0.2
    /// Largest ratio with a negative advantage; `nil` for any. Range: greater than `1 + epsilon_high`.
    /// Key `delta`.
    public var delta: Double?
    /// What a ratio is taken of. Key `importance_sampling_level`.
    public var importanceLevel = ImportanceLevel.token
    /// How samples of another engine than the learner are corrected. Where both give the same bits, every importance
    /// weight is 1. Key `importance_sampling_correction`.
    public var importanceMode = ImportanceMode.sequenceMask
    /// Largest importance weight; `nil` for any. Range: greater than 0. Key `importance_sampling_clip_max`.
    public var importanceMax: Double? = 3
    /// Smallest importance weight; `nil` for any. Range: `0...`. Key `importance_sampling_clip_min`.
    public var importanceMin: Double?
    /// Updates made with the completions of one step. Range: `1...`. Key `num_iterations`.
    public var updatesPerBatch = 1

    /// GRPO without a divergence term, one update per step.
    public init() {}

    static let fields: [SettingField] = [
        .init(choice: "loss_type", \.loss.kind), .init(choice: "advantage_estimator", \.loss.advantage),
        .init(choice: "scale_rewards", \.loss.scaleRewards), .init("beta", \.loss.beta),
        .init(choice: "kl_estimator", \.loss.estimator), .init("use_kl_in_reward", \.loss.penalisesReward),
        .init("epsilon", \.loss.epsilonLow), .init("epsilon_high", \.loss.epsilonHigh), .init("delta", \.loss.delta),
        .init(choice: "importance_sampling_level", \.loss.importanceLevel, among: [.token, .sequence]),
        .init(choice: "importance_sampling_correction", \.loss.importanceMode),
        .init("importance_sampling_clip_max", \.loss.importanceMax),
        .init("importance_sampling_clip_min", \.loss.importanceMin),
        .init("num_iterations", \.loss.updatesPerBatch),
    ]

    func check(_ rules: inout Rules) {
        rules.require(
            kind != .rloo || importanceLevel == .sequence, "loss_type",
            "is rloo, which weighs whole completions, but importance_sampling_level is token")
        rules.require(
            importanceLevel != .completion, "importance_sampling_level", "is completion, expected token or sequence")
        rules.require(
            advantage != .batch || scaleRewards != .group, "scale_rewards",
            "is group, but advantage_estimator batch compares all completions of a step; use batch or none")
        rules.require(notNegative: beta, "beta")
        rules.require(
            beta == 0 || penalisesReward || estimator != .k1, "kl_estimator",
            "is k1, whose gradient in the loss is 0 on average; use k2 or k3, or use_kl_in_reward")
        rules.require(fraction: epsilonLow, "epsilon")
        rules.require(notNegative: epsilonHigh, "epsilon_high")
        rules.require(
            kind != .cispo || epsilonHigh >= 1, "epsilon_high",
            "is \(epsilonHigh), must be 1 or more; with loss_type cispo it is the largest ratio that counts")
        if let delta {
            rules.require(
                delta > 1 + epsilonHigh && delta.isFinite, "delta",
                "is \(delta), must be greater than \(1 + epsilonHigh) (1 + epsilon_high)")
            rules.require(kind != .cispo, "delta", "has no effect with loss_type cispo, whose bound is epsilon_high")
        }
        checkImportance(&rules)
        rules.require(updatesPerBatch, atLeast: 1, "num_iterations")
    }

    private func checkImportance(_ rules: inout Rules) {
        rules.require(positive: importanceMax, "importance_sampling_clip_max")
        rules.require(notNegative: importanceMin, "importance_sampling_clip_min")
        if let importanceMin {
            rules.require(
                importanceMin < importanceMax ?? .infinity, "importance_sampling_clip_min",
                "is \(importanceMin), must be less than \(importanceMax ?? .infinity) (importance_sampling_clip_max)")
        }
        rules.require(
            !importanceMode.truncates || importanceMin != nil || importanceMax != nil, "importance_sampling_correction",
            "is \(importanceMode.rawValue), which needs importance_sampling_clip_max or importance_sampling_clip_min")
    }
}

/// How the losses of tokens are made and become one number.
public enum LossKind: String, Sendable, Codable, CaseIterable {
    /// Mean over the tokens of each completion, then over completions: every completion counts the same.
    case grpo
    /// Mean over all tokens of the step: every token counts the same.
    case dapo
    /// As ``dapo`` over the tokens of one device's batch; here that is the whole step, so both are equal.
    case bnpo
    /// Sum over tokens divided by completions times `max_completion_length`: length changes no weight.
    case drGRPO = "dr_grpo"
    /// Mean over completions, whose ratio is that of all their tokens together.
    case rloo
    /// Mean over all tokens of log-probabilities weighted by bounded ratios that are not differentiated.
    case cispo
}

/// What a completion's reward is compared with.
public enum AdvantageKind: String, Sendable, Codable, CaseIterable {
    /// The mean of its group.
    case group
    /// The mean of the others of its group.
    case rloo
    /// The mean over all tokens of the step.
    case batch
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

/// How the divergence from the base model is estimated at a sampled token, from `d = logprob - reference`.
public enum KLEstimator: String, Sendable, Codable, CaseIterable {
    /// `d`; for the reward.
    case k1
    /// `½ d²`.
    case k2
    /// `e⁻ᵈ + d - 1`; verl's `low_var_kl`.
    case k3
}

/// What a ratio of new to old probability is taken of.
public enum ImportanceLevel: String, Sendable, Codable, CaseIterable {
    /// Each token.
    case token
    /// The completion, per token: the geometric mean over its tokens.
    case sequence
    /// The completion as a whole. ``LossKind/rloo`` uses it; it is not a value of the setting.
    case completion
}

/// How samples of another engine than the learner are corrected, by the ratio of the two engines' probabilities.
public enum ImportanceMode: String, Sendable, Codable, CaseIterable {
    /// No correction: ratios are relative to the engine that sampled.
    case none
    /// Each token by its ratio, clipped to the bounds.
    case tokenTruncate = "token_truncate"
    /// Each token by its ratio, or 0 outside the bounds.
    case tokenMask = "token_mask"
    /// Each completion by its ratio, clipped to the bounds.
    case sequenceTruncate = "sequence_truncate"
    /// Each completion by its ratio, or 0 outside the bounds.
    case sequenceMask = "sequence_mask"

    var truncates: Bool { self == .tokenTruncate || self == .sequenceTruncate }
}
