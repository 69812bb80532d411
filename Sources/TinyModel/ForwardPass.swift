internal import TinyCheckpoint
internal import TinyTensor

/// What the backward pass of a layer needs from its forward pass.
final class LayerTape {
    /// Input of the layer, `[rows, hidden]`.
    let input: Matrix
    let inputScale: Matrix
    /// q and k rotated, and v, `[rows, queryKeyValueColumns]`.
    let queryKeyValue: Matrix
    /// Attention before the output matrix, `[rows, queryColumns]`.
    let attention: Matrix
    /// Largest score and inverse sum per query head, `[rows, 2 · heads]`.
    let stats: Matrix
    /// Input of the feed-forward half, `[rows, hidden]`.
    let middle: Matrix
    let middleScale: Matrix
    let gateUp: Matrix
    /// `A x` of the four input groups.
    let narrow: [Matrix]

    init(_ model: LanguageModel, rows: Int, rank: Int?) {
        let sizes = model.configuration
        func matrix(_ columns: Int) -> Matrix { Matrix(rows: rows, columns: columns) }
        input = matrix(sizes.hiddenSize)
        inputScale = matrix(1)
        queryKeyValue = matrix(model.queryKeyValueColumns)
        attention = matrix(model.queryColumns)
        stats = matrix(2 * sizes.headCount)
        middle = matrix(sizes.hiddenSize)
        middleScale = matrix(1)
        gateUp = matrix(2 * sizes.intermediateSize)
        narrow = rank.map { rank in InputGroup.allCases.map { matrix(LowRankPass.columns($0, rank: rank)) } } ?? []
    }
}

/// One pass of rows through all layers.
///
/// Without a record, one set of buffers serves every layer; with one, each layer keeps its own for the backward pass.
struct ForwardPass {
    let model: LanguageModel
    let batch: RowBatch
    let team: WorkerTeam
    /// One tape per layer, or one for all.
    let tapes: [LayerTape]
    /// Output of the last layer, before the final norm, `[rows, hidden]`.
    let stream: Matrix
    let finalScale: Matrix

    /// Computes the rows of `segments`, appending their keys and values to the caches.
    init(_ model: LanguageModel, _ segments: [Segment], recording: Bool, team: WorkerTeam) {
        self.model = model
        self.team = team
        batch = RowBatch(segments, model: model)
        let rows = batch.rows, hidden = model.configuration.hiddenSize
        let rank = batch.runs.map(\.factors.rank).max()
        let shared = recording ? nil : LayerTape(model, rows: rows, rank: rank)
        tapes = model.layers.map { _ in shared ?? LayerTape(model, rows: rows, rank: rank) }
        stream = Matrix(rows: rows, columns: hidden)
        finalScale = Matrix(rows: rows, columns: 1)
        let normed = Matrix(rows: rows, columns: hidden)
        let activated = Matrix(rows: rows, columns: model.configuration.intermediateSize)
        for (row, token) in batch.tokens.enumerated() { model.embedding.copyRow(token, into: stream.row(row)) }
        for layer in model.layers.indices {
            if recording { tapes[layer].input.base.update(from: stream.base, count: stream.count) }
            attend(layer, normed: normed)
            if recording { tapes[layer].middle.base.update(from: stream.base, count: stream.count) }
            feedForward(layer, normed: normed, activated: activated)
        }
    }

    /// The final norm of all rows, `[rows, hidden]`: what the head multiplies.
    func normalised() -> Matrix {
        let out = Matrix(rows: stream.rows, columns: stream.columns)
        Kernels.rmsNorm(
            stream.base, weight: model.finalNorm.base, rows: stream.rows, columns: stream.columns,
            epsilon: model.configuration.normEpsilon, into: out.base, rstd: finalScale.base, team: team)
        return out
    }

