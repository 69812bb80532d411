internal import TinyCheckpoint
internal import TinyFoundation
internal import TinyTensor

/// What every block of a pass shares: its rows, and the threads that compute.
struct PassRows {
    let batch: RowBatch
    let arithmetic: Arithmetic
    let team: WorkerTeam

    var rows: Int { batch.rows }
}

/// Where a backward pass adds gradients; `nil` for those that are not wanted.
struct PassGradients {
    /// `[segments, modules · rank²]`: every sequence's `dR`.
    var mixing: Matrix?
    /// `A` and `B` of the changes.
    var factors: FactorGradient?
    /// All parameters of the model.
    var weights: DenseWeights?
    /// Keys and values of the pass that the rows continue.
    var earlier: EarlierKeysAndValues?
    /// What passes that continue the rows found for their keys and values.
    var later: KeyValueGradient?
}

/// What a forward pass keeps for the backward pass. A gradient has the same bits with either record.
package enum PassRecord: Sendable {
    /// Nothing: there is no backward pass.
    case none
    /// Everything that the backward pass needs.
    case all
    /// The input of each layer. The backward pass computes every layer once more, which costs one more forward pass and saves most of
    /// the memory. (Also called gradient checkpointing.)
    case layerInputs
}

/// Rows through all layers: forward, and back again.
///
/// One set of buffers serves every layer, unless all is recorded: then each layer keeps its own for the backward pass.
struct ForwardPass {
    let model: LanguageModel
    let rows: PassRows
    private let record: PassRecord
    private let attention: [AttentionTape]
    private let feedForward: [FeedForwardTape]
    /// Input of each layer, `[rows, hidden]`; empty unless only these are recorded.
    private let inputs: [Matrix]
    /// Output of the last layer, before the final norm, `[rows, hidden]`.
    private let stream: Matrix
    private let finalScale: Matrix

    /// Computes the rows of `segments`, appending their keys and values to the caches.
    init(_ model: LanguageModel, _ segments: [Segment], recording record: PassRecord, team: WorkerTeam) {
        self.model = model
        self.record = record
        let pass = PassRows(batch: RowBatch(segments, model: model), arithmetic: model.arithmetic, team: team),
            sizes = model.configuration
        rows = pass
        let rank = pass.batch.stretches.map(\.factors.rank).max(), tapeCount = record == .all ? model.layers.count : 1
        attention = (0..<tapeCount).map { _ in AttentionTape(sizes, rows: pass.rows, rank: rank) }
        feedForward = (0..<tapeCount).map { _ in FeedForwardTape(sizes, rows: pass.rows, rank: rank) }
        inputs =
            record == .layerInputs
            ? model.layers.map { _ in Matrix(unsetRows: pass.rows, columns: sizes.hiddenSize) } : []
        stream = Matrix(unsetRows: pass.rows, columns: sizes.hiddenSize)
        finalScale = Matrix(unsetRows: pass.rows, columns: 1)
        model.embedding.forward(pass.batch.tokens, into: stream)
        let buffers = LayerBuffers(sizes, rows: pass.rows)
        for (index, layer) in model.layers.enumerated() {
            if record == .layerInputs { inputs[index].base.update(from: stream.base, count: stream.count) }
            forward(layer, index, stream, buffers, keepsInputs: record == .all)
        }
    }

    /// What a layer writes and nobody reads later.
    private struct LayerBuffers {
        let scratch: Matrix
        let activated: Matrix

        init(_ sizes: ModelConfiguration, rows: Int) {
            scratch = Matrix(unsetRows: rows, columns: sizes.hiddenSize)
            activated = Matrix(unsetRows: rows, columns: sizes.intermediateSize)
        }
    }

    /// Where layer `index` keeps what it needs to go back.
    private func tapes(of index: Int) -> (attention: AttentionTape, feedForward: FeedForwardTape) {
        let index = record == .all ? index : 0
        return (attention[index], feedForward[index])
    }

    /// Turns the input of a layer into its output, in place. Keys and values that are computed once more are written over themselves.
    private func forward(
        _ layer: LanguageModel.Layer, _ index: Int, _ stream: Matrix, _ buffers: LayerBuffers, keepsInputs: Bool
    ) {
        let tapes = tapes(of: index)
        if keepsInputs { tapes.attention.input.base.update(from: stream.base, count: stream.count) }
        layer.attention.forward(stream, tape: tapes.attention, scratch: buffers.scratch, rows)
        if keepsInputs { tapes.feedForward.input.base.update(from: stream.base, count: stream.count) }
        layer.feedForward.forward(
            stream, tape: tapes.feedForward, scratch: buffers.scratch, activated: buffers.activated, rows)
    }

    /// The final norm of all rows, `[rows, hidden]`: what the head multiplies.
    func normalised() -> Matrix {
        let out = Matrix(unsetRows: stream.rows, columns: stream.columns)
        model.finalNorm.forward(stream, into: out, scale: finalScale, rows.team)
        return out
    }

    /// Runs back from `dNormalised`, the gradient of ``normalised()``, to the low-rank changes or all parameters.
    ///
    /// The pass must be recorded, and this overwrites the record. Where segments continue those of an earlier pass, `gradients` names the place for its keys and
    /// values; passes that continue these rows have run backward before.
    func backward(_ dNormalised: Matrix, into gradients: PassGradients) {
        let gradient = Matrix(rows: stream.rows, columns: stream.columns)
        model.finalNorm.backward(
            dNormalised, x: stream, scale: finalScale, into: gradient, weights: gradients.weights, rows.team)
        let buffers = record == .layerInputs ? LayerBuffers(model.configuration, rows: stream.rows) : nil
        for (index, layer) in model.layers.enumerated().reversed() {
            if let buffers { forward(layer, index, inputs[index], buffers, keepsInputs: true) }
            let tapes = tapes(of: index)
            layer.feedForward.backward(gradient, tape: tapes.feedForward, into: gradients, rows)
            layer.attention.backward(gradient, tape: tapes.attention, into: gradients, rows)
        }
        if let weights = gradients.weights {
            model.embedding.backward(gradient, tokens: rows.batch.tokens, weights: weights)
        }
    }
}
