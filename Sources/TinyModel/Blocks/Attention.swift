internal import TinyCheckpoint
internal import TinyFoundation
internal import TinyTensor

/// What the backward pass of an attention block needs from its forward pass.
final class AttentionTape {
    /// Input of the block, `[rows, hidden]`, and its norm's scale.
    let input: Matrix
    let scale: Matrix
    /// q and k as attention sees them (normalised, rotated), and v, side by side,
    /// `[rows, (heads + 2 · keyValueHeads) · width]`.
    let queryKeyValue: Matrix
    /// q and k before the norm of their heads; `nil` in families without one.
    let headNorms: HeadNormTape?
    /// Weighted values before the output matrix, `[rows, heads · width]`.
    let attended: Matrix
    /// Largest score and inverse sum of each query head, `[rows, 2 · heads]`.
    let stats: Matrix
    /// `A x` of the two projections.
    let queryKeyValueNarrow: Matrix?
    let outputNarrow: Matrix?

    init(_ sizes: ModelConfiguration, rows: Int, rank: Int?) {
        func matrix(_ columns: Int) -> Matrix { Matrix(unsetRows: rows, columns: columns) }
        input = matrix(sizes.hiddenSize)
        scale = matrix(1)
        queryKeyValue = matrix((sizes.headCount + 2 * sizes.keyValueHeadCount) * sizes.headDimension)
        headNorms = HeadNormTape(sizes, rows: rows)
        attended = matrix(sizes.headCount * sizes.headDimension)
        stats = matrix(2 * sizes.headCount)
        queryKeyValueNarrow = rank.map { matrix(InputGroup.queryKeyValue.kinds.count * $0) }
        outputNarrow = rank.map { matrix(InputGroup.output.kinds.count * $0) }
    }
}

/// The attention half of a layer: `stream += output(attend(rotate(q), rotate(k), v))`, q, k and v being projections of
/// `norm(stream)`. Some families normalise the heads of q and k before they are rotated, or leave out the rotation in some layers.
struct Attention: Sendable {
    private let layer: Int
    private let norm: Norm
    private let queryKeyValue: Projection
    private let headNorms: HeadNorms?
    private let isRotated: Bool
    private let output: Projection
    private let queryHeads: Int
    private let keyHeads: Int
    private let width: Int
    /// Query heads that share a key/value head.
    private var group: Int { queryHeads / keyHeads }

    init(layer: Int, of configuration: ModelConfiguration, from weights: WeightReader) throws(CheckpointError) {
        self.layer = layer
        norm = try Norm(.attentionNorm(layer: layer), of: configuration, from: weights)
        queryKeyValue = try Projection(.queryKeyValue, layer: layer, of: configuration, from: weights)
        headNorms = try HeadNorms(layer: layer, of: configuration, from: weights)
        isRotated = !configuration.layersWithoutRotary.contains(layer)
        output = try Projection(.output, layer: layer, of: configuration, from: weights)
        queryHeads = configuration.headCount
        keyHeads = configuration.keyValueHeadCount
        width = configuration.headDimension
    }

    /// Bytes of the packed weights.
    var byteCount: Int { queryKeyValue.weights.byteCount + output.weights.byteCount }

    /// - Parameter scratch: `[rows, hidden]`, overwritten.
    func forward(_ stream: Matrix, tape: AttentionTape, scratch: Matrix, _ pass: PassRows) {
        pass.team.timed(.norms) { norm.forward(stream, into: scratch, scale: tape.scale, pass.team) }
        queryKeyValue.forward(scratch, into: tape.queryKeyValue, narrow: tape.queryKeyValueNarrow, pass)
        if let headNorms, let kept = tape.headNorms {
            pass.team.timed(.norms) { headNorms.forward(tape.queryKeyValue, kept: kept, pass.team) }
        }
        pass.team.timed(.attention) {
            storeKeysAndValues(tape, pass)
            attend(tape, pass)
        }
        output.forward(tape.attended, into: scratch, narrow: tape.outputNarrow, pass)
        pass.team.timed(.norms) { Kernels.add(scratch, to: stream, team: pass.team) }
    }

    /// Turns the gradient of the block's output into that of its input, in place.
    func backward(_ gradient: Matrix, tape: AttentionTape, into gradients: PassGradients, _ pass: PassRows) {
        let dAttended = Matrix(unsetRows: pass.rows, columns: tape.attended.columns)
        output.backward(
            gradient, to: dAttended, narrow: tape.outputNarrow, into: gradients, pass, input: tape.attended)
        let dQueryKeyValue = Matrix(unsetRows: pass.rows, columns: tape.queryKeyValue.columns)
        pass.team.timed(.attention) { attendBackward(dAttended, tape, into: dQueryKeyValue, gradients, pass) }
        if let headNorms, let kept = tape.headNorms {
            pass.team.timed(.norms) {
                headNorms.backward(dQueryKeyValue, kept: kept, weights: gradients.weights, pass.team)
            }
        }
        let dNormed = Matrix(unsetRows: pass.rows, columns: gradient.columns)
        queryKeyValue.backward(
            dQueryKeyValue, to: dNormed, narrow: tape.queryKeyValueNarrow, into: gradients, pass,
            input: norm.output(of: tape.input, pass.team))
        pass.team.timed(.norms) {
            norm.backward(
                dNormed, x: tape.input, scale: tape.scale, into: gradient, weights: gradients.weights, pass.team)
        }
    }

    // MARK: Attention itself

