internal import TinyCheckpoint

/// What models of one family have in common beyond their sizes. A family is one value, in a file of its own.
struct ModelFamily {
    /// Modules of attention whose product has a bias in models with biases in attention.
    let biasedInAttention: Set<ModuleKind>
    /// Whether every head of q and k is normalised before it is rotated.
    var normalisesHeads = false
}

extension ModelFamily {
    /// The family of a checkpoint.
    init(of configuration: ModelConfiguration) {
        switch configuration.architecture {
        case .qwen2: self = .qwen2
        case .qwen3: self = .qwen3
        case .llama, .mistral, .smollm3: self = .llama
        }
    }

    /// Modules whose product has a bias in a model of this family.
    func biasedModules(of configuration: ModelConfiguration) -> Set<ModuleKind> {
        (configuration.hasAttentionBias ? biasedInAttention : [])
            .union(configuration.hasFeedForwardBias ? [.gate, .up, .down] : [])
    }
}
