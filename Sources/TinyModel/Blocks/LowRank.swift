internal import TinyCheckpoint
internal import TinyTensor

/// The outer halves of one module's change: `ΔW = B R A`.
public struct ModuleFactors: Sendable, Hashable {
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

/// `A` and `B` of the changed modules, prepared for the engine: shared by all changes that differ only in `R`.
///
/// Modules that read the same input (q, k, v; gate, up) share one product with their stacked `A`, so that a change costs
/// one narrow panel per input and never a second pass over the weights. Modules that are not listed cost nothing.
public final class LowRankFactors: Sendable {
    /// Rank of every module's change.
    public let rank: Int
    /// The changed modules, in counting order.
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
        /// Whether `B` is not all zeros.
        let hasOutput: Bool
    }

    /// The changed modules of one layer that read the same input: what every product asks for, without looking it up.
    ///
    /// `@unchecked Sendable`: the views are of matrices in ``prepared``, which nothing writes to.
    final class Members: @unchecked Sendable {
        /// A changed module.
        struct Member {
            /// In ``modules``.
            let position: Int
            let kind: ModuleKind
            /// ``Prepared/bTransposed``.
            let bTransposed: MatrixView
            /// ``Prepared/a``.
            let a: MatrixView
            /// Its columns of `A x`, `R A x` and their gradients, which the members have side by side.
            let columns: Range<Int>
        }

        let each: [Member]
        /// Stacked `A`, `[rank · members, inputs]`.
        let stacked: PackedMatrix

        fileprivate init(_ each: [Member], stacked: PackedMatrix) {
            self.each = each
            self.stacked = stacked
        }
    }

    let prepared: [Prepared]
    /// By layer and ``InputGroup``; `nil` where no module is changed.
    private let members: [[Members?]]

    /// Prepares factors.
    ///
    /// - Parameters:
    ///   - rank: Of every module.
    ///   - modules: In counting order, each at most once.
    ///   - factors: By module.
    public init(rank: Int, modules: [AdaptedModule], factors: [ModuleFactors]) {
        precondition(modules.count == factors.count, "\(modules.count) modules, \(factors.count) factors")
        precondition(
            zip(modules, modules.dropFirst()).allSatisfy { $0.index < $1.index }, "modules must be in counting order")
        self.rank = rank
        self.modules = modules
        self.factors = factors
        let prepared = zip(modules, factors).map { module, factor in
            precondition(
                factor.a.count == rank * module.inputs && factor.b.count == rank * module.outputs,
                "\(module.name): factors of \(factor.a.count) and \(factor.b.count) numbers")
            let bTransposed = Matrix(rows: rank, columns: module.outputs)
            for row in 0..<module.outputs {
                for j in 0..<rank { bTransposed.base[j * module.outputs + row] = factor.b[row * rank + j] }
            }
            return Prepared(
                bTransposed: bTransposed, a: Matrix(rows: rank, columns: module.inputs, values: factor.a),
                packedB: PackedMatrix(floats: bTransposed.base, outputs: rank, inputs: module.outputs),
                hasOutput: factor.b.contains { $0 != 0 })
        }
        self.prepared = prepared
        let positions = Dictionary(uniqueKeysWithValues: modules.enumerated().map { ($1.index, $0) })
        let perLayer = ModuleKind.allCases.count
        members = (0..<(modules.last.map { $0.layer + 1 } ?? 0)).map { layer in
            InputGroup.allCases.map { group in
                let found = group.kinds.compactMap { positions[layer * perLayer + $0.rawValue] }
                guard let first = found.first else { return nil }
                return Members(
                    found.enumerated().map { place, position in
                        Members.Member(
                            position: position, kind: modules[position].kind,
                            bTransposed: prepared[position].bTransposed.view, a: prepared[position].a.view,
                            columns: place * rank..<(place + 1) * rank)
                    },
                    stacked: PackedMatrix(
                        floats: found.flatMap { factors[$0].a }, outputs: rank * found.count,
                        inputs: modules[first].inputs))
            }
        }
    }

    /// Bytes that they take: see ``byteCount(rank:modules:)``.
    package var byteCount: Int { Self.byteCount(rank: rank, modules: modules) }

