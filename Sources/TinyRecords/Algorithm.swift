/// How the numbers are trained: a named bundle of defaults for the settings of sampling, loss and optimiser.
///
/// The bundles are in ``TrainingConfiguration/apply(_:)``.
public enum Algorithm: String, Sendable, Codable, CaseIterable {
    /// Group-relative policy optimisation.
    case grpo
    /// GRPO without the two divisions that favour some lengths and some problems.
    case drGRPO = "dr_grpo"
    /// GRPO with the mean over all tokens.
    case bnpo
    /// GRPO for long completions: a higher upper bound, equal groups replaced, all tokens equal, a soft length penalty.
    case dapo
    /// REINFORCE on whole completions with the others of the group as baseline.
    case rloo
    /// REINFORCE with PPO's clipping and advantages normalised over the step; no groups needed.
    case reinforcePlusPlus = "reinforce++"
    /// GRPO with the ratio of the completion in place of each token's.
    case gspo
    /// Log-probabilities weighted by bounded ratios: every token keeps its gradient.
    case cispo
    /// Next-token loss on reference solutions.
    case sft
    /// Evolution strategy that estimates a gradient from the rewards of mirrored perturbations; no backward pass.
    case openES = "openes"
    /// Evolution strategy that adapts the covariance of its perturbations; no backward pass.
    case cmaES = "cma-es"

    /// Whether it only compares the rewards of perturbed numbers, without any gradient.
    public var isEvolution: Bool { self == .openES || self == .cmaES }
}
