public import TinyCheckpoint
public import Foundation
import TinyFoundation

/// An adapter in the layout of another tool, in memory: a file of tensors and a configuration beside it.
public struct ExportedAdapter: Sendable {
    /// Name of the file of tensors.
    public let weightsName: String
    /// The tensors.
    public let tensors: [TensorToWrite]
    /// The text of `adapter_config.json`.
    public let configuration: Data
    /// What a reader should know, as sentences: what the layout could not express, for one.
    public let notes: [String]

    init(
        weightsName: String, tensors: [TensorToWrite], configuration: some Encodable, notes: [String] = []
    ) throws {
        self.weightsName = weightsName
        self.tensors = tensors
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        self.configuration = try encoder.encode(configuration) + Data("\n".utf8)
        self.notes = notes
    }

    /// Writes both files into a directory, each as a whole; the directory is made where it is missing.
    ///
    /// - Throws: `CheckpointError` or `FileError` when something cannot be written.
    public func write(to directory: String) throws {
        try AtomicFile.makeDirectory(directory)
        // Readers look for the configuration: the tensors are there before it, and never beside that of an older adapter.
        let configurationPath = "\(directory)/\(PEFTAdapter.configurationName)"
        if FileManager.default.contents(atPath: configurationPath) != configuration, unlink(configurationPath) != 0,
            errno != ENOENT
        {
            let error = SystemError.last
            throw FileError(.unwritable, "cannot replace \(configurationPath): \(error)", underlying: error)
        }
        try SafetensorsWriter.write(tensors, metadata: ["format": "pt"], to: "\(directory)/\(weightsName)")
        try AtomicFile.write(configuration, to: configurationPath)
    }
}
