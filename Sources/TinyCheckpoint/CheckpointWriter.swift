public import Foundation
public import TinyFoundation

/// Writes model directories that transformers and ``Checkpoint`` load.
public enum CheckpointWriter {
    /// Writes `model.safetensors`, `generation_config.json` and `config.json`, making the directory where it is missing.
    ///
    /// Each file is replaced as a whole; the same arguments give the same bytes.
    ///
    /// - Parameter generation: The text of `generation_config.json`; one with the special tokens alone unless given.
    /// - Throws: as ``SafetensorsWriter``; `malformedConfiguration` when the configuration breaks a rule.
    public static func write(
        configuration: ModelConfiguration, tensors: [TensorToWrite], generation: Data? = nil, to directory: String
    ) throws(CheckpointError) {
        let problems = configuration.violations()
        guard problems.isEmpty else {
            throw CheckpointError(
                .malformedConfiguration, "cannot write the model \(directory): \(problems.joined(separator: "; "))")
        }
        try withCheckpointErrors { () throws(FileError) in try AtomicFile.makeDirectory(directory) }
        let folder = ModelDirectory(path: directory)
        // transformers refuses files whose metadata do not say which framework's layout they follow.
        try SafetensorsWriter.write(tensors, metadata: ["format": "pt"], to: folder.file(ModelDirectory.weightsName))
        let types = Set(tensors.map(\.type))
        let json = configuration.json(storedType: types.count == 1 ? types.first : nil)
        try withCheckpointErrors { () throws(FileError) in
            try AtomicFile.write(
                generation ?? configuration.generationJSON(), to: folder.file(ModelDirectory.generationName))
            try AtomicFile.write(json, to: folder.file(ModelDirectory.configurationName))
        }
    }
}
