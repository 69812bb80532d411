/// How the numbers are trained: a named bundle of defaults for the settings of sampling, loss and optimiser.
public enum Algorithm: String, Sendable, Codable, CaseIterable {
    /// Group-relative policy optimisation.
    case grpo
    /// Next-token loss on reference solutions.
    case sft
    /// Evolution strategy that estimates a gradient from the rewards of mirrored perturbations; no backward pass.
    case openES = "openes"
    /// Evolution strategy that adapts the covariance of its perturbations; no backward pass.
    case cmaES = "cma-es"

    /// Whether it only compares the rewards of perturbed numbers, without any gradient.
    public var isEvolution: Bool { self == .openES || self == .cmaES }
}