    private func attend(_ index: Int, normed: Matrix) {
        let layer = model.layers[index], tape = tapes[index], sizes = model.configuration
        norm(layer.inputNorm, into: normed, scale: tape.inputScale)
        product(layer.queryKeyValue, of: normed, into: tape.queryKeyValue)
        if let bias = layer.queryKeyValueBias {
            Kernels.addBias(
                bias.base, rows: batch.rows, columns: bias.columns, to: tape.queryKeyValue.base,
                stride: bias.columns, team: team)
        }
        change(index, .queryKeyValue, of: normed, in: tape.queryKeyValue)
        storeKeysAndValues(index)
        let group = sizes.headCount / sizes.keyValueHeadCount, width = sizes.headDimension
        team.split(batch.pieces.count, least: max(1, 256 / (group * max(1, batch.longest)))) { part in
            let scratchSize = AttentionKernels.scratch(keys: batch.longest, width: width)
            withUnsafeTemporaryAllocation(byteCount: scratchSize * 4, alignment: 64) { scratch in
                for piece in batch.pieces[part] {
                    let span = batch.spans[piece.span]
                    withPagePointers(span.pages, layer: index, head: piece.head) { pages in
                        AttentionKernels.forward(
                            tape.queryKeyValue.row(piece.rows.lowerBound) + piece.head * group * width,
                            stride: model.queryKeyValueColumns, pages: pages,
                            start: span.start + piece.rows.lowerBound - span.rows.lowerBound, rows: piece.rows.count,
                            group: group, width: width,
                            into: tape.attention.row(piece.rows.lowerBound) + piece.head * group * width,
                            outputStride: model.queryColumns,
                            stats: tape.stats.row(piece.rows.lowerBound) + piece.head * group * 2,
                            statsStride: tape.stats.columns,
                            scratch: scratch.assumingMemoryBound(to: Float.self).baseAddress!)
                    }
                }
            }
        }
        product(layer.output, of: tape.attention, into: normed)
        change(index, .output, of: tape.attention, in: normed)
        Kernels.add(normed.base, count: normed.count, to: stream.base, team: team)
    }

    /// Rotates queries and keys and writes keys and values to the pages.
    private func storeKeysAndValues(_ index: Int) {
        let sizes = model.configuration, width = sizes.headDimension, tape = tapes[index]
        let queries = sizes.headCount, keys = sizes.keyValueHeadCount
        team.split(batch.spans.count, least: max(1, 64 * batch.spans.count / max(1, batch.rows))) { part in
            for span in batch.spans[part] {
                for row in span.rows {
                    let query = tape.queryKeyValue.row(row), position = span.start + row - span.rows.lowerBound
                    Kernels.rotate(
                        query, cosine: batch.cosine.row(row), sine: batch.sine.row(row), heads: queries + keys,
                        width: width, inverse: false)
                    let page = span.pages[position / AttentionKernels.pageLength]
                    for head in 0..<keys {
                        let key = query + (queries + head) * width
                        AttentionKernels.store(
                            key: key, value: key + keys * width, slot: position % AttentionKernels.pageLength,
                            width: width, into: page.pointer(layer: index, head: head))
                    }
                }
            }
        }
    }

    private func feedForward(_ index: Int, normed: Matrix, activated: Matrix) {
        let layer = model.layers[index], tape = tapes[index]
        norm(layer.postNorm, into: normed, scale: tape.middleScale)
        product(layer.gateUp, of: normed, into: tape.gateUp)
        change(index, .gateUp, of: normed, in: tape.gateUp)
        Kernels.swiglu(
            tape.gateUp.base, rows: batch.rows, columns: activated.columns, into: activated.base, team: team)
        product(layer.down, of: activated, into: normed)
        change(index, .down, of: activated, in: normed)
        Kernels.add(normed.base, count: normed.count, to: stream.base, team: team)
    }

    private func norm(_ weight: Matrix, into normed: Matrix, scale: Matrix) {
        Kernels.rmsNorm(
            stream.base, weight: weight.base, rows: batch.rows, columns: stream.columns,
            epsilon: model.configuration.normEpsilon, into: normed.base, rstd: scale.base, team: team)
    }

    private func product(_ weights: PackedMatrix, of x: Matrix, into y: Matrix) {
        weights.multiply(
            x.base, stride: x.columns, rows: batch.rows, into: y.base, outputStride: y.columns, team: team)
    }

    private func change(_ index: Int, _ group: InputGroup, of x: Matrix, in y: Matrix) {
        guard !batch.runs.isEmpty else { return }
        LowRankPass(model: model, batch: batch, layer: index, group: group, team: team)
            .apply(x, to: y, t: tapes[index].narrow[group.rawValue])
    }
}

/// Calls `body` with the addresses of one head's part of each page.
func withPagePointers(
    _ pages: [Page], layer: Int, head: Int, _ body: (UnsafePointer<UnsafePointer<Float>?>) -> Void
) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: pages.count) { pointers in
        for (index, page) in pages.enumerated() {
            pointers[index] = UnsafePointer(page.pointer(layer: layer, head: head))
        }
        body(UnsafePointer(pointers.baseAddress!))
    }
}
