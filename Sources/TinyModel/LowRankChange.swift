internal import TinyTensor

/// The frozen halves of one module's change: `ΔW = B R A`.
public struct ModuleFactors: Sendable {
    /// `[rank, inputs]`, row-major.
    public var a: [Float]
    /// `[outputs, rank]`, row-major.
    public var b: [Float]

    /// Makes the pair from its parts.
    public init(a: [Float], b: [Float]) {
        self.a = a
        self.b = b
    }
}

/// The frozen halves of every module, prepared for the engine: shared by all adapters on one base model.
///
/// Modules that read the same input (q, k, v; gate, up) share one product with their stacked `A`, so that a change costs
/// one narrow panel per input and never a second pass over the weights.
public final class LowRankFactors: Sendable {
    /// Rank of every module's change.
    public let rank: Int
    /// The modules, in counting order.
    public let modules: [AdaptedModule]
    /// Their factors, by module.
    public let factors: [ModuleFactors]

    /// The factors of module i that the kernels read.
    struct Prepared: Sendable {
        /// `Bᵀ [rank, outputs]`: adds `s` to the output row by row.
        let bTransposed: Matrix
        /// `A [rank, inputs]`: adds `dt` to the input's gradient.
        let a: Matrix
        /// `ds = dy B` as a product with packed `Bᵀ`.
        let packedB: PackedMatrix
    }

    let prepared: [Prepared]
    /// By layer and ``InputGroup``: stacked `A`, `[rank · modules, inputs]`.
    let stacked: [[PackedMatrix]]

    /// Prepares the factors of whole layers: seven modules each, in counting order.
    public init(rank: Int, modules: [AdaptedModule], factors: [ModuleFactors]) {
        precondition(modules.count == factors.count, "\(modules.count) modules, \(factors.count) factors")
        precondition(modules.indices.allSatisfy { modules[$0].index == $0 }, "modules must be all, in counting order")
        self.rank = rank
        self.modules = modules
        self.factors = factors
        prepared = zip(modules, factors).map { module, factor in
            precondition(
                factor.a.count == rank * module.inputs && factor.b.count == rank * module.outputs,
                "\(module.name): factors of \(factor.a.count) and \(factor.b.count) numbers")
            let bTransposed = Matrix(rows: rank, columns: module.outputs)
            for row in 0..<module.outputs {
                for j in 0..<rank { bTransposed.base[j * module.outputs + row] = factor.b[row * rank + j] }
            }
            return Prepared(
                bTransposed: bTransposed, a: Matrix(rows: rank, columns: module.inputs, values: factor.a),
                packedB: PackedMatrix(floats: bTransposed.base, outputs: rank, inputs: module.outputs))
        }
        let perLayer = ModuleKind.allCases.count
        stacked = (0..<modules.count / perLayer).map { layer in
            InputGroup.allCases.map { group in
                let members = group.kinds.map { layer * perLayer + $0.rawValue }
                let rows = members.flatMap { factors[$0].a }
                return PackedMatrix(
                    floats: rows, outputs: rank * members.count, inputs: modules[members[0]].inputs)
            }
        }
    }
}

/// Modules of a layer that read the same input, and whose weights are therefore stacked into one matrix.
enum InputGroup: Int, CaseIterable {
    case queryKeyValue, output, gateUp, down

    var kinds: [ModuleKind] {
        switch self {
        case .queryKeyValue: [.query, .key, .value]
        case .output: [.output]
        case .gateUp: [.gate, .up]
        case .down: [.down]
        }
    }
}

/// A low-rank change of every module: frozen factors and the small matrices between them.
///
/// `ΔW = B R A` with `R` `[rank, rank]` per module. The base model is the change with `R = 0`, bit for bit.
public struct LowRankChange: Sendable {
    /// What is frozen and shared.
    public let factors: LowRankFactors
    /// `R` of every module, `[modules, rank, rank]`, row-major.
    public let mixing: [Float]
    /// Modules whose `R` is not zero.
    let isActive: [Bool]

    /// - Parameter mixing: `[modules, rank, rank]`.
    public init(factors: LowRankFactors, mixing: [Float]) {
        let size = factors.rank * factors.rank
        precondition(mixing.count == factors.modules.count * size, "mixing of \(mixing.count) numbers")
        self.factors = factors
        self.mixing = mixing
        isActive = (0..<factors.modules.count).map { module in
            mixing[module * size..<(module + 1) * size].contains { $0 != 0 }
        }
    }
}
