/// How the numbers are trained: a named bundle of defaults for the settings of sampling, loss and optimiser.
public enum Algorithm: String, Sendable, Codable, CaseIterable {
    /// Group-relative policy optimisation.
    case grpo
    /// Next-token loss on reference solutions.
    case sft
}

extension TrainingConfiguration {
    /// Gives the settings that ``algorithm`` is known by their usual values. Called before anything else is read.
    public mutating func useDefaultsOfAlgorithm() {
        switch algorithm {
        case .grpo: break
        case .sft: useSupervisedDefaults()
        }
    }
}
