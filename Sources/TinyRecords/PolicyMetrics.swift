/// What was measured of the policy-gradient updates of one step; absent for other algorithms. Keys are TRL's metric names.
///
/// Where a step makes several updates, loss and clipping are means over its updates.
public struct PolicyMetrics: Sendable, Equatable, Codable {
    /// Mean over tokens of the estimated divergence from the base model; `nil` when `beta` is 0. With `use_kl_in_reward` it is
    /// that of the policy that sampled.
    public var divergence: Double?
    /// Share of tokens whose ratio was outside the clip range on the side that stops them counting; of completions where a
    /// ratio is a completion's. 0 with `loss_type` `cispo`, which has no such range.
    public var clipShare = 0.0
    /// The part of ``clipShare`` under `1 - epsilon`.
    public var clipShareLow = 0.0
    /// The part of ``clipShare`` over `1 + epsilon_high`.
    public var clipShareHigh = 0.0
    /// Smallest share of one completion's tokens under the range.
    public var clipShareLowMin = 0.0
    /// Largest share of one completion's tokens over it.
    public var clipShareHighMax = 0.0
    /// Share of ratios over `delta` with a negative advantage; `nil` without `delta`.
    public var cappedShare: Double?
    /// Share of ratios over the bound with a positive advantage; `nil` unless `loss_type` is `cispo`.
    public var boundedShare: Double?
    /// The minimised number without the divergence term.
    public var policyLoss = 0.0
    /// Share of completions that the backward pass visited; the others' gradients are exactly zero.
    public var differentiatedShare = 0.0
    /// Mean distance between a token's log-probability while sampling and in the first training pass.
    public var samplingDifferenceMean = 0.0
    /// Largest such distance; `0` when both passes give the same bits.
    public var samplingDifferenceMax = 0.0
    /// Smallest ratio of training to sampling probability in the first training pass, of a token or a completion and
    /// truncated or masked as `importance_sampling_correction` says.
    public var importanceRatioMin = 1.0
    /// Mean of that ratio.
    public var importanceRatioMean = 1.0
    /// Largest such ratio.
    public var importanceRatioMax = 1.0
    /// Share of those ratios that were truncated or masked; `nil` without correction.
    public var importanceBoundedShare: Double?

    /// Nothing measured yet.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case divergence = "kl"
        case clipShare = "clip_ratio/region_mean"
        case clipShareLow = "clip_ratio/low_mean"
        case clipShareHigh = "clip_ratio/high_mean"
        case clipShareLowMin = "clip_ratio/low_min"
        case clipShareHighMax = "clip_ratio/high_max"
        case cappedShare = "clip_ratio/delta_mean"
        case boundedShare = "cispo_clip_ratio"
        case policyLoss = "policy_loss"
        case differentiatedShare = "frac_differentiated"
        case samplingDifferenceMean = "sampling/sampling_logp_difference/mean"
        case samplingDifferenceMax = "sampling/sampling_logp_difference/max"
        case importanceRatioMin = "sampling/importance_sampling_ratio/min"
        case importanceRatioMean = "sampling/importance_sampling_ratio/mean"
        case importanceRatioMax = "sampling/importance_sampling_ratio/max"
        case importanceBoundedShare = "sampling/frac_bounded"
    }
}
