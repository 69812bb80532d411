/// What was measured in one step. JSON keys are TRL's metric names wherever TRL has one.
///
/// Where a step makes several updates, the metrics of loss, ratio and gradient are means over its updates.
public struct StepMetrics: Sendable, Equatable, Codable {
    /// Passes over the training problems so far.
    public var epoch = 0.0
    /// Prompt and completion tokens since the start of the run.
    public var numTokens = 0
    /// Rate of this step.
    public var learningRate = 0.0

    /// Mean reward of the completions.
    public var reward = 0.0
    /// Mean over groups of the standard deviation of rewards (divisor one less than the group's size).
    public var rewardDeviation = 0.0
    /// Share of groups whose rewards are all equal, which teach nothing.
    public var equalRewardShare = 0.0
    /// Mean strict grade.
    public var strictMean = 0.0
    /// Mean lenient grade.
    public var lenientMean = 0.0
    /// Share of completions in which some answer could be found.
    public var answeredShare = 0.0

    /// Mean tokens of a completion, the stop token included.
    public var lengthMean = 0.0
    /// Tokens of the shortest completion.
    public var lengthMin = 0
    /// Tokens of the longest completion.
    public var lengthMax = 0
    /// Share of completions that ended for want of room instead of a stop token.
    public var clippedShare = 0.0
    /// Mean tokens of the completions that ended with a stop token; 0 when none did.
    public var terminatedMean = 0.0
    /// Tokens of the shortest that did.
    public var terminatedMin = 0
    /// Tokens of the longest that did.
    public var terminatedMax = 0

    /// Estimate of the entropy per token: mean of minus the log-probability of the sampled tokens.
    public var entropy = 0.0
    /// Mean over tokens of the estimated divergence from the base model; `nil` when `beta` is 0.
    public var divergence: Double?
    /// Share of tokens whose ratio was outside the clip range on the side that stops them counting.
    public var clipShare = 0.0
    /// The part of ``clipShare`` under `1 - epsilon`.
    public var clipShareLow = 0.0
    /// The part of ``clipShare`` over `1 + epsilon_high`.
    public var clipShareHigh = 0.0
    /// The minimised number without the divergence term.
    public var policyLoss = 0.0
    /// The minimised number.
    public var loss = 0.0
    /// Euclidean norm of the gradient before any shortening.
    public var gradientNorm = 0.0
    /// Share of completions that the backward pass visited; the others' gradients are exactly zero.
    public var differentiatedShare = 0.0

    /// Mean distance between a token's log-probability while sampling and in the first training pass.
    public var samplingDifferenceMean = 0.0
    /// Largest such distance; `0` when both passes give the same bits.
    public var samplingDifferenceMax = 0.0
    /// Smallest ratio of training to sampling probability of a token in the first training pass.
    public var importanceRatioMin = 1.0
    /// Mean of that ratio.
    public var importanceRatioMean = 1.0
    /// Largest such ratio.
    public var importanceRatioMax = 1.0

    /// Nothing measured yet.
    public init() {}

    private enum CodingKeys: String, CodingKey {
        case epoch, reward, entropy, loss
        case numTokens = "num_tokens"
        case learningRate = "learning_rate"
        case rewardDeviation = "reward_std"
        case equalRewardShare = "frac_reward_zero_std"
        case strictMean = "rewards/strict/mean"
        case lenientMean = "rewards/lenient/mean"
        case answeredShare = "rewards/answered/mean"
        case lengthMean = "completions/mean_length"
        case lengthMin = "completions/min_length"
        case lengthMax = "completions/max_length"
        case clippedShare = "completions/clipped_ratio"
        case terminatedMean = "completions/mean_terminated_length"
        case terminatedMin = "completions/min_terminated_length"
        case terminatedMax = "completions/max_terminated_length"
        case divergence = "kl"
        case clipShare = "clip_ratio/region_mean"
        case clipShareLow = "clip_ratio/low_mean"
        case clipShareHigh = "clip_ratio/high_mean"
        case policyLoss = "policy_loss"
        case gradientNorm = "grad_norm"
        case differentiatedShare = "frac_differentiated"
        case samplingDifferenceMean = "sampling/sampling_logp_difference/mean"
        case samplingDifferenceMax = "sampling/sampling_logp_difference/max"
        case importanceRatioMin = "sampling/importance_sampling_ratio/min"
        case importanceRatioMean = "sampling/importance_sampling_ratio/mean"
        case importanceRatioMax = "sampling/importance_sampling_ratio/max"
    }
}
