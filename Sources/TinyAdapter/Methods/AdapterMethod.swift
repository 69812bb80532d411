internal import Synchronization
public import TinyCheckpoint
public import TinyModel
import TinyFoundation
import TinyTensor

/// What is trained, ready for one model: turns an adapter's numbers into what the engine runs, and says which gradient it
/// needs back.
///
/// The numbers are one flat list, whatever they mean: optimisers, files and policies never look inside. A method is made by
/// its ``AdapterDesign``:
///
/// ```swift
/// let method = try design.prepared(AdapterPreparation(checkpoint: checkpoint, initialSeed: 1))
/// let start = method.initialValues
/// let effect = method.effect(of: start)       // what a forward pass sees
/// ```
///
/// One method serves any number of adapters at once.
public protocol AdapterMethod: Sendable {
    /// The type of its sizes and settings.
    associatedtype Design: AdapterDesign
    /// Its sizes and settings.
    var design: Design { get }
    /// What an untrained adapter holds; as many numbers as ``AdapterDesign/parameterCount``.
    var initialValues: [Float] { get }
    /// The gradient that a backward pass gives for these numbers.
    var gradient: AdapterGradient { get }
    /// What the engine runs for these numbers, already rounded to the adapter's element type.
    func effect(of values: [Float]) -> AdapterEffect
    /// Factors that are not trained and that all its changes share; `nil` of methods without them.
    var frozenFactors: LowRankFactors? { get }
    /// How the mixing matrices follow from the numbers, of a method in which they do so linearly; `nil` of others.
    var linearMixing: LinearMixing? { get }
}

extension AdapterMethod {
    /// None.
    public var frozenFactors: LowRankFactors? { nil }

    /// Not linear.
    public var linearMixing: LinearMixing? { nil }

    /// How many numbers an adapter has.
    public var parameterCount: Int { design.parameterCount }
}

/// Mixing matrices that are linear in an adapter's numbers: `R(m) = Σᵢ v[group(m) · u + i] · P(m, i)`.
public struct LinearMixing: Sendable {
    /// `A` and `B` of every changed module.
    public let factors: LowRankFactors
    /// Numbers of a group.
    public let u: Int
    /// The group of each module.
    public let groups: [Int]
    /// `P` of the module at a place of the factors, `[u, rank, rank]`; made when it is asked for, as LoRA-XS has rank⁴ numbers
    /// for every module.
    public let projections: @Sendable (_ place: Int) -> [Float]
}

/// What an adapter's numbers are to the engine.
public enum AdapterEffect: Sendable {
    /// A low-rank change beside the frozen weights.
    case change(LowRankChange)
    /// Weights that replace the model's, in the order of `ModelConfiguration.parameterShapes`.
    case weights([Float])
}

/// Which gradient a method asks of the engine, and how it becomes that of the numbers.
public enum AdapterGradient: Sendable {
    /// Every sequence's `dR`, `[modules, rank, rank]`, folded to the numbers.
    case mixing(fold: @Sendable (_ mixingGradient: [Float]) -> [Float])
    /// `dA [rank, inputs]` and `dB [outputs, rank]`, module by module, which are the numbers themselves.
    case factors
    /// All weights, in the order of `ModelConfiguration.parameterShapes`.
    case weights
}

/// What a design needs to become a method.
public struct AdapterPreparation: Sendable {
    /// The base model.
    public var checkpoint: Checkpoint
    /// The checkpoint's fingerprint, if it is known already; only the cache needs it.
    public var fingerprint: String?
    /// Where frozen factors are stored; `nil` computes them every time.
    public var cache: FactorCache?
    /// Where methods of the same model share frozen factors in memory; `nil` gives each its own.
    public var shared: SharedFactors?
    /// Modules factorised at once; each holds two copies of a weight.
    public var threads: Int
    /// Random seed of the initial values.
    public var initialSeed: UInt64
    /// Called after each factorised module with the number done and the number of all, and with 0 before the first; never
    /// when nothing was computed.
    public var progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?

    /// Makes a preparation; two threads and no cache by default.
    public init(
        checkpoint: Checkpoint, fingerprint: String? = nil, cache: FactorCache? = nil, threads: Int = 2,
        initialSeed: UInt64 = 0, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
    ) {
        self.checkpoint = checkpoint
        self.fingerprint = fingerprint
        self.cache = cache
        self.threads = threads
        self.initialSeed = initialSeed
        self.progress = progress
    }

    /// The frozen factors of some modules, from the cache where it has them.
    ///
    /// - Throws: ``AdapterError`` with code `invalidPlan` when the model has no such modules, or `factorisationFailed`;
    ///   `CheckpointError` when a weight is missing.
    func factors(
        of modules: [AdaptedModule], rank: Int, subspace: FrozenSubspace, seed: UInt64
    ) throws -> LowRankFactors {
        try modules.requirePresence(in: checkpoint)
        let key = SharedFactors.Key(modules: modules, rank: rank, scheme: subspace.cacheScheme(seed: seed))
        if let known = shared?[key] { return known }
        let pool = MemoryPool()
        let factors = try Factorisation.factors(
            of: modules, rank: rank, subspace: subspace, seed: seed,
            fingerprint: cache == nil ? "" : fingerprint ?? checkpoint.fingerprint(), cache: cache, threads: threads,
            weight: { [checkpoint] in try checkpoint.packedWeight(of: $0, in: pool) }, progress: progress)
        let prepared = LowRankFactors(rank: rank, modules: modules, factors: factors)
        shared?[key] = prepared
        return prepared
    }
}

/// Frozen factors in memory that methods of one model share, so that each of them costs its projections alone, and adapters of
/// several methods can share products. They are kept as long as a method has them.
public final class SharedFactors: Sendable {
    struct Key: Hashable {
        let modules: [AdaptedModule]
        let rank: Int
        let scheme: String
    }

    private struct Known {
        weak var factors: LowRankFactors?
    }

    private let known = Mutex<[Key: Known]>([:])

    /// Holds nothing.
    public init() {}

    subscript(key: Key) -> LowRankFactors? {
        get { known.withLock { $0[key]?.factors } }
        set {
            known.withLock { known in
                known = known.filter { $0.value.factors != nil }
                known[key] = newValue.map { Known(factors: $0) }
            }
        }
    }
}
