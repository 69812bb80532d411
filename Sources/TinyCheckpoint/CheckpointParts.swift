import TinyFoundation

/// The parts of a model, each read whether or not the others can be, so that one error does not hide another.
package struct CheckpointParts: Sendable {
    /// What the model is, as `config.json` or the keys of a GGUF file say.
    package let configuration: Result<ModelConfiguration, CheckpointError>
    /// The end-of-text tokens of `generation_config.json`; `nil` where it has none or is absent.
    package let endOfText: Result<[Int]?, CheckpointError>
    /// The GGUF files; `nil` for a directory.
    let gguf: GGUFModel?
    /// Where each tensor is; fails with the configuration for a GGUF file, whose tensors depend on it.
    let stored: Result<[String: StoredTensor], CheckpointError>
    private let directory: String

    /// Opens a directory or a GGUF file. Reads headers, no weights.
    ///
    /// - Throws: ``CheckpointError`` when there is no such directory, or a GGUF file cannot be read at all.
    package init(directory: String) throws(CheckpointError) {
        self.directory = directory
        if isGGUF(directory) {
            let model = try GGUFModel(path: directory)
            let configuration = Result { () throws(CheckpointError) in try ModelConfiguration(gguf: model) }
            stored = Result { () throws(CheckpointError) in try model.storedTensors(of: configuration.get()) }
            self.configuration = configuration
            endOfText = .success(nil)
            gguf = model
            return
        }
        let folder = ModelDirectory(path: directory)
        try folder.checkPresence()
        configuration = Result { () throws(CheckpointError) in try folder.configuration() }
        endOfText = Result { () throws(CheckpointError) in try folder.endOfText() }
        stored = Result { () throws(CheckpointError) in withShortNames(try folder.weights()) }
        gguf = nil
    }

    /// The checkpoint, as far as its parts can be used: without end-of-text tokens that cannot be read.
    ///
    /// - Returns: `nil` when the configuration is what cannot be read, unless the weights cannot be read either.
    package var checkpoint: Result<Checkpoint, CheckpointError>? {
        switch (configuration, stored) {
        case (.success(var configuration), .success(let stored)):
            if case .success(let tokens?) = endOfText { configuration.endOfText = tokens }
            return .success(
                Checkpoint(directory: directory, configuration: configuration, gguf: gguf, stored: stored))
        case (.failure, .success): return nil
        case (let configuration, .failure(let error)):
            if gguf != nil, case .failure = configuration { return nil }
            return .failure(error)
        }
    }
}
