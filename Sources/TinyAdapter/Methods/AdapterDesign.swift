import TinyCheckpoint
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
    /// The design that a file's notes describe.
    ///
    /// - Throws: ``AdapterError`` with code `malformedFile` or `unsupportedVersion`, naming the file.
    init(notes: AdapterNotes) throws(AdapterError)
}

extension AdapterDesign {
    /// The method's name in settings and files.
    public var method: String { Self.method }
}

extension [AdaptedModule] {
    /// Checks that they can carry a low-rank change.
    ///
    /// - Throws: ``AdapterError`` with code `invalidPlan` when there are none, a shape is impossible, the order is not the
    ///   counting order, or the rank exceeds a module.
    func check(rank: Int) throws(AdapterError) {
        guard !isEmpty else { throw AdapterError(.invalidPlan, "a plan needs at least one module") }
        var previous = -1
        for module in self {
            guard (0..<AdapterPlan.largestLayer).contains(module.layer), module.outputs >= 1, module.inputs >= 1,
                module.outputs <= Int(Int32.max), module.inputs <= Int(Int32.max)
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
        guard rank >= 1 else { throw AdapterError(.invalidPlan, "the rank is \(rank), it must be at least 1") }
        for module in self where rank > Swift.min(module.outputs, module.inputs) {
            throw AdapterError(
                .invalidPlan, "rank \(rank) exceeds \(module.name), which is [\(module.outputs), \(module.inputs)]")
        }
    }

    /// Checks that a model has these modules.
    func requirePresence(in checkpoint: Checkpoint) throws(AdapterError) {
        let found = checkpoint.configuration.modules
        for planned in self where !(found.indices.contains(planned.index) && found[planned.index] == planned) {
            let other = found.indices.contains(planned.index) ? found[planned.index] : nil
            throw AdapterError(
                .invalidPlan,
                "the plan expects \(planned.name) [\(planned.outputs), \(planned.inputs)], \(checkpoint.directory) has "
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
    var kinds: [ModuleKind] { ModuleKind.allCases.filter { kind in contains { $0.kind == kind } } }
}

extension ModuleKind {
    /// The last part of ``name``, as PEFT's `target_modules` has it: `q_proj`.
    public var suffix: String { String(name.drop { $0 != "." }.dropFirst()) }
}
