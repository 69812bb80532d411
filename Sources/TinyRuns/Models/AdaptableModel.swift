public import TinyAdapter
internal import TinyCheckpoint
public import TinyFoundation

/// A model that adapters belong to. They are read for it, prepared and exported by its files; only what computes with it needs
/// its weights in memory.
public protocol AdaptableModel: ModelText {
    /// What people call it: the name of its directory, its file, or its repository in a cache.
    var name: String { get }
    /// Hash of the weights, see `Checkpoint.fingerprint(cache:)`.
    var fingerprint: String { get throws }
    /// How products with the weights are computed.
    var arithmetic: Arithmetic { get throws }
}

extension AdaptableModel {
    /// What an adapter of this model says about it.
    var asBaseModel: AdapterFile.BaseModel {
        get throws { AdapterFile.BaseModel(name: name, fingerprint: try fingerprint) }
    }

    /// The adapter that an argument names, see ``AdapterSource``; the base model of a directory of PEFT becomes this one.
    ///
    /// - Throws: `AdapterError`, naming the file and what is wrong with it or how it differs from the model.
    public func adapter(at argument: String) throws -> AdapterFile { try adapter(from: AdapterSource(argument)) }

    /// The adapter of an opened source.
    ///
    /// - Throws: `AdapterError` with code `differentBaseModel` when it was trained on another model, another one when the model
    ///   has no modules of the shapes in it.
    public func adapter(from source: AdapterSource) throws -> AdapterFile {
        switch source {
        case .file(_, let file):
            try file.requireBaseModel(asBaseModel)
            return file
        case .peft(let peft):
            return try peft.adapter(
                of: checkpoint, baseModel: asBaseModel, arithmetic: arithmetic,
                toolVersion: "tinylora \(TinyLoRAVersion.current)")
        case .code(let code): return try code.adapter(for: checkpoint.configuration, of: asBaseModel)
        }
    }

    /// A method ready for this model. It reads the weights that it factorises, a matrix for each thread at a time.
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
            checkpoint: checkpoint, fingerprint: try fingerprint, cache: cache, threads: threads,
            initialSeed: initialSeed, progress: progress)
        preparation.shared = shared
        return try design.prepared(preparation)
    }
}
