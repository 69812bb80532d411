import Foundation
public import TinyFoundation

/// Writes model directories that transformers and ``Checkpoint`` load.
public enum CheckpointWriter {
    /// Writes `model.safetensors`, `generation_config.json` and `config.json`, making the directory where it is missing.
    ///
    /// Each file is replaced as a whole; the same arguments give the same bytes.
    ///
    /// - Throws: as ``SafetensorsWriter``; `malformedConfiguration` when the configuration breaks a rule.
    public static func write(
        configuration: ModelConfiguration, tensors: [TensorToWrite], to directory: String
    ) throws(CheckpointError) {
        try configuration.check("cannot write the model \(directory)")
        try write(
            tensors, configuration: configuration.json(storedType: tensors.commonType),
            generation: configuration.generationJSON(), to: ModelDirectory(path: directory))
    }

    /// The files that are written of a checkpoint's model.
    public static func fileNames(of checkpoint: Checkpoint) -> [String] {
        let hasGeneration =
            checkpoint.gguf != nil || ModelDirectory(path: checkpoint.directory).has(ModelDirectory.generationName)
        return [ModelDirectory.weightsName] + (hasGeneration ? [ModelDirectory.generationName] : [])
            + [ModelDirectory.configurationName]
    }

    /// Writes other weights of a checkpoint's model, in the same way.
    ///
    /// Where the checkpoint is a directory, `config.json` keeps all its members, also those that only other tools read, and
    /// names the type of these weights where it names one; `generation_config.json` is copied where there is one; without
    /// one, tools take the settings from `config.json`. Of a GGUF file, both are made from what the file says.
    ///
    /// - Parameter tensors: Of the same names and shapes as the checkpoint's.
    /// - Throws: as ``SafetensorsWriter``, or `unreadable` for a file of the checkpoint.
    public static func write(
        _ tensors: [TensorToWrite], of checkpoint: Checkpoint, to directory: String
    ) throws(CheckpointError) {
        guard checkpoint.gguf == nil else {
            return try write(configuration: checkpoint.configuration, tensors: tensors, to: directory)
        }
        let base = ModelDirectory(path: checkpoint.directory)
        try write(
            tensors, configuration: base.configurationJSON(storedType: tensors.commonType),
            generation: base.generationJSON(), to: ModelDirectory(path: directory))
    }

    private static func write(
        _ tensors: [TensorToWrite], configuration: Data, generation: Data?, to folder: ModelDirectory
    ) throws(CheckpointError) {
        try withCheckpointErrors { () throws(FileError) in try AtomicFile.makeDirectory(folder.path) }
        // transformers refuses files whose metadata do not say which framework's layout they follow.
        try SafetensorsWriter.write(tensors, metadata: ["format": "pt"], to: folder.file(ModelDirectory.weightsName))
        try withCheckpointErrors { () throws(FileError) in
            if let generation { try AtomicFile.write(generation, to: folder.file(ModelDirectory.generationName)) }
            try AtomicFile.write(configuration, to: folder.file(ModelDirectory.configurationName))
        }
    }
}

extension [TensorToWrite] {
    /// The type of all of them; `nil` where they differ.
    fileprivate var commonType: ElementType? {
        let types = Set(map(\.type))
        return types.count == 1 ? types.first : nil
    }
}
