internal import TinyCheckpoint
internal import TinyTensor

/// The way back through all layers: from the gradient of the final norm's output to those of low-rank changes, or of all
/// weights.
///
/// Every segment must be a whole sequence (its cache was empty before the forward pass).
struct BackwardPass {
    let pass: ForwardPass
    /// `[segments, modules · rank²]`: every sequence's `dR`; `nil` when not wanted.
    let mixing: Matrix?
    /// Where gradients of the changes' `A` and `B` are added; `nil` when not wanted.
    let factors: FactorGradient?
    /// Where gradients of all weights are added; `nil` when not wanted.
    let weights: DenseWeights?

    private var model: LanguageModel { pass.model }
    private var batch: RowBatch { pass.batch }
    private var team: WorkerTeam { pass.team }
    private var rows: Int { batch.rows }

    /// Runs backward from `dNormalised`, the gradient of ``ForwardPass/normalised()``.
    func run(_ dNormalised: Matrix) {
        let gradient = Matrix(rows: rows, columns: pass.stream.columns)
        normBackward(
            dNormalised, x: pass.stream, weight: model.finalNorm, scale: pass.finalScale, name: "model.norm.weight",
            into: gradient)
        for layer in model.layers.indices.reversed() {
            feedForward(layer, gradient)
            attention(layer, gradient)
        }
        if let weights { embedding(gradient, into: weights.pointer("model.embed_tokens.weight")) }
    }

    private func feedForward(_ index: Int, _ gradient: Matrix) {
        let layer = model.layers[index], tape = pass.tapes[index], sizes = model.configuration
        let dActivated = Matrix(rows: rows, columns: sizes.intermediateSize)
        back(layer.down, gradient, to: dActivated, index, .down, input: activated(tape.gateUp))
        let dGateUp = Matrix(rows: rows, columns: tape.gateUp.columns)
        Kernels.swigluBackward(
            dActivated.base, gateUp: tape.gateUp.base, rows: rows, columns: sizes.intermediateSize, into: dGateUp.base,
            team: team)
        let dNormed = Matrix(rows: rows, columns: sizes.hiddenSize)
        back(layer.gateUp, dGateUp, to: dNormed, index, .gateUp, input: normed(tape.middle, layer.postNorm))
        normBackward(
            dNormed, x: tape.middle, weight: layer.postNorm, scale: tape.middleScale,
            name: "model.layers.\(index).post_attention_layernorm.weight", into: gradient)
    }

    private func attention(_ index: Int, _ gradient: Matrix) {
        let layer = model.layers[index], tape = pass.tapes[index], sizes = model.configuration
        let dAttention = Matrix(rows: rows, columns: model.queryColumns)
        back(layer.output, gradient, to: dAttention, index, .output, input: tape.attention)
        let dQueryKeyValue = Matrix(rows: rows, columns: model.queryKeyValueColumns)
        attentionBackward(index, dAttention, into: dQueryKeyValue)
        if let weights, layer.queryKeyValueBias != nil { biasGradient(index, dQueryKeyValue, weights) }
        let dNormed = Matrix(rows: rows, columns: sizes.hiddenSize)
        back(
            layer.queryKeyValue, dQueryKeyValue, to: dNormed, index, .queryKeyValue,
            input: normed(tape.input, layer.inputNorm))
        normBackward(
            dNormed, x: tape.input, weight: layer.inputNorm, scale: tape.inputScale,
            name: "model.layers.\(index).input_layernorm.weight", into: gradient)
    }

    /// Gradients of q, k and v before rotation, one sequence and key/value head at a time.
    private func attentionBackward(_ index: Int, _ dAttention: Matrix, into dQueryKeyValue: Matrix) {
        let sizes = model.configuration, tape = pass.tapes[index], width = sizes.headDimension
        let keys = sizes.keyValueHeadCount, queries = sizes.headCount, group = queries / keys
        team.run(chunks: batch.spans.count * keys) { chunk in
            let span = batch.spans[chunk / keys], head = chunk % keys, first = span.rows.lowerBound
            let scratchSize = AttentionKernels.backwardScratch(keys: span.rows.count, width: width)
            let query = head * group * width, key = (queries + head) * width, value = key + keys * width
            withUnsafeTemporaryAllocation(byteCount: scratchSize * 4, alignment: 64) { scratch in
                withPagePointers(span.pages, layer: index, head: head) { pages in
                    AttentionKernels.backward(
                        dAttention.row(first) + query, out: tape.attention.row(first) + query,
                        q: tape.queryKeyValue.row(first) + query, gradientStride: dAttention.columns,
                        queryStride: tape.queryKeyValue.columns, pages: pages, rows: span.rows.count, group: group,
                        width: width, stats: tape.stats.row(first) + head * group * 2,
                        statsStride: tape.stats.columns, dq: dQueryKeyValue.row(first) + query,
                        dqStride: dQueryKeyValue.columns, dk: dQueryKeyValue.row(first) + key,
                        dv: dQueryKeyValue.row(first) + value, keyStride: dQueryKeyValue.columns,
                        scratch: scratch.assumingMemoryBound(to: Float.self).baseAddress!)
                }
            }
            for row in span.rows {
                let cosine = batch.cosine.row(row), sine = batch.sine.row(row), gradient = dQueryKeyValue.row(row)
                Kernels.rotate(gradient + query, cosine: cosine, sine: sine, heads: group, width: width, inverse: true)
                Kernels.rotate(gradient + key, cosine: cosine, sine: sine, heads: 1, width: width, inverse: true)
            }
        }
    }

