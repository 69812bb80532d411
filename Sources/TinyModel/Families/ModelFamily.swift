internal import TinyCheckpoint

/// What models of one family have in common beyond their sizes. A family is one value, in a file of its own.
struct ModelFamily {
    /// Modules whose product has a bias.
    let biased: Set<ModuleKind>
}

extension ModelFamily {
    /// The family of a checkpoint.
    init(of configuration: ModelConfiguration) {
        switch configuration.architecture {
        case .qwen2: self = .qwen2
        }
    }
}
