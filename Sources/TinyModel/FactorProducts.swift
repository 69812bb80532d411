internal import TinyTensor

/// The gradients of `A` and `B` of the modules that read one input: `dB = Σ dy ⊗ R A x` and `dA = Σ Rᵀ Bᵀ dy ⊗ x`.
///
/// Each sequence's sum is made on its own and added to the gradient in the order of the sequences, so the result depends on
/// the sequences and their order alone: not on the passes that they are divided into, nor on threads.
struct FactorProducts {
    let pass: LowRankPass
    let run: RowBatch.Run
    let members: LowRankFactors.Members
    /// Where in the stacked output each member begins.
    let columns: [Int]

    /// Some columns of one factor's gradient.
    private struct Piece {
        /// `[rows of the run, rank]`, and the columns that it multiplies, from the run's first row on.
        let narrow: Floats
        let wide: Floats
        let wideStride: Int
        let target: Floats
        let targetStride: Int
        let count: Int
    }

    /// Columns of a piece: few enough to share small matrices out, enough to read whole cache lines.
    private static let pieceColumns = 64
    /// Products that a thread should have at least, about 20 microseconds of work.
    private static let leastWork = 1 << 20

    /// Adds the products of the run's rows.
    ///
    /// - Parameters:
    ///   - dy: The gradient of the stacked output, all rows.
    ///   - ds: `Bᵀ dy`, `[rows of the run, rank · members]`.
    ///   - t: `A x`, all rows.
    ///   - x: The input, all rows.
    ///   - gradient: What is added to.
    func add(_ dy: Matrix, ds: Matrix, t: Matrix, x: Matrix, to gradient: FactorGradient) {
        let rank = run.factors.rank, rows = run.rows.count, first = run.rows.lowerBound
        let s = Matrix(rows: members.positions.count * rows, columns: rank)
        let dt = Matrix(rows: members.positions.count * rows, columns: rank)
        pass.eachSpan(run) { _, span, change in
            for (member, position) in members.positions.enumerated() {
                let row = span.rows.lowerBound - first, own = member * rows + row
                pass.mix(
                    t.row(first + row) + member * rank, stride: t.columns, change, position, span, into: s.row(own))
                pass.mix(
                    ds.row(row) + member * rank, stride: ds.columns, change, position, span, transposed: true,
                    into: dt.row(own))
            }
        }
        var pieces: [Piece] = []
        for (member, position) in members.positions.enumerated() {
            let module = run.factors.modules[position]
            add(
                s.row(member * rows), dy.row(first) + columns[member], stride: dy.columns, columns: module.outputs,
                to: gradient.bTransposed(position), pieces: &pieces)
            add(
                dt.row(member * rows), x.row(first), stride: x.columns, columns: module.inputs,
                to: gradient.a(position), pieces: &pieces)
        }
        let spans = run.spans.map { pass.batch.spans[$0].rows }
        let least = max(1, Self.leastWork / max(1, rows * rank * Self.pieceColumns))
        let products = pieces
        pass.team.split(products.count, least: least) { part in
            for piece in products[part] {
                for span in spans {
                    let row = span.lowerBound - first
                    Kernels.outer(
                        piece.narrow + row * rank, stride: rank, piece.wide + row * piece.wideStride,
                        inputStride: piece.wideStride, rows: span.count, height: rank, columns: piece.count,
                        into: piece.target, outputStride: piece.targetStride)
                }
            }
        }
    }

    private func add(
        _ narrow: Floats, _ wide: Floats, stride: Int, columns: Int, to target: Floats, pieces: inout [Piece]
    ) {
        for first in Swift.stride(from: 0, to: columns, by: Self.pieceColumns) {
            pieces.append(
                Piece(
                    narrow: narrow, wide: wide + first, wideStride: stride, target: target + first,
                    targetStride: columns, count: min(Self.pieceColumns, columns - first)))
        }
    }
}
