/// How the numbers are trained: a named bundle of defaults for the settings of sampling, loss and optimiser.
public enum Algorithm: String, Sendable, Codable, CaseIterable {
    /// Group-relative policy optimisation.
    case grpo
    /// Next-token loss on reference solutions.
    case sft
}

extension TrainingConfiguration {
    /// Chooses an algorithm: its defaults take the place of the settings it is known by.
    public mutating func apply(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        switch algorithm {
        case .grpo: break
        case .sft: applySupervisedDefaults()
        }
    }
}
