internal import TinyAbacus
public import TinyAdapter
public import TinyCheckpoint
public import TinyFoundation
public import TinyModel
public import TinyEngine
public import TinyText

/// This software's version, as written into adapters and manifests.
public enum TinyLoRAVersion {
    /// Semantic version.
    public static let current = "0.1.0"
}

/// A model directory or GGUF file, opened: weights, tokenizer and what identifies them.
///
/// ```swift
/// let loaded = try LoadedModel(directory: nil)            // Abacus, the model in the box
/// let engine = try loaded.engine(adapter: nil, threads: 2)
/// ```
public struct LoadedModel: AdaptableModel {
    /// What people call it: the name of its directory, its file, or its repository in a cache.
    public let name: String
    /// The files.
    public let checkpoint: Checkpoint
    /// The packed weights.
    public let model: LanguageModel
    /// Text to ids and back; `nil` when the model has none.
    public let tokenizer: Tokenizer?
    /// Hash of the weights.
    public let fingerprint: String
    /// Whether this is the model in the box.
    public let isAbacus: Bool

    /// Opens a directory in Hugging Face layout, a GGUF file, or the model in the box.
    ///
    /// - Parameters:
    ///   - arithmetic: How products with the weights are computed; as the stored types suggest unless given.
    ///   - cache: Where fingerprints of files that have not changed are kept.
    /// - Throws: `CheckpointError` or `TextError` naming what is wrong with which file. A missing tokenizer is an error only
    ///   once it is asked for.
    public init(
        directory: String?, arithmetic: Arithmetic? = nil, cache: FingerprintCache? = .standard()
    ) throws {
        isAbacus = directory == nil
        let path = try directory ?? AbacusFiles.directory()
        name = directory.map { modelName(at: $0) } ?? "abacus"
        checkpoint = try Checkpoint(directory: path)
        model = try LanguageModel(checkpoint, arithmetic: arithmetic)
        fingerprint = try checkpoint.fingerprint(cache: cache)
        tokenizer = try Self.tokenizer(of: checkpoint)
    }

    /// How products with the weights are computed.
    public var arithmetic: Arithmetic { model.arithmetic }

    /// An engine for this model, with the method of an adapter file if one is given. It computes in ``arithmetic``, whatever
    /// the adapter was trained in.
    public func engine(
        adapter: AdapterFile?, threads: Int, cache: FactorCache? = .standard(),
        progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) throws -> LocalEngine {
        try adapter?.requireBaseModel(asBaseModel)
        let method = try adapter.map {
            try self.method($0.design, initialSeed: 0, threads: threads, cache: cache, progress: progress)
        }
        return LocalEngine(model: model, method: method, threads: threads)
    }
}
