public import TinyCheckpoint
public import TinyModel
public import TinyFoundation

/// Sizes and settings of a method for one model's shape: everything about an adapter but its numbers and frozen factors.
///
/// A design costs nothing to make, names what would be trained, and is what an adapter file keeps. A new method is a type
/// that conforms, in a file of this folder, and a line in ``AdapterFile/designs``.
public protocol AdapterDesign: Sendable, Hashable, CustomStringConvertible {
    /// The method's name in settings and files, such as `tinylora`.
    static var method: String { get }
    /// How many numbers are trained.
    var parameterCount: Int { get }
    /// The modules whose weights change, in counting order.
    var modules: [AdaptedModule] { get }
    /// Numbers that can be left out together, in their order; none where zeros are not the base model.
    var parts: [AdapterPart] { get }
    /// The group of each module, in the order of ``modules``, of a method whose modules share numbers; `nil` of others.
    var groups: [Int]? { get }
    /// What the method has beside the trained numbers; `nil` where it has nothing.
    var frozenParts: FrozenParts? { get }
    /// Whether the numbers are all weights of a model, in place of a change beside them.
    var holdsAllWeights: Bool { get }
    /// Names and versions of the random and numeric schemes behind the method.
    var schemes: [String: String] { get }

    /// The method for a checkpoint.
    ///
    /// - Throws: ``AdapterError`` when the checkpoint has other modules or cannot be factorised; `CheckpointError` when a
    ///   weight is missing.
    func prepared(_ preparation: AdapterPreparation) throws -> any AdapterMethod

    /// Names and shapes under which a file keeps the numbers, in their order.
    var tensors: [ParameterShape] { get }
    /// What a file says about the design besides ``schemes``.
    var notes: [String: String] { get throws }
    /// Frozen numbers that a file keeps beside the trained ones; none where they can be made again.
    var frozenTensors: [TensorToWrite] { get }
    /// The design that a file's notes describe.
    ///
    /// - Throws: ``AdapterError`` with code `malformedFile` or `unsupportedVersion`, naming the file.
    init(notes: AdapterNotes) throws(AdapterError)
}

extension AdapterDesign {
    /// The method's name in settings and files.
    public var method: String { Self.method }

    /// None.
    public var frozenTensors: [TensorToWrite] { [] }

    /// No groups.
    public var groups: [Int]? { nil }

    /// Nothing.
    public var frozenParts: FrozenParts? { nil }

    /// A change.
    public var holdsAllWeights: Bool { false }
}

/// The numbers that a method has beside the trained ones and never changes: factors of the weights, and projections where it has
/// them.
public struct FrozenParts: Sendable, Hashable {
    /// How many directions of each weight the factors have.
    public let rank: Int
    /// How many numbers all projections have.
    public let projectionCount: Int
    /// Which directions the factors are; `nil` where a file stores them.
    public let subspace: FrozenSubspace?
    /// Seed of projections and random directions; `nil` where a file stores them.
    public let seed: UInt64?

    init(rank: Int, projectionCount: Int = 0, subspace: FrozenSubspace? = nil, seed: UInt64? = nil) {
        self.rank = rank
        self.projectionCount = projectionCount
        self.subspace = subspace
        self.seed = seed
    }
}

/// Largest dimension and rank of a change. No transformer comes near them; with ``AdapterPlan/largestLayer`` they keep every
/// count of numbers within `Int`, whatever a file says.
private let largestDimension = 1 << 24, largestRank = 1 << 16

/// Checks the rank of a change.
///
/// - Throws: ``AdapterError`` with code `invalidPlan`.
func checkRank(_ rank: Int) throws(AdapterError) {
    guard rank >= 1 else { throw AdapterError(.invalidPlan, "the rank is \(rank), it must be at least 1") }
    guard rank <= largestRank else {
        throw AdapterError(.invalidPlan, "the rank is \(rank), it must be at most \(largestRank)")
    }
}

extension [AdaptedModule] {
    /// Checks that they can carry a change of so many singular directions.
    ///
    /// - Throws: As ``check()``, and where the rank exceeds a module.
    func check(rank: Int) throws(AdapterError) {
        try check()
        try checkRank(rank)
        for module in self where rank > Swift.min(module.outputs, module.inputs) {
            throw AdapterError(
                .invalidPlan, "rank \(rank) exceeds \(module.name), which is [\(module.outputs), \(module.inputs)]")
        }
    }

    /// Checks that they can carry a low-rank change.
    ///
    /// - Throws: ``AdapterError`` with code `invalidPlan` when there are none, a shape is impossible, or the order is not the
    ///   counting order.
    func check() throws(AdapterError) {
        guard !isEmpty else { throw AdapterError(.invalidPlan, "a plan needs at least one module") }
        var previous = -1
        for module in self {
            guard (0..<AdapterPlan.largestLayer).contains(module.layer), module.outputs >= 1, module.inputs >= 1,
                module.outputs <= largestDimension, module.inputs <= largestDimension
            else {
                throw AdapterError(
                    .invalidPlan,
                    "\(module.name) with shape [\(module.outputs), \(module.inputs)] cannot be a module of a model")
            }
            guard module.index > previous else {
                throw AdapterError(.invalidPlan, "\(module.name) is listed twice or out of counting order")
            }
            previous = module.index
        }
    }

    /// Checks that a model has these modules.
    ///
    /// - Parameter source: What has them, for the message.
    package func requirePresence(in checkpoint: Checkpoint, source: String = "the plan") throws(AdapterError) {
        let found = checkpoint.configuration.modules
        for planned in self where !(found.indices.contains(planned.index) && found[planned.index] == planned) {
            let other = found.indices.contains(planned.index) ? found[planned.index] : nil
            throw AdapterError(
                .invalidPlan,
                "\(source) expects \(planned.name) [\(planned.outputs), \(planned.inputs)], \(checkpoint.directory) has "
                    + (other.map { "\($0.name) [\($0.outputs), \($0.inputs)]" } ?? "\(found.count) modules"))
        }
    }

    /// In words: `35 modules`, or `10 modules (q_proj, v_proj)` where not all seven kinds are there.
    var phrase: String {
        let kinds = self.kinds
        let names = kinds.count == ModuleKind.allCases.count ? "" : " (\(kinds.map(\.suffix).joined(separator: ", ")))"
        return counted(count, "module") + names
    }

    /// The kinds that occur, in counting order.
    package var kinds: [ModuleKind] { ModuleKind.allCases.filter { kind in contains { $0.kind == kind } } }
}

extension ModuleKind {
    /// The last part of ``name``, as PEFT's `target_modules` has it: `q_proj`.
    public var suffix: String { String(name.drop { $0 != "." }.dropFirst()) }
}