    // MARK: Pieces

    /// `dx = dy W`, with the part of the low-rank changes, and what is wanted of the gradients of `W` and the changes.
    ///
    /// - Parameter input: What `W` was multiplied with; made only where it is needed.
    private func back(
        _ packed: PackedMatrix, _ dy: Matrix, to dx: Matrix, _ index: Int, _ group: InputGroup,
        input: @autoclosure () -> Matrix
    ) {
        packed.multiplyTransposed(
            dy.base, stride: dy.columns, rows: rows, into: dx.base, inputStride: dx.columns, team: team)
        if let weights { weightGradient(index, group, dy, input(), weights) }
        guard mixing != nil || factors != nil, !batch.runs.isEmpty else { return }
        LowRankPass(model: model, batch: batch, layer: index, group: group, team: team)
            .applyBackward(
                dy, t: pass.tapes[index].narrow[group.rawValue], input: input, to: dx, mixing: mixing,
                gradient: factors)
    }

    private func normBackward(
        _ dy: Matrix, x: Matrix, weight: Matrix, scale: Matrix, name: String, into gradient: Matrix
    ) {
        if let weights {
            Kernels.rmsNormWeightBackward(
                dy.base, x: x.base, rstd: scale.base, rows: rows, columns: x.columns, into: weights.pointer(name))
        }
        Kernels.rmsNormBackward(
            dy.base, x: x.base, weight: weight.base, rstd: scale.base, rows: rows, columns: x.columns,
            into: gradient.base, team: team)
    }

    /// A norm's output again: cheaper to repeat than to keep.
    private func normed(_ x: Matrix, _ weight: Matrix) -> Matrix {
        let out = Matrix(rows: rows, columns: x.columns), scale = Matrix(rows: rows, columns: 1)
        Kernels.rmsNorm(
            x.base, weight: weight.base, rows: rows, columns: x.columns, epsilon: model.configuration.normEpsilon,
            into: out.base, rstd: scale.base, team: team)
        return out
    }

    /// The gated activation again.
    private func activated(_ gateUp: Matrix) -> Matrix {
        let out = Matrix(rows: rows, columns: model.configuration.intermediateSize)
        Kernels.swiglu(gateUp.base, rows: rows, columns: out.columns, into: out.base, team: team)
        return out
    }

    private func weightGradient(_ index: Int, _ group: InputGroup, _ dy: Matrix, _ x: Matrix, _ weights: DenseWeights) {
        let modules = model.configuration.modules(ofLayer: index)
        var column = 0
        for kind in group.kinds {
            let module = modules[kind.rawValue]
            addOuterProduct(
                dy.base + column, stride: dy.columns, outputs: module.outputs, x.base, inputStride: x.columns,
                inputs: module.inputs, rows: rows, to: weights.pointer(module.name + ".weight"), team: team)
            column += module.outputs
        }
    }

    private func biasGradient(_ index: Int, _ dy: Matrix, _ weights: DenseWeights) {
        let modules = model.configuration.modules(ofLayer: index)
        var column = 0
        for kind in InputGroup.queryKeyValue.kinds {
            let module = modules[kind.rawValue]
            Kernels.sumRows(
                dy.base + column, stride: dy.columns, rows: rows, columns: module.outputs,
                into: weights.pointer(module.name + ".bias"))
            column += module.outputs
        }
    }

    /// Adds each row's gradient to its token's embedding, rows in ascending order.
    private func embedding(_ gradient: Matrix, into target: Floats) {
        for (row, token) in batch.tokens.enumerated() {
            Kernels.sumRows(
                gradient.row(row), stride: gradient.columns, rows: 1, columns: gradient.columns,
                into: target + token * gradient.columns)
        }
    }
}
