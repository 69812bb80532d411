import TinyLoRA

/// The model that is computed with.
enum VerifiedModel {
    /// A directory, or the model in the box.
    case directory(String?)
    /// Random weights of this shape.
    case shape(BenchModel)

    /// A model in one arithmetic.
    struct Opened {
        let model: LanguageModel
        /// What people call it.
        let name: String
        /// What identifies the weights.
        let weights: String
        /// Its files, if it has any.
        let checkpoint: Checkpoint?
    }

    func open(_ arithmetic: Arithmetic) throws -> Opened {
        switch self {
        case .directory(let path):
            let loaded = try LoadedModel(directory: path, arithmetic: arithmetic)
            return Opened(
                model: loaded.model, name: loaded.name, weights: loaded.fingerprint, checkpoint: loaded.checkpoint)
        case .shape(let shape):
            let model = try LanguageModel(randomWeightsOf: shape.configuration(), arithmetic: arithmetic)
            return Opened(
                model: model, name: "random weights of \(shape.rawValue)", weights: "random \(shape.rawValue)",
                checkpoint: nil)
        }
    }

    /// The options that name it.
    var arguments: [String] {
        switch self {
        case .directory(nil): []
        case .directory(let path?): ["--model", path]
        case .shape(let shape): ["--model-shape", shape.rawValue]
        }
    }
}
