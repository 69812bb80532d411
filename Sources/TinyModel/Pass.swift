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

/// Rows through all layers: forward, and back again.
///
/// Without a record, one set of buffers serves every layer; with one, each layer keeps its own for the backward pass.
struct ForwardPass {
    let model: LanguageModel
    let rows: PassRows
    private let attention: [AttentionTape]
    private let feedForward: [FeedForwardTape]
    /// Output of the last layer, before the final norm, `[rows, hidden]`.
    private let stream: Matrix
    private let finalScale: Matrix

    /// Computes the rows of `segments`, appending their keys and values to the caches.
    init(_ model: LanguageModel, _ segments: [Segment], recording: Bool, team: WorkerTeam) {
        self.model = model
        let pass = PassRows(batch: RowBatch(segments, model: model), arithmetic: model.arithmetic, team: team),
            sizes = model.configuration
        rows = pass
        let rank = pass.batch.stretches.map(\.factors.rank).max(), tapeCount = recording ? model.layers.count : 1
        attention = (0..<tapeCount).map { _ in AttentionTape(sizes, rows: pass.rows, rank: rank) }
        feedForward = (0..<tapeCount).map { _ in FeedForwardTape(sizes, rows: pass.rows, rank: rank) }
        stream = Matrix(unsetRows: pass.rows, columns: sizes.hiddenSize)
        finalScale = Matrix(unsetRows: pass.rows, columns: 1)
        let scratch = Matrix(unsetRows: pass.rows, columns: sizes.hiddenSize)
        let activated = Matrix(unsetRows: pass.rows, columns: sizes.intermediateSize)
        model.embedding.forward(pass.batch.tokens, into: stream)
        for (index, layer) in model.layers.enumerated() {
            let attention = attention[recording ? index : 0], feedForward = feedForward[recording ? index : 0]
            if recording { attention.input.base.update(from: stream.base, count: stream.count) }
            layer.attention.forward(stream, tape: attention, scratch: scratch, pass)
            if recording { feedForward.input.base.update(from: stream.base, count: stream.count) }
            layer.feedForward.forward(stream, tape: feedForward, scratch: scratch, activated: activated, pass)
        }
    }

    /// The final norm of all rows, `[rows, hidden]`: what the head multiplies.
    func normalised() -> Matrix {
        let out = Matrix(unsetRows: stream.rows, columns: stream.columns)
        model.finalNorm.forward(stream, into: out, scale: finalScale, rows.team)
        return out
    }

    /// Runs back from `dNormalised`, the gradient of ``normalised()``, to the low-rank changes or all parameters.
    ///
    /// The pass must be recorded. Where segments continue those of an earlier pass, `gradients` names the place for its keys and
    /// values; passes that continue these rows have run backward before.
    func backward(_ dNormalised: Matrix, into gradients: PassGradients) {
        let gradient = Matrix(rows: stream.rows, columns: stream.columns)
        model.finalNorm.backward(
            dNormalised, x: stream, scale: finalScale, into: gradient, weights: gradients.weights, rows.team)
        for (index, layer) in model.layers.enumerated().reversed() {
            layer.feedForward.backward(gradient, tape: feedForward[index], into: gradients, rows)
            layer.attention.backward(gradient, tape: attention[index], into: gradients, rows)
        }
        if let weights = gradients.weights {
            model.embedding.backward(gradient, tokens: rows.batch.tokens, weights: weights)
        }
    }
}
