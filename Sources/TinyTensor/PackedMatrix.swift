internal import CTinyKernels

/// Weights `[outputs, inputs]` rearranged into panels of 16 outputs, the form every product reads.
///
/// Immutable after packing. How a panel stores its weights is its ``WeightFormat``.
///
/// `@unchecked Sendable`: nothing writes to the panels after `init`.
package final class PackedMatrix: @unchecked Sendable {
    package let outputs: Int
    package let inputs: Int
    package let format: WeightFormat
    private let panels: UnsafeMutableRawPointer
    /// Where the memory goes back to, and its size.
    private let origin: (pool: MemoryPool, byteCount: Int)?

    /// Multiply-adds that a call may compute alone before it is worth another thread: about 20 microseconds of work.
    private static let leastWork = 1 << 20

    init(
        outputs: Int, inputs: Int, format: WeightFormat, pool: MemoryPool? = nil,
        pack: (UnsafeMutableRawPointer) -> Void
    ) {
        self.outputs = outputs
        self.inputs = inputs
        self.format = format
        let byteCount = max(format.byteCount(outputs: outputs, inputs: inputs), 64)
        if let pool {
            let block = pool.take(byteCount: byteCount)
            panels = block.memory
            origin = (pool, block.byteCount)
        } else {
            panels = allocateNumbers(byteCount: byteCount)
            origin = nil
        }
        pack(panels)
    }

    deinit {
        if let origin { origin.pool.give(panels, byteCount: origin.byteCount) } else { panels.deallocate() }
    }

    /// Bytes of the panels.
    package var byteCount: Int { format.byteCount(outputs: outputs, inputs: inputs) }

    /// The panels of some outputs; `range` begins at a multiple of 16.
    private func panels(_ range: Range<Int>) -> tk_panels {
        tk_panels(
            data: panels + range.lowerBound / WeightFormat.panelOutputs * format.panelBytes(inputs: inputs),
            format: format.kernel, outputs: range.count, inputs: inputs)
    }

    /// A block of a product that is done, as rows and columns of the result. It is called on the thread that computed the block,
    /// whose cache still holds it, and may change it.
    package typealias BlockDone = (_ rows: Range<Int>, _ columns: Range<Int>) -> Void

    /// Work on the rows of a product whose result ``BlockDone`` needs, at least `least` rows at a time: the threads of the product
    /// begin with it, and do not wait for one another.
    package struct Preparation {
        let least: Int
        let body: (Range<Int>) -> Void

        package init(least: Int, _ body: @escaping (Range<Int>) -> Void) {
            self.least = least
            self.body = body
        }
    }

    /// `y[rows, outputs] = x[rows, inputs] · wᵀ`, or `+=` with `adding`. Only outputs in `range` (beginning at a multiple
    /// of 16) are computed; the first of them is column 0 of `y`.
    package func multiply(
        _ x: MatrixView, into y: MatrixView, range: Range<Int>? = nil, adding: Bool = false,
        on set: InstructionSet = .active, team: WorkerTeam, preparation: Preparation? = nil, done: BlockDone? = nil
    ) {
        let kernels = set.kernels
        splitOutputs(x.rows, range, team, preparation, done) { rows, outputs, columns, done in
            var panels = panels(outputs)
            kernels.matmul(y.block(rows, columns).output, x.rows(rows).input, &panels, adding ? 1 : 0, done)
        }
    }

    /// The same in the arithmetic ``Arithmetic/bfloat16``; the weights must be bf16.
    package func multiply(
        _ x: RoundedRows, into y: MatrixView, range: Range<Int>? = nil, adding: Bool = false,
        on set: InstructionSet = .active, team: WorkerTeam, preparation: Preparation? = nil, done: BlockDone? = nil
    ) {
        precondition(format == .bfloat16 && x.columns == inputs, "multiply: \(x.columns) columns, \(inputs) \(format)")
        let kernels = set.kernels
        withExtendedLifetime(x) {
            splitOutputs(x.rows, range, team, preparation, done) { rows, outputs, columns, done in
                var panels = panels(outputs)
                kernels.matmul_bf16(y.block(rows, columns).output, x.kernel(rows), &panels, adding ? 1 : 0, done)
            }
        }
    }

    /// Divides a product over the team, by outputs, or by rows where there are fewer panels than threads: `body` gets rows, some
    /// outputs, the columns of `y` that these go to, and whom to tell of blocks that are done.
    private func splitOutputs(
        _ rows: Int, _ range: Range<Int>?, _ team: WorkerTeam, _ preparation: Preparation?, _ done: BlockDone?,
        _ body: (Range<Int>, Range<Int>, Range<Int>, UnsafePointer<tk_done>?) -> Void
    ) {
        let range = range ?? 0..<outputs
        precondition(
            range.lowerBound % 16 == 0 && range.upperBound <= outputs, "multiply: outputs \(range) of \(outputs)")
        let panelCount = (range.count + 15) / 16, byRows = panelCount < team.threads
        let least = max(1, Self.leastWork / max(1, (byRows ? panelCount : rows) * inputs * 16))
        let pieces =
            byRows
            ? team.pieces(of: rows, least: least)
            : team.pieces(of: panelCount, least: least, whole: Int(TK_PASS_PANELS))
        let first = preparation.map { team.pieces(of: rows, least: $0.least) } ?? Pieces(length: 0, size: 1)
        team.run(preparing: first.count, { preparation?.body(first[$0]) }, chunks: pieces.count) { chunk, prepared in
            let piece = pieces[chunk], rows = byRows ? piece : 0..<rows
            let columns = byRows ? 0..<range.count : piece.lowerBound * 16..<min(range.count, piece.upperBound * 16)
            let outputs = range.lowerBound + columns.lowerBound..<range.lowerBound + columns.upperBound
            guard let done else { return body(rows, outputs, columns, nil) }
            withKernelDone { ownRows, ownColumns in
                prepared()
                let (row, column) = (rows.lowerBound, columns.lowerBound)
                done(
                    row + ownRows.lowerBound..<row + ownRows.upperBound,
                    column + ownColumns.lowerBound..<column + ownColumns.upperBound)
            } body: {
                body(rows, outputs, columns, $0)
            }
        }
    }

    /// Has a kernel tell `done` of its blocks.
    private func withKernelDone(_ done: BlockDone, body: (UnsafePointer<tk_done>) -> Void) {
        withoutActuallyEscaping(done) { done in
            withUnsafePointer(to: done) { pointer in
                var handler = tk_done(
                    call: { context, row, rows, column, columns in
                        let done = UnsafeRawPointer(context)?.assumingMemoryBound(to: BlockDone.self).pointee
                        done?(row..<row + rows, column..<column + columns)
                    }, context: UnsafeMutableRawPointer(mutating: pointer))
                body(&handler)
            }
        }
    }

    /// `dx[rows, inputs] = dy[rows, range] · w[range, inputs]`, or `+=` with `adding`.
    ///
    /// `range` starts at a multiple of 256 when sums over several ranges must equal one sum over all.
    package func multiplyTransposed(
        _ dy: MatrixView, into dx: MatrixView, range: Range<Int>? = nil, adding: Bool = false,
        on set: InstructionSet = .active, team: WorkerTeam, done: BlockDone? = nil
    ) {
        let range = range ?? 0..<outputs, kernels = set.kernels
        precondition(range.lowerBound % 16 == 0, "multiplyTransposed: outputs \(range)")
        splitInputs(dy.rows * range.count, team) { part in
            var panels = panels(range)
            kernels.matmul_transposed(dx.output, dy.input, &panels, part.lowerBound, part.count, adding ? 1 : 0)
            done?(0..<dy.rows, part)
        }
    }

    /// The same in the arithmetic ``Arithmetic/bfloat16``; the weights must be bf16.
    ///
    /// `range` starts at a multiple of 32 when sums over several ranges must equal one sum over all.
    package func multiplyTransposed(
        _ dy: RoundedRows, into dx: MatrixView, range: Range<Int>? = nil, adding: Bool = false,
        on set: InstructionSet = .active, team: WorkerTeam, done: BlockDone? = nil
    ) {
        let range = range ?? 0..<outputs, kernels = set.kernels
        precondition(
            format == .bfloat16 && range.lowerBound % 16 == 0 && dy.columns == range.count,
            "multiplyTransposed: \(dy.columns) columns, outputs \(range), \(format)")
        withExtendedLifetime(dy) {
            let rows = dy.kernel(0..<dy.rows)
            splitInputs(dy.rows * range.count, team) { part in
                var panels = panels(range)
                kernels.matmul_bf16_transposed(dx.output, rows, &panels, part.lowerBound, part.count, adding ? 1 : 0)
                done?(0..<dy.rows, part)
            }
        }
    }

    /// Divides inputs over the team, each worth `work` multiply-adds.
    private func splitInputs(_ work: Int, _ team: WorkerTeam, _ body: (Range<Int>) -> Void) {
        team.split((inputs + 15) / 16, least: max(1, Self.leastWork / max(1, work * 16))) { part in
            body(part.lowerBound * 16..<min(inputs, part.upperBound * 16))
        }
    }

    /// `wᵀ`, packed. In fp32 a product with it has the bits of ``multiplyTransposed(_:into:range:adding:on:team:)-(MatrixView,_,_,_,_,_)``
    /// and is faster for few rows, at the cost of a second copy.
    package func transposed() -> PackedMatrix {
        PackedMatrix(outputs: inputs, inputs: outputs, format: format, pool: origin?.pool) { target in
            var all = panels(0..<outputs)
            tk_pack_transposed(target, &all)
        }
    }

    /// One row of weights in fp32, such as the embedding of a token.
    package func copyRow(_ row: Int, into target: UnsafeMutablePointer<Float>) {
        precondition(row >= 0 && row < outputs, "copyRow: \(row) of \(outputs)")
        var all = panels(0..<outputs)
        tk_unpack_row(target, &all, row)
    }
}

extension MatrixView {
    /// As a kernel writes it.
    var output: tk_view { tk_view(data: base, rows: rows, columns: columns, stride: stride) }
    /// As a kernel reads it.
    var input: tk_input { tk_input(data: base, rows: rows, columns: columns, stride: stride) }
}
