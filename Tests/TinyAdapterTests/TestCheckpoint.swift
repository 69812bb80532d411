import Foundation
import TinyAdapter
import TinyCheckpoint
import TinyModel
import TinyFoundation

/// A directory of its own that is removed at the end.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("tinylora-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A random model of two layers.
func writeModel(to directory: String, seed: UInt64 = 1, type: ElementType = .bfloat16) throws -> Checkpoint {
    let configuration = ModelConfiguration(
        vocabularySize: 32, hiddenSize: 16, intermediateSize: 24, layerCount: 2, headCount: 4, keyValueHeadCount: 2,
        contextLength: 64, tiesEmbeddings: true)
    let tensors = configuration.parameterShapes.enumerated().map { index, parameter in
        TensorToWrite(
            name: parameter.name, shape: parameter.shape,
            floats: gaussian(parameter.count, seed: seed &* 1000 &+ UInt64(index)), type: type)
    }
    try CheckpointWriter.write(configuration: configuration, tensors: tensors, to: directory)
    return try Checkpoint(directory: directory)
}

/// Counts calls from any thread.
final class Counter: Sendable {
    private let lock = NSLock()
    nonisolated(unsafe) private var stored: [String] = []

    func add(_ message: String = "") { lock.withLock { stored.append(message) } }
    var messages: [String] { lock.withLock { stored } }
    var count: Int { messages.count }
}
