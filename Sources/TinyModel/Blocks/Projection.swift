internal import TinyCheckpoint
internal import TinyTensor

/// The stacked weights of the modules that read one input, and the low-rank changes beside them.
struct Projection: Sendable {
    let weights: PackedMatrix
    private let bias: Matrix?
    let group: InputGroup
    let layer: Int
    /// The modules side by side.
    private let modules: [AdaptedModule]
    /// The columns of the output that are a kind's, by its number; empty for kinds of other groups.
    private let columns: [Range<Int>]

    init(
        _ group: InputGroup, layer: Int, of configuration: ModelConfiguration, from weights: WeightReader
    ) throws(CheckpointError) {
        self.group = group
        self.layer = layer
        let all = configuration.modules(ofLayer: layer)
        let modules = group.kinds.map { all[$0.rawValue] }
        self.modules = modules
        var columns = [Range<Int>](repeating: 0..<0, count: ModuleKind.allCases.count), column = 0
        for module in modules {
            columns[module.kind.rawValue] = column..<column + module.outputs
            column += module.outputs
        }
        self.columns = columns
        self.weights = try weights.packed(modules.map { ParameterShape(.weight($0), [$0.outputs, $0.inputs]) })
        bias =
            ModelFamily(of: configuration).biasedModules(of: configuration).isSuperset(of: group.kinds)
            ? try weights.vector(modules.map { ParameterShape(.bias($0), [$0.outputs]) }) : nil
    }

    /// The columns of the output that are a module's.
    func columns(of kind: ModuleKind) -> Range<Int> { columns[kind.rawValue] }

    /// `y = x Wᵀ`, with the bias and the changes of the pass.
    ///
    /// - Parameter narrow: Receives `A x` of the changes; `nil` when the pass has none.
    func forward(_ x: Matrix, into y: Matrix, narrow: Matrix?, _ pass: PassRows) {
        let changes = narrow.map { pendingChanges(t: $0, pass) }
        let preparation = changes.map { changes in
            PackedMatrix.Preparation(least: leastNarrowRows) { prepareChanges(x, $0, changes, pass) }
        }
        let addRest: PackedMatrix.BlockDone? =
            bias == nil && changes == nil
            ? nil
            : { rows, columns in
                if let bias { Kernels.addBias(bias.base + columns.lowerBound, to: y.view.block(rows, columns)) }
                changes?.add(to: y.view, rows, columns)
            }
        pass.team.timed(.products) {
            let x = pass.arithmetic.rows(x.view, team: pass.team)
            weights.multiply(x, into: y.view, team: pass.team, preparation: preparation, done: addRest)
        }
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
        let isWanted = gradients.mixing != nil || gradients.factors != nil
        let changes = (isWanted ? narrow : nil).map { narrow in
            pass.team.timed(.adapter) {
                pendingChangesBackward(dy, t: narrow, input: input, into: gradients, pass)
            }
        }
        pass.team.timed(.products) {
            let dy = pass.arithmetic.rows(dy.view, team: pass.team)
            weights.multiplyTransposed(dy, into: dx.view, team: pass.team) { changes?.add(to: dx.view, $0, $1) }
        }
        if let dense = gradients.weights {
            pass.team.timed(.products) { addWeightGradients(dy, input(), to: dense, pass) }
        }
    }

    private func addWeightGradients(_ dy: Matrix, _ x: Matrix, to dense: DenseWeights, _ pass: PassRows) {
        for module in modules {
            let own = dy.view.columns(from: columns(of: module.kind).lowerBound, count: module.outputs)
            addOuterProduct(own, x.view, to: dense.pointer(.weight(module)), team: pass.team)
            if bias != nil { Kernels.sumRows(own, into: dense.pointer(.bias(module))) }
        }
    }
}

/// `gradient[outputs, inputs] += dyᵀ · x`, rows in ascending order: the gradient of a matrix.
func addOuterProduct(_ dy: MatrixView, _ x: MatrixView, to gradient: Floats, team: WorkerTeam) {
    let turned = Matrix(unsetRows: dy.columns, columns: dy.rows)
    Kernels.transpose(dy, into: turned, team: team)
    PackedMatrix(columnsOf: x, team: team)
        .multiply(
            turned.view, into: MatrixView(gradient, rows: dy.columns, columns: x.columns), adding: true, team: team)
}
