/// What was measured of all completions that one step sampled; absent where an algorithm samples none. Keys are TRL's metric
/// names.
///
/// With dynamic sampling the groups that were replaced are part of every number but those whose names begin with `kept`, so that
/// it can be compared with other algorithms'. Records with ``discardedGroups`` and without ``keptReward`` are of an earlier
/// version, which measured the kept groups only. With evolution strategies the completions are those of the whole population.
public struct RolloutMetrics: Sendable, Equatable, Codable {
    /// Mean reward of the completions.
    public var reward = 0.0
    /// Standard deviation of the reward over all completions (divisor one less than their count).
    public var rewardDeviation = 0.0
    /// Share of groups whose rewards are all equal; they give no gradient, except where `advantage_estimator` is `batch`.
    public var equalRewardShare = 0.0
    /// Mean strict grade.
    public var strictMean = 0.0
    /// Standard deviation of the strict grade over completions (divisor one less than their count).
    public var strictDeviation = 0.0
    /// Mean lenient grade.
    public var lenientMean = 0.0
    /// Its standard deviation.
    public var lenientDeviation = 0.0
    /// Share of completions in which some answer could be found.
    public var answeredShare = 0.0
    /// The standard deviation of having one.
    public var answeredDeviation = 0.0
    /// Completions that the grader could not judge, with reward 0; `nil` when there are none.
    public var failedGrades: Int?
    /// Reason of the first failure.
    public var gradeFailure: String?
    /// Mean penalty on length; `nil` when there is none.
    public var overlongMean: Double?
    /// Its standard deviation.
    public var overlongDeviation: Double?
    /// Mean tokens of a completion, the stop token included.
    public var lengthMean = 0.0
    /// Tokens of the shortest completion.
    public var lengthMin = 0
    /// Tokens of the longest completion.
    public var lengthMax = 0
    /// Share of completions that reached the token limit.
    public var clippedShare = 0.0
    /// Mean tokens of the completions that ended with a stop token; 0 when none did.
    public var terminatedMean = 0.0
    /// Tokens of the shortest that did.
    public var terminatedMin = 0
    /// Tokens of the longest that did.
    public var terminatedMax = 0
    /// Estimate of the entropy per token: mean of minus the log-probability of the sampled tokens.
    public var entropy = 0.0
    /// Rounds of sampling; `nil` without dynamic sampling.
    public var rounds: Int?
    /// Groups that were replaced because all their rewards were equal.
    public var discardedGroups: Int?
    /// Sampled tokens of the replaced groups. They count in `num_tokens` and `num_generated_tokens`.
    public var discardedTokens: Int?
    /// Mean reward of the groups that were kept, NeMo RL's `filtered_reward`; `nil` without dynamic sampling.
    public var keptReward: Double?
    /// Standard deviation of the reward over the kept groups' completions; `nil` without dynamic sampling.
    public var keptRewardDeviation: Double?
    /// Share of the kept groups whose rewards are all equal: more than 0 where the rounds were used up; `nil` without dynamic
    /// sampling.
    public var keptEqualShare: Double?

    /// Nothing measured yet.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case reward, entropy
        case rewardDeviation = "reward_std"
        case equalRewardShare = "frac_reward_zero_std"
        case strictMean = "rewards/strict/mean"
        case strictDeviation = "rewards/strict/std"
        case lenientMean = "rewards/lenient/mean"
        case lenientDeviation = "rewards/lenient/std"
        case answeredShare = "rewards/answered/mean"
        case answeredDeviation = "rewards/answered/std"
        case failedGrades = "rewards/failed"
        case gradeFailure = "rewards/failure"
        case overlongMean = "rewards/soft_overlong/mean"
        case overlongDeviation = "rewards/soft_overlong/std"
        case lengthMean = "completions/mean_length"
        case lengthMin = "completions/min_length"
        case lengthMax = "completions/max_length"
        case clippedShare = "completions/clipped_ratio"
        case terminatedMean = "completions/mean_terminated_length"
        case terminatedMin = "completions/min_terminated_length"
        case terminatedMax = "completions/max_terminated_length"
        case rounds = "dynamic_sampling/rounds"
        case discardedGroups = "dynamic_sampling/discarded_groups"
        case discardedTokens = "dynamic_sampling/discarded_tokens"
        case keptReward = "dynamic_sampling/kept_reward"
        case keptRewardDeviation = "dynamic_sampling/kept_reward_std"
        case keptEqualShare = "dynamic_sampling/kept_frac_reward_zero_std"
    }
}
