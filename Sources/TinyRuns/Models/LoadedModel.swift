internal import TinyAbacus
public import TinyAdapter
public import TinyCheckpoint
public import TinyFoundation
public import TinyModel
public import TinyEngine
public import TinyProblems
public import TinyTemplates
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
public struct LoadedModel: Sendable {
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
        tokenizer = try Self.tokenizer(path, vocabularySize: checkpoint.configuration.vocabularySize)
    }

    private static func tokenizer(_ path: String, vocabularySize: Int) throws -> Tokenizer? {
        let tokenizer: Tokenizer
        do throws(TextError) {
            tokenizer = try Tokenizer(modelDirectory: path)
        } catch {
            if error.code == .missingFile { return nil }
            throw error
        }
        guard tokenizer.vocabularySize <= vocabularySize else {
            throw RunError(
                .unusableModel,
                "the tokenizer of \(path) has \(tokenizer.vocabularySize) tokens, the model's vocabulary \(vocabularySize)"
            )
        }
        return tokenizer
    }

    /// How products with the weights are computed.
    public var arithmetic: Arithmetic { model.arithmetic }

    /// The tokenizer.
    ///
    /// - Throws: `TextError` when the model has none.
    public func requireTokenizer() throws -> Tokenizer {
        // Reading again says what is missing.
        try tokenizer ?? Tokenizer(modelDirectory: checkpoint.directory)
    }

    /// Tokens that end a completion: the model's and the tokenizer's.
    public var stopTokens: [Int] {
        let candidates = checkpoint.configuration.endOfText + [tokenizer?.endOfTextID].compactMap { $0 }
        return Set(candidates).filter { $0 >= 0 && $0 < checkpoint.configuration.vocabularySize }.sorted()
    }

    /// The token to learn at the end of a solution: the tokenizer's end of text, else the first stop token.
    public var endToken: Int? {
        let stops = stopTokens
        return tokenizer?.endOfTextID.flatMap { stops.contains($0) ? $0 : nil } ?? stops.first
    }

    /// The prompt style that suits the model: Abacus's own, or a number after `####`.
    public var naturalStyle: PromptStyle { isAbacus ? .abacus : .gsm8k }

    /// The model's chat template; `nil` for a model of plain text.
    ///
    /// - Throws: `TemplateError` when there is one that cannot be read.
    public func chatTemplate() throws(TemplateError) -> ChatTemplate? {
        do throws(TemplateError) {
            return try ChatTemplate(modelDirectory: checkpoint.directory)
        } catch {
            if error.code == .missingFile { return nil }
            throw error
        }
    }

    /// Makes prompts of this model: chat turns where it has a chat template, plain text where it has none.
    ///
    /// - Parameter style: What the model is told; ``naturalStyle`` unless given.
    /// - Throws: ``RunError`` without a tokenizer, `TemplateError` when the template cannot be read, `ProblemError` when it
    ///   cannot put the style.
    public func prompter(style: PromptStyle? = nil) throws -> Prompter {
        let prompter = Prompter(
            style: style ?? naturalStyle, codec: try requireTokenizer(), chat: try chatTemplate())
        _ = try prompter.prompt(for: "1 + 1 = ?")
        return prompter
    }

    /// An engine for this model, with the method of an adapter file if one is given. It computes in ``arithmetic``, whatever
    /// the adapter was trained in.
    public func engine(
        adapter: AdapterFile?, threads: Int, cache: FactorCache? = .standard(),
        progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) throws -> LocalEngine {
        try adapter?.requireBaseModel(AdapterFile.BaseModel(name: name, fingerprint: fingerprint))
        let method = try adapter.map {
            try self.method($0.design, initialSeed: 0, threads: threads, cache: cache, progress: progress)
        }
        return LocalEngine(model: model, method: method, threads: threads)
    }

    /// A method ready for this model.
    ///
    /// - Parameters:
    ///   - design: Such as `AdapterSettings.design(for:)` gives.
    ///   - initialSeed: Names the random numbers that an untrained adapter starts from.
    ///   - threads: Matrices factorised at once.
    ///   - cache: Where frozen factors are kept.
    ///   - shared: Where several methods of this model share them in memory.
    ///   - progress: Called after each factorised matrix with the number done and the number of all, and with 0 before the
    ///     first.
    public func method(
        _ design: any AdapterDesign, initialSeed: UInt64, threads: Int, cache: FactorCache? = .standard(),
        shared: SharedFactors? = nil, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) throws -> any AdapterMethod {
        var preparation = AdapterPreparation(
            checkpoint: checkpoint, fingerprint: fingerprint, cache: cache, threads: threads, initialSeed: initialSeed,
            progress: progress)
        preparation.shared = shared
        return try design.prepared(preparation)
    }

    /// Writes an adapter of all weights as a model directory of its own, with the tokenizer's files. Such a directory does
    /// not say in which arithmetic the weights were trained.
    ///
    /// - Throws: `CheckpointError`, or ``RunError`` when the adapter holds anything but all weights.
    public func write(_ adapter: AdapterFile, asModel directory: String) throws {
        guard adapter.design is FullDesign else {
            throw RunError(
                .unusableModel, "an adapter of \(adapter.design) is not a model")
        }
        try writeModel(adapter.tensors, to: directory)
    }

    /// Writes tensors as a model like this one, with its other files.
    func writeModel(_ tensors: [TensorToWrite], to directory: String) throws {
        try CheckpointWriter.write(tensors, of: checkpoint, to: directory)
        try writeTokenizer(to: directory)
    }
}
