internal import TinyAbacus
public import TinyCheckpoint
public import TinyFoundation
internal import TinyModel
public import TinyText
internal import Synchronization

/// A model whose weights stay in their files: enough to read, prepare and export its adapters, in the memory of a few matrices.
///
/// ```swift
/// let model = try UnloadedModel(directory: "Qwen2.5-7B-Instruct")
/// try model.export(model.adapter(at: "adapter.safetensors"), as: .peftLoRA, to: "peft", threads: 2)
/// ```
public final class UnloadedModel: AdaptableModel {
    /// What people call it: the name of its directory, its file, or its repository in a cache.
    public let name: String
    /// The files.
    public let checkpoint: Checkpoint
    /// Text to ids and back; `nil` when the model has none.
    public let tokenizer: Tokenizer?
    /// Whether this is the model in the box.
    public let isAbacus: Bool
    private let cache: FingerprintCache?
    private let knownFingerprint = Mutex<String?>(nil)

    /// Opens a directory in Hugging Face layout, a GGUF file, or the model in the box.
    ///
    /// - Parameter cache: Where fingerprints of files that have not changed are kept.
    /// - Throws: As ``LoadedModel/init(directory:arithmetic:cache:)``.
    public init(directory: String?, cache: FingerprintCache? = .standard()) throws {
        isAbacus = directory == nil
        name = directory.map { modelName(at: $0) } ?? "abacus"
        checkpoint = try Checkpoint(directory: directory ?? AbacusFiles.directory())
        try checkpoint.requireParameters()
        tokenizer = try Self.tokenizer(of: checkpoint)
        self.cache = cache
    }

    /// Hash of the weights, which are read when it is first asked for.
    public var fingerprint: String {
        get throws {
            try knownFingerprint.withLock { known in
                let found = try known ?? checkpoint.fingerprint(cache: cache)
                known = found
                return found
            }
        }
    }

    /// The arithmetic that the stored types suggest.
    public var arithmetic: Arithmetic { get throws { try checkpoint.arithmetic } }
}
