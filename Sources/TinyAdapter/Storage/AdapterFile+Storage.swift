import Foundation
public import TinyCheckpoint
import TinyTensor

extension AdapterFile {
    /// The one tensor of an adapter file, `[groups, u]`.
    private static let tensorName = "tinylora_v"

    /// Writes a safetensors file; the same adapter gives the same bytes. The old file stays until the new one is complete.
    ///
    /// - Throws: ``AdapterError`` with code `inputOutput`, naming the file and the system's reason.
    public func write(to path: String) throws(AdapterError) {
        do {
            let tensor = TensorToWrite(
                name: Self.tensorName, shape: [plan.groupCount, plan.u], floats: values, type: elementType)
            try SafetensorsWriter.write([tensor], metadata: metadata(), to: path)
        } catch let error as CheckpointError {
            throw AdapterError(.inputOutput, error.message, hint: error.hint, underlying: error)
        } catch {
            throw AdapterError(.inputOutput, "cannot write \(path): \(error)", underlying: error)
        }
    }

    /// Reads and checks an adapter file. Whether it fits a model is another question: ``requireBaseModel(_:)``.
    ///
    /// - Throws: ``AdapterError`` with code `inputOutput`, `malformedFile` or `unsupportedVersion`, naming the file.
    public static func load(path: String) throws(AdapterError) -> AdapterFile {
        let (file, tensor) = try open(path)
        let adapter = try AdapterFile(notes: file.metadata, type: tensor.type, values: tensor.floats(), path: path)
        let shape = [adapter.plan.groupCount, adapter.plan.u]
        guard tensor.shape == shape else {
            throw AdapterError(.malformedFile, "\(tensorName) is \(tensor.shape) in \(path), its plan expects \(shape)")
        }
        return adapter
    }

    private static func open(_ path: String) throws(AdapterError) -> (SafetensorsFile, CheckpointTensor) {
        do throws(CheckpointError) {
            let file = try SafetensorsFile(path: path)
            return (file, try file.tensor(tensorName))
        } catch {
            switch error.code {
            case .unreadable: throw AdapterError(.inputOutput, error.message, hint: error.hint, underlying: error)
            case .missingTensor:
                throw AdapterError(
                    .malformedFile, "\(path) is not a TinyLoRA adapter: it has no tensor \(tensorName)",
                    underlying: error)
            default: throw AdapterError(.malformedFile, error.message, hint: error.hint, underlying: error)
            }
        }
    }

    /// Checks that a model is the one the adapter was trained on.
    ///
    /// - Throws: ``AdapterError`` with code `differentBaseModel`, naming both fingerprints.
    public func requireBaseModel(_ model: BaseModel) throws(AdapterError) {
        guard model.fingerprint == baseModel.fingerprint else {
            throw AdapterError(
                .differentBaseModel,
                "the adapter was trained on \(baseModel.name) (\(shortened(baseModel.fingerprint))), "
                    + "not on \(model.name) (\(shortened(model.fingerprint)))")
        }
    }

    /// The basis the adapter needs, for the model it was trained on.
    ///
    /// - Parameters:
    ///   - checkpoint: The base model.
    ///   - fingerprint: The checkpoint's, if it is known already; else it is computed.
    ///   - cache: Where factors are kept.
    ///   - threads: Modules factorised at once.
    ///   - progress: Called after each factorised module with the number done and the number of all.
    /// - Throws: ``AdapterError`` with code `differentBaseModel`; else as `AdapterBasis.make`.
    public func basis(
        for checkpoint: Checkpoint, fingerprint: String? = nil, cache: FactorCache?, threads: Int = 2,
        progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) throws -> AdapterBasis {
        let found = try fingerprint ?? checkpoint.fingerprint()
        try requireBaseModel(BaseModel(name: checkpoint.directory, fingerprint: found))
        return try AdapterBasis.make(
            checkpoint: checkpoint, plan: plan, seed: seed, fingerprint: found, cache: cache, threads: threads,
            progress: progress)
    }
}

/// The kind of hash and its first digits, enough to tell models apart: `sha256:1f3a5c7e9b2d`.
private func shortened(_ fingerprint: String) -> String {
    guard let colon = fingerprint.firstIndex(of: ":") else { return String(fingerprint.prefix(12)) }
    return String(fingerprint[...colon]) + fingerprint[fingerprint.index(after: colon)...].prefix(12)
}
