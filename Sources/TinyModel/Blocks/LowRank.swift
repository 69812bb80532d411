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

    /// The changed modules of one layer that read the same input.
    struct Members: Sendable {
        /// Positions in ``modules``.
        let positions: [Int]
        /// Stacked `A`, `[rank · positions, inputs]`.
        let stacked: PackedMatrix
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
                packedB: PackedMatrix(floats: bTransposed.base, outputs: rank, inputs: module.outputs),
                hasOutput: factor.b.contains { $0 != 0 })
        }
        let positions = Dictionary(uniqueKeysWithValues: modules.enumerated().map { ($1.index, $0) })
        let perLayer = ModuleKind.allCases.count
        members = (0..<(modules.last.map { $0.layer + 1 } ?? 0)).map { layer in
            InputGroup.allCases.map { group in
                let found = group.kinds.compactMap { positions[layer * perLayer + $0.rawValue] }
                guard let first = found.first else { return nil }
                return Members(
                    positions: found,
                    stacked: PackedMatrix(
                        floats: found.flatMap { factors[$0].a }, outputs: rank * found.count,
                        inputs: modules[first].inputs))
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

/// The stacked weights of the modules that read one input, and the low-rank changes beside them.
struct Projection: Sendable {
    let weights: PackedMatrix
    private let bias: Matrix?
    private let group: InputGroup
    private let layer: Int
    /// The modules side by side, and the column of the output at which each begins.
    private let modules: [AdaptedModule]
    private let columns: [Int]

    init(
        _ group: InputGroup, layer: Int, of configuration: ModelConfiguration, from weights: WeightReader
    ) throws(CheckpointError) {
        self.group = group
        self.layer = layer
        let all = configuration.modules(ofLayer: layer)
        let modules = group.kinds.map { all[$0.rawValue] }
        self.modules = modules
        columns = modules.indices.map { modules[..<$0].reduce(0) { $0 + $1.outputs } }
        self.weights = try weights.packed(modules.map { ParameterShape(.weight($0), [$0.outputs, $0.inputs]) })
        bias =
            ModelFamily(of: configuration).biasedModules(of: configuration).isSuperset(of: group.kinds)
            ? try weights.vector(modules.map { ParameterShape(.bias($0), [$0.outputs]) }) : nil
    }

    /// `y = x Wᵀ`, with the bias and the changes of the pass.
    ///
    /// - Parameter narrow: Receives `A x` of the changes; `nil` when the pass has none.
    func forward(_ x: Matrix, into y: Matrix, narrow: Matrix?, _ pass: PassRows) {
        pass.team.timed(.products) {
            weights.multiply(pass.arithmetic.rows(x.view, team: pass.team), into: y.view, team: pass.team)
        }
        if let bias { pass.team.timed(.norms) { Kernels.addBias(bias, to: y.view, team: pass.team) } }
        if let narrow { pass.team.timed(.adapter) { addChanges(x, to: y, t: narrow, pass) } }
    }

    /// `dx = dy W`, with the part of the changes, and the wanted gradients of `W`, its bias and the changes.
    ///
    /// - Parameters:
    ///   - narrow: `A x` of the changes, from the forward pass.
    ///   - input: `x` of the forward pass; made only where it is needed.
    func backward(
        _ dy: Matrix, to dx: Matrix, narrow: Matrix?, into gradients: PassGradients, _ pass: PassRows,
        input: @autoclosure () -> Matrix
    ) {
        pass.team.timed(.products) {
            weights.multiplyTransposed(pass.arithmetic.rows(dy.view, team: pass.team), into: dx.view, team: pass.team)
        }
        if let dense = gradients.weights {
            pass.team.timed(.products) { addWeightGradients(dy, input(), to: dense, pass) }
        }
        if let narrow, gradients.mixing != nil || gradients.factors != nil {
            pass.team.timed(.adapter) {
                addChangesBackward(dy, t: narrow, input: input, to: dx, into: gradients, pass)
            }
        }
    }

    private func addWeightGradients(_ dy: Matrix, _ x: Matrix, to dense: DenseWeights, _ pass: PassRows) {
        for (module, column) in zip(modules, columns) {
            let own = dy.view.columns(from: column, count: module.outputs)
            addOuterProduct(own, x.view, to: dense.pointer(.weight(module)), team: pass.team)
            if bias != nil { Kernels.sumRows(own, into: dense.pointer(.bias(module))) }
        }
    }
}

// How a projection applies low-rank changes: t = A x, s = R t, y += B s, and back.
extension Projection {
    /// Adds `B R A x` to `y`; `t` receives `A x`, `[rows, columns]`.
    private func addChanges(_ x: Matrix, to y: Matrix, t: Matrix, _ pass: PassRows) {
        for stretch in pass.batch.stretches {
            guard let members = stretch.factors.members(layer: layer, group) else { continue }
            members.stacked.multiply(x.view.rows(stretch.rows), into: t.view.rows(stretch.rows), team: pass.team)
            eachSpan(stretch, pass) { _, span, change, s in
                let own = t.view.rows(span.rows), out = y.view.rows(span.rows)
                for (member, position) in members.positions.enumerated() where change.isActive[position] {
                    mix(own, member, change, position, into: s)
                    Kernels.expand(
                        s, by: stretch.factors.prepared[position].bTransposed, into: outputs(out, of: position, stretch)
                    )
                }
            }
        }
    }

    /// Given `dy`, adds the changes' part to `dx` and what is wanted of their gradients to `gradients`.
    private func addChangesBackward(
        _ dy: Matrix, t: Matrix, input: () -> Matrix, to dx: Matrix, into gradients: PassGradients, _ pass: PassRows
    ) {
        for stretch in pass.batch.stretches {
            let factors = stretch.factors, rank = factors.rank, first = stretch.rows.lowerBound
            guard let members = factors.members(layer: layer, group) else { continue }
            let ds = Matrix(unsetRows: stretch.rows.count, columns: rank * members.positions.count)
            for (member, position) in members.positions.enumerated() {
                factors.prepared[position].packedB.multiply(
                    outputs(dy.view.rows(stretch.rows), of: position, stretch),
                    into: ds.view.columns(from: member * rank, count: rank), team: pass.team)
            }
            eachSpan(stretch, pass) { index, span, change, s in
                let own = ds.view.rows(span.rows.lowerBound - first..<span.rows.upperBound - first)
                for (member, position) in members.positions.enumerated() {
                    if let mixing = gradients.mixing {
                        Kernels.mixGradient(
                            own.columns(from: member * rank, count: rank),
                            t: t.view.rows(span.rows).columns(from: member * rank, count: rank),
                            into: mixing.row(index) + position * rank * rank)
                    }
                    guard change.isActive[position] else { continue }
                    mix(own, member, change, position, transposed: true, into: s)
                    Kernels.expand(s, by: factors.prepared[position].a, into: dx.view.rows(span.rows))
                }
            }
            if let gradient = gradients.factors, gradient.factors === factors {
                addFactorGradients(dy, ds: ds, t: t, x: input(), of: members, stretch, to: gradient, pass)
            }
        }
    }

    /// Adds `dB = Σ dy ⊗ R A x` and `dA = Σ Rᵀ Bᵀ dy ⊗ x` of the rows of a stretch.
    ///
    /// Each sequence's sum is made on its own and added in the order of the sequences, so the result depends on the sequences
    /// and their order alone: not on the passes that they are divided into, nor on threads.
    ///
    /// - Parameters:
    ///   - ds: `Bᵀ dy`, `[rows of the stretch, rank · members]`.
    ///   - t: `A x`, all rows.
    private func addFactorGradients(
        _ dy: Matrix, ds: Matrix, t: Matrix, x: Matrix, of members: LowRankFactors.Members, _ stretch: RowBatch.Stretch,
        to gradient: FactorGradient, _ pass: PassRows
    ) {
        let rank = stretch.factors.rank, rows = stretch.rows.count, first = stretch.rows.lowerBound
        // One matrix each, not an array of them: an array would be freed after its last use, before its views are read.
        let s = Matrix(unsetRows: members.positions.count * rows, columns: rank)
        let dt = Matrix(unsetRows: members.positions.count * rows, columns: rank)
        eachSpan(stretch, pass) { _, span, change, _ in
            let own = span.rows.lowerBound - first..<span.rows.upperBound - first
            for (member, position) in members.positions.enumerated() {
                let target = own.lowerBound + member * rows..<own.upperBound + member * rows
                mix(t.view.rows(span.rows), member, change, position, into: s.view.rows(target))
                mix(ds.view.rows(own), member, change, position, transposed: true, into: dt.view.rows(target))
            }
        }
        let wide = (dy: dy.view.rows(stretch.rows), x: x.view.rows(stretch.rows))
        let pieces = members.positions.enumerated().flatMap { member, position in
            let own = member * rows..<(member + 1) * rows
            return OuterPiece.all(
                s.view.rows(own), outputs(wide.dy, of: position, stretch), to: gradient.bTransposed(position))
                + OuterPiece.all(dt.view.rows(own), wide.x, to: gradient.a(position))
        }
        let spans = stretch.spans.map { pass.batch.spans[$0].rows }
        let least = max(1, OuterPiece.leastWork / max(1, rows * rank * OuterPiece.columns))
        pass.team.split(pieces.count, least: least) { part in
            for piece in pieces[part] {
                for span in spans { piece.add(span.lowerBound - first..<span.upperBound - first) }
            }
        }
    }

    /// The columns of a changed module in the stacked output.
    private func outputs(_ y: MatrixView, of position: Int, _ stretch: RowBatch.Stretch) -> MatrixView {
        let module = stretch.factors.modules[position]
        let place = group.kinds.firstIndex(of: module.kind) ?? 0  // members of a group have its kinds
        return y.columns(from: columns[place], count: module.outputs)
    }

    /// `s = R t` for the columns of a member, or `Rᵀ t` with `transposed`.
    private func mix(
        _ t: MatrixView, _ member: Int, _ change: LowRankChange, _ position: Int, transposed: Bool = false,
        into s: MatrixView
    ) {
        let rank = change.factors.rank
        change.mixing.withUnsafeBufferPointer { mixing in
            Kernels.mix(
                t.columns(from: member * rank, count: rank), by: mixing.baseAddress! + position * rank * rank,
                transposed: transposed, into: s)
        }
    }

    /// Calls `body` for every segment of the stretch, on any thread, with scratch of `[rows, rank]`.
    private func eachSpan(
        _ stretch: RowBatch.Stretch, _ pass: PassRows, _ body: (Int, RowBatch.Span, LowRankChange, MatrixView) -> Void
    ) {
        let perSpan = max(1, stretch.rows.count / stretch.spans.count), rank = stretch.factors.rank
        pass.team.split(stretch.spans.count, least: max(1, 16 / perSpan)) { part in
            for index in part.lowerBound + stretch.spans.lowerBound..<part.upperBound + stretch.spans.lowerBound {
                let span = pass.batch.spans[index]
                guard let change = span.change else { continue }
                withUnsafeTemporaryAllocation(of: Float.self, capacity: span.rows.count * rank) { scratch in
                    let s = MatrixView(scratch.baseAddress!, rows: span.rows.count, columns: rank)
                    body(index, span, change, s)
                }
            }
        }
    }
}

/// Some columns of one factor's gradient, `target += narrowᵀ · wide`: what one thread computes.
private struct OuterPiece {
    /// `[rows of the stretch, rank]`, and the columns that it multiplies.
    let narrow: MatrixView
    let wide: MatrixView
    let target: MatrixView

    /// Columns of a piece: few enough to share small matrices out, enough to read whole cache lines.
    static let columns = 64
    /// Products that a thread should have at least, about 20 microseconds of work.
    static let leastWork = 1 << 20

    /// The pieces of one product into `target [rank, columns]`.
    static func all(_ narrow: MatrixView, _ wide: MatrixView, to target: Floats) -> [OuterPiece] {
        let target = MatrixView(target, rows: narrow.columns, columns: wide.columns)
        return Swift.stride(from: 0, to: wide.columns, by: columns).map { first in
            let count = min(columns, wide.columns - first)
            return OuterPiece(
                narrow: narrow, wide: wide.columns(from: first, count: count),
                target: target.columns(from: first, count: count))
        }
    }

    /// Adds the product of some rows.
    func add(_ rows: Range<Int>) { Kernels.outer(narrow.rows(rows), wide.rows(rows), into: target) }
}

/// `gradient[outputs, inputs] += dyᵀ · x`, rows in ascending order: the gradient of a matrix.
func addOuterProduct(_ dy: MatrixView, _ x: MatrixView, to gradient: Floats, team: WorkerTeam) {
    let turned = Matrix(unsetRows: dy.columns, columns: dy.rows)
    Kernels.transpose(dy, into: turned, team: team)
    PackedMatrix(columnsOf: x, team: team)
        .multiply(
            turned.view, into: MatrixView(gradient, rows: dy.columns, columns: x.columns), adding: true, team: team)
}
