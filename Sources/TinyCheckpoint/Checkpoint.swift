// Reads and writes the files of a model directory: `config.json` and safetensors files, checked by name and shape. Reads
// models in GGUF files.
//
// This target does not know: what a layer computes, adapters, tokens' texts, training.

public import TinyFoundation

/// A model: a directory in the layout of Hugging Face, which is `config.json` and weights in one or several safetensors files,
/// or a GGUF file (the first, where there are several).
///
/// ```swift
/// let checkpoint = try Checkpoint(directory: "Qwen2.5-0.5B")
/// let norm = try checkpoint.tensor("model.norm.weight", [checkpoint.configuration.hiddenSize])
/// norm.floats()
/// ```
///
/// Opening maps the files and reads their headers, no weights: milliseconds at any size.
public final class Checkpoint: Sendable {
    /// The directory or GGUF file as given.
    public let directory: String
    /// What the model is. End-of-text tokens come from `generation_config.json` where that names any.
    public let configuration: ModelConfiguration
    /// The GGUF files; `nil` for a directory.
    let gguf: GGUFModel?

    /// Where each tensor is, by its name in a checkpoint of text alone.
    let stored: [String: StoredTensor]

    /// Opens a directory or a GGUF file.
    ///
    /// - Throws: any reading code of ``CheckpointError``, naming the file.
    public convenience init(directory: String) throws(CheckpointError) {
        let parts = try CheckpointParts(directory: directory)
        var configuration = try parts.configuration.get()
        if let tokens = try parts.endOfText.get() { configuration.endOfText = tokens }
        self.init(directory: directory, configuration: configuration, gguf: parts.gguf, stored: try parts.stored.get())
    }

    init(directory: String, configuration: ModelConfiguration, gguf: GGUFModel?, stored: [String: StoredTensor]) {
        self.directory = directory
        self.configuration = configuration
        self.gguf = gguf
        self.stored = stored
    }

    /// What a GGUF file is made of.
    public struct GGUFDescription: Sendable, Encodable {
        /// The version of the format.
        public let version: Int
        /// The number of files.
        public let files: Int
        /// How many tensors are stored in each type, by ggml's name of the type.
        public let tensors: [String: Int]
    }

    /// What the GGUF file is made of; `nil` for a directory.
    public var ggufDescription: GGUFDescription? {
        gguf.map { model in
            let types = model.files.flatMap { $0.tensors.map { ($0.typeName, 1) } }
            return GGUFDescription(
                version: model.files[0].metadata.version, files: model.files.count,
                tensors: Dictionary(types, uniquingKeysWith: +))
        }
    }

    /// The names of all tensors, in alphabetical order.
    package var tensorNames: [String] { stored.keys.sorted() }

    /// Whether a file holds a tensor of this name.
    public func contains(_ name: String) -> Bool { stored[name] != nil }

    /// The tensor, checked against the shape expected.
    ///
    /// - Throws: `missingTensor`, `unsupportedType` or `shapeMismatch`, naming tensor, file and both shapes.
    public func tensor(_ name: String, _ shape: [Int]) throws(CheckpointError) -> CheckpointTensor {
        guard let place = stored[name] else {
            throw CheckpointError(
                .missingTensor, "\(directory) has no tensor \(name)", hint: tensorHint(for: name, among: stored.keys))
        }
        let tensor = try place.tensor()
        guard tensor.shape == shape else {
            let isTransposed = shape.count == 2 && tensor.shape == shape.reversed()
            throw CheckpointError(
                .shapeMismatch, "\(name) is \(tensor.shape) in \(place.file.path), expected \(shape)",
                hint: isTransposed ? "the matrix may be stored transposed" : nil)
        }
        return tensor
    }
}
