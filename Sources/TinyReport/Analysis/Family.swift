import TinyRecords

/// The kinds of algorithm; each has its own colour.
public enum Family: String, Sendable, Codable, CaseIterable {
    /// Learns from graded samples by gradients: GRPO and its relatives.
    case policyGradient = "rl"
    /// Learns from given solutions.
    case supervised = "sft"
    /// Learns from the grades of a population, without gradients.
    case evolution = "es"

    /// The family of an algorithm by its name in a configuration; unknown algorithms count as policy gradients.
    init(algorithm: String) {
        switch algorithm {
        case "sft": self = .supervised
        case "openes", "cma-es", "es": self = .evolution
        default: self = .policyGradient
        }
    }

    /// A short name for legends.
    var label: String {
        switch self {
        case .policyGradient: "RL"
        case .supervised: "SFT"
        case .evolution: "ES"
        }
    }

    /// Place in tables.
    var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// Method, algorithm and number of trained numbers: what identifies a row of a table.
protocol TrainedSize {
    var method: String { get }
    var algorithm: String { get }
    var parameters: Int { get }
}

/// The name of an algorithm as its authors write it.
func algorithmLabel(_ name: String) -> String {
    switch name {
    case "dr_grpo": "Dr. GRPO"
    case "openes": "OpenES"
    default: name.uppercased()
    }
}

/// The name of a method as its authors write it.
func methodLabel(_ name: String) -> String {
    switch name {
    case "tinylora": "TinyLoRA"
    case "lora-xs": "LoRA-XS"
    case "lora": "LoRA"
    case "full": "full fine-tuning"
    default: name
    }
}

/// Place of a method in tables: from few trained numbers to all.
func methodOrder(_ name: String) -> Int {
    ["tinylora", "lora-xs", "lora", "full"].firstIndex(of: name) ?? 2
}

extension RecordedRun {
    /// What is trained. A run from before the key existed trains TinyLoRA.
    var method: String { settings["method"].text ?? "tinylora" }
    /// How it is trained. A run from before the key existed uses GRPO.
    var algorithm: String { settings["algorithm"].text ?? "grpo" }
    /// Peak learning rate.
    var learningRate: Double? { settings["learning_rate"].magnitude }
}
