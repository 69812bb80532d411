/// How the numbers are trained: a named bundle of defaults for the settings of sampling, loss and optimiser.
public enum Algorithm: String, Sendable, Codable, CaseIterable {
    /// Group-relative policy optimisation.
    case grpo
    /// Next-token loss on reference solutions.
    case sft
}
