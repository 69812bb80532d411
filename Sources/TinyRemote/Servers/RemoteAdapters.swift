internal import Foundation
public import TinyAdapter
public import TinyCheckpoint
internal import TinyFoundation
internal import TinyModel

/// The adapters of one model and one method, as files that servers read.
///
/// Files are named by a hash of what they contain and put in place as a whole, so that a reader never finds other numbers under
/// a known name.
public struct RemoteAdapters: Sendable {
    private let method: any AdapterMethod
    private let configuration: ModelConfiguration
    private let baseModel: String
    /// Where files are written, as an absolute path that servers have to see too.
    private let folder: String
    /// Hash of the base model and the method's design.
    private let identity: String

    /// Describes the adapters of a method.
    ///
    /// - Parameters:
    ///   - method: What turns numbers into a change.
    ///   - checkpoint: The base model, whose directory is named in the files.
    ///   - fingerprint: Of the base model's weights.
    ///   - folder: Where files are written; it is made where it is missing.
    /// - Throws: ``RemoteError`` with code `unsupported` for a method that is no low-rank change.
    public init(
        _ method: any AdapterMethod, of checkpoint: Checkpoint, fingerprint: String, in folder: String
    ) throws {
        guard case .change(let initial) = method.effect(of: method.initialValues) else {
            throw RemoteError(
                .unsupported, "\(method.design.method) changes all weights, and a server takes low-rank changes only")
        }
        self.method = method
        configuration = checkpoint.configuration
        baseModel = checkpoint.directory
        self.folder = URL(filePath: folder).standardizedFileURL.path(percentEncoded: false)
        var hash = SHA256()
        let notes = try method.design.notes.sorted { $0.key < $1.key }
        for factor in initial.factors.factors {
            hash.update(factor.a)
            hash.update(factor.b)
        }
        for text in [fingerprint] + notes.flatMap({ [$0.key, $0.value] }) { hash.update(Array("\(text)\u{0}".utf8)) }
        identity = hash.finish().hexadecimal
    }

    /// An adapter by its numbers; `nil` where they change nothing, which is the base model.
    func adapter(_ values: [Float]) throws(RemoteError) -> ServedAdapter? {
        guard values.count == method.parameterCount, case .change(let change) = method.effect(of: values) else {
            throw RemoteError(
                .unsupported, "an adapter has \(values.count) numbers and the method \(method.parameterCount)")
        }
        guard change.changesAnything else { return nil }
        var hash = SHA256()
        hash.update(Array(identity.utf8))
        hash.update(values)
        hash.update(change.mixing)
        return ServedAdapter(name: "tl-" + hash.finish().hexadecimal.prefix(24), values: values, change: change)
    }

    /// Writes an adapter as a LoRA of PEFT.
    ///
    /// - Returns: The directory.
    func writePEFT(_ adapter: ServedAdapter) throws -> String {
        let path = "\(folder)/\(adapter.name)"
        // The configuration is written last. Another process that writes the same writes the same content.
        guard !FileManager.default.fileExists(atPath: "\(path)/\(PEFTAdapter.configurationName)") else { return path }
        try PEFTLoRA.adapter(of: adapter.change, baseModel: baseModel, layers: configuration.layerCount).write(to: path)
        return path
    }

    /// Removes what ``writePEFT(_:)`` wrote.
    func removePEFT(_ adapter: ServedAdapter) {
        try? FileManager.default.removeItem(atPath: "\(folder)/\(adapter.name)")
    }

    /// Most numbers whose parts are written: a server adds as many products to each module at most.
    private static let mostParts = 256

    /// Writes one LoRA of llama.cpp for each number: the change where that number is 1 and all others are 0.
    ///
    /// - Returns: The files, in the order of the numbers.
    package func writeParts() throws -> [String] {
        guard method.parameterCount <= Self.mostParts, method.linearMixing != nil else {
            throw RemoteError(
                .unsupported,
                "llama.cpp's server is given one adapter for each trained number, which is possible for tinylora and lora-xs "
                    + "with at most \(Self.mostParts) of them, not for \(method.design.description)",
                hint: "sample with vLLM, or on this machine")
        }
        try AtomicFile.makeDirectory(folder)
        let digits = "\(method.parameterCount - 1)".count
        var paths: [String] = []
        for index in 0..<method.parameterCount {
            let number = String(repeating: "0", count: digits - "\(index)".count) + "\(index)"
            let path = "\(folder)/tl-\(identity.prefix(16))-\(number).gguf"
            if !FileManager.default.fileExists(atPath: path) {
                var values = [Float](repeating: 0, count: method.parameterCount)
                values[index] = 1
                guard case .change(let part) = method.effect(of: values) else { continue }
                try GGUFLoRA.write(part.withoutUnchangedModules, of: configuration, baseModel: baseModel, to: path)
            }
            paths.append(path)
        }
        return paths
    }
}

extension SHA256 {
    fileprivate mutating func update(_ values: [Float]) { values.withUnsafeBytes { update(Array($0)) } }
}

extension RemoteError {
    /// Reports any error as one of this target.
    init(wrapping error: any Error) {
        self =
            switch error {
            case let error as RemoteError: error
            case let error as any ExplainedError:
                RemoteError(.unsupported, error.message, hint: error.hint, underlying: error)
            default: RemoteError(.unsupported, systemReason(error), underlying: error)
            }
    }
}