    /// Bytes that factors of such modules take: as they are given, as rows, and as panels of 16 outputs, which a small rank does
    /// not fill.
    package static func byteCount(rank: Int, modules: [AdaptedModule]) -> Int {
        func panels(_ outputs: Int, inputs: Int) -> Int {
            WeightFormat.float32.byteCount(outputs: outputs, inputs: inputs)
        }
        let perModule = modules.reduce(0) { sum, module in
            let numbers = rank * (module.inputs + module.outputs)
            return sum + 2 * MemoryLayout<Float>.size * numbers + panels(rank, inputs: module.outputs)
        }
        let layers = Dictionary(grouping: modules, by: \.layer).values
        return layers.reduce(perModule) { sum, layer in
            InputGroup.allCases.reduce(sum) { sum, group in
                let members = layer.filter { group.kinds.contains($0.kind) }
                return sum + panels(rank * members.count, inputs: members.first?.inputs ?? 0)
            }
        }
    }

    /// The changed modules of a layer's input group; `nil` when there are none.
    func members(layer: Int, _ group: InputGroup) -> Members? {
        layer < members.count ? members[layer][group.rawValue] : nil
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

/// A low-rank change of modules: their factors and the small matrices between them.
///
/// `ΔW = B R A` with `R` `[rank, rank]` per module. The base model is the change with `R = 0` or `B = 0`, bit for bit.
public struct LowRankChange: Sendable {
    /// `A` and `B` of the changed modules.
    public let factors: LowRankFactors
    /// `R` of every changed module, `[modules, rank, rank]`, row-major.
    public let mixing: [Float]
    /// Modules whose change is not zero.
    let isActive: [Bool]

    /// A change by `mixing`, `[modules, rank, rank]`.
    public init(factors: LowRankFactors, mixing: [Float]) {
        let size = factors.rank * factors.rank
        precondition(mixing.count == factors.modules.count * size, "mixing of \(mixing.count) numbers")
        self.factors = factors
        self.mixing = mixing
        isActive = factors.modules.indices.map { module in
            factors.prepared[module].hasOutput
                && mixing[module * size..<(module + 1) * size].contains { $0 != 0 }
        }
    }

    /// Whether any module's change is not zero.
    public var changesAnything: Bool { isActive.contains(true) }

    /// The same change, of those modules alone whose change is not zero.
    public var withoutUnchangedModules: LowRankChange {
        let kept = isActive.indices.filter { isActive[$0] }, size = factors.rank * factors.rank
        return LowRankChange(
            factors: LowRankFactors(
                rank: factors.rank, modules: kept.map { factors.modules[$0] }, factors: kept.map { factors.factors[$0] }
            ),
            mixing: kept.flatMap { mixing[$0 * size..<($0 + 1) * size] })
    }
}

/// The gradient of every changed module's `A` and `B`, to which backward passes add.
package final class FactorGradient: Sendable {
    /// Whose gradient.
    package let factors: LowRankFactors
    private let buffer: FloatBuffer
    /// Where each module's part begins: `dA [rank, inputs]`, then `dBᵀ [rank, outputs]`.
    private let offsets: [Int]

    /// Zeros.
    package init(of factors: LowRankFactors) {
        self.factors = factors
        var offset = 0
        offsets = factors.modules.map { module in
            defer { offset += factors.rank * (module.inputs + module.outputs) }
            return offset
        }
        buffer = FloatBuffer(count: offset)
    }

    /// `dA [rank, inputs]` of a module.
    func a(_ position: Int) -> Floats { buffer.base + offsets[position] }

    /// `dBᵀ [rank, outputs]` of a module.
    func bTransposed(_ position: Int) -> Floats { a(position) + factors.rank * factors.modules[position].inputs }

    /// All numbers, module by module: `dA [rank, inputs]`, then `dB [outputs, rank]`, row-major.
    package var values: [Float] {
        [Float](unsafeUninitializedCapacity: buffer.count) { values, initialized in
            for (position, module) in factors.modules.enumerated() {
                let rank = factors.rank, start = offsets[position], middle = start + rank * module.inputs
                for index in start..<middle { values.initializeElement(at: index, to: buffer.base[index]) }
                for row in 0..<module.outputs {
                    for column in 0..<rank {
                        values.initializeElement(
                            at: middle + row * rank + column, to: buffer.base[middle + column * module.outputs + row])
                    }
                }
            }
            initialized = buffer.count
        }
    }
}