    /// Rotates queries and keys and writes keys and values to the pages.
    private func storeKeysAndValues(_ tape: AttentionTape, _ pass: PassRows) {
        let batch = pass.batch
        pass.team.split(batch.spans.count, least: max(1, 64 * batch.spans.count / max(1, batch.rows))) { part in
            for span in batch.spans[part] {
                for row in span.rows {
                    let query = tape.queryKeyValue.row(row), position = span.start + row - span.rows.lowerBound
                    if isRotated {
                        Kernels.rotate(
                            query, cosine: batch.cosine.row(row), sine: batch.sine.row(row),
                            heads: queryHeads + keyHeads, width: width, inverse: false)
                    }
                    let page = span.pages[position / AttentionKernels.pageLength]
                    for head in 0..<keyHeads {
                        let key = query + (queryHeads + head) * width
                        AttentionKernels.store(
                            key: key, value: key + keyHeads * width, slot: position % AttentionKernels.pageLength,
                            width: width, format: pass.arithmetic.format, into: page.pointer(layer: layer, head: head))
                    }
                }
            }
        }
    }

    /// Each row attends to the positions of its sequence up to its own, one piece of rows and key/value head at a time.
    private func attend(_ tape: AttentionTape, _ pass: PassRows) {
        let batch = pass.batch
        pass.team.split(batch.pieces.count, least: max(1, 256 / (group * max(1, batch.longest)))) { part in
            withScratch(AttentionKernels.scratch(keys: batch.longest, width: width)) { scratch in
                for piece in batch.pieces[part] {
                    let span = batch.spans[piece.span]
                    let start = span.start + piece.rows.lowerBound - span.rows.lowerBound
                    withPages(of: span, head: piece.head, start: start, pass.arithmetic.format) { head in
                        AttentionKernels.forward(attended(piece.rows, head: piece.head, tape), head, scratch: scratch)
                    }
                }
            }
        }
    }

    /// What one key/value head reads and makes of some rows.
    private func attended(_ rows: Range<Int>, head: Int, _ tape: AttentionTape) -> AttentionKernels.Attended {
        let query = head * group * width
        return AttentionKernels.Attended(
            q: tape.queryKeyValue.view.rows(rows).columns(from: query, count: group * width),
            out: tape.attended.view.rows(rows).columns(from: query, count: group * width),
            stats: tape.stats.view.rows(rows).columns(from: head * group * 2, count: group * 2))
    }

    /// Gradients of q, k and v before rotation (after their heads' norm), one segment and key/value head at a time.
    ///
    /// Segments that continue an earlier pass give its keys and values their part, each segment's sum in order; keys and values
    /// that later passes attended to take theirs in.
    private func attendBackward(
        _ dAttended: Matrix, _ tape: AttentionTape, into dQueryKeyValue: Matrix, _ gradients: PassGradients,
        _ pass: PassRows
    ) {
        let batch = pass.batch, later = gradients.later?.layer(layer)
        // Rows of earlier keys and values, segment after segment.
        let firsts = batch.spans.indices.reduce(into: [0]) { $0.append($0[$1] + batch.spans[$1].start) }
        let earlier = Matrix(unsetRows: firsts[batch.spans.count], columns: 2 * keyHeads * width)
        pass.team.run(chunks: batch.spans.count * keyHeads) { chunk in
            let index = chunk / keyHeads, head = chunk % keyHeads, span = batch.spans[index]
            let query = head * group * width, key = (queryHeads + head) * width, value = key + keyHeads * width
            let own = dQueryKeyValue.view.rows(span.rows)
            let before = earlier.view.rows(firsts[index]..<firsts[index + 1])
            withScratch(AttentionKernels.backwardScratch(keys: span.start + span.rows.count, width: width)) { scratch in
                withPages(of: span, head: head, start: span.start, pass.arithmetic.format) { pages in
                    AttentionKernels.backward(
                        dAttended.view.rows(span.rows).columns(from: query, count: group * width),
                        attended(span.rows, head: head, tape), pages,
                        into: AttentionKernels.Gradient(
                            q: own.columns(from: query, count: group * width),
                            key: own.columns(from: key, count: width), value: own.columns(from: value, count: width),
                            earlierKey: before.columns(from: head * width, count: width),
                            earlierValue: before.columns(from: (keyHeads + head) * width, count: width)),
                        scratch: scratch)
                }
            }
            for row in span.rows {
                let cosine = batch.cosine.row(row), sine = batch.sine.row(row), own = dQueryKeyValue.row(row)
                if let later {
                    Kernels.add(later.row(row) + head * width, to: own + key, count: width)
                    Kernels.add(later.row(row) + (keyHeads + head) * width, to: own + value, count: width)
                }
                guard isRotated else { continue }
                Kernels.rotate(own + query, cosine: cosine, sine: sine, heads: group, width: width, inverse: true)
                Kernels.rotate(own + key, cosine: cosine, sine: sine, heads: 1, width: width, inverse: true)
            }
        }
        gradients.earlier.map { $0.gradient.add(earlier, to: $0.rows, layer: layer, team: pass.team) }
    }

    private func withScratch(_ floats: Int, _ body: (Floats) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 4 * floats, alignment: 64) { scratch in
            body(scratch.bindMemory(to: Float.self).baseAddress!)  // never empty: scratch holds at least one page
        }
    }

    /// Calls `body` with the keys and values of a key/value head.
    private func withPages(
        of span: RowBatch.Span, head: Int, start: Int, _ format: WeightFormat, _ body: (AttentionKernels.Head) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: UnsafeRawPointer?.self, capacity: span.pages.count) { pointers in
            for (index, page) in span.pages.enumerated() {
                pointers[index] = UnsafeRawPointer(page.pointer(layer: layer, head: head))
            }
            body(
                AttentionKernels.Head(
                    pages: UnsafePointer(pointers.baseAddress!), format: format, start: start, group: group,
                    width: width))
        }
    }
}
