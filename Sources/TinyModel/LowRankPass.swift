internal import TinyTensor

/// How a pass applies low-rank changes to the product of one input, and collects their gradients.
struct LowRankPass {
    let batch: RowBatch
    let layer: Int
    let group: InputGroup
    let team: WorkerTeam

    /// Columns of the products `t = A x` of this group: `rank` for each of its modules.
    static func columns(_ group: InputGroup, rank: Int) -> Int { group.kinds.count * rank }

    private func module(_ member: Int) -> Int {
        layer * ModuleKind.allCases.count + group.kinds[member].rawValue
    }

    /// Adds `B R A x` to `y`, whose columns are the group's modules side by side.
    ///
    /// - Parameter t: Receives `A x`, `[rows, columns]`, for the backward pass.
    func apply(_ x: Matrix, to y: Matrix, t: Matrix) {
        for run in batch.runs {
            let factors = run.factors, rank = factors.rank, width = t.columns
            factors.stacked[layer][group.rawValue].multiply(
                x.row(run.rows.lowerBound), stride: x.columns, rows: run.rows.count, into: t.row(run.rows.lowerBound),
                outputStride: width, team: team)
            eachSpan(run) { _, span, change in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: span.rows.count * rank) { scratch in
                    let s = scratch.baseAddress!
                    var column = 0
                    for member in group.kinds.indices {
                        let index = module(member), outputs = factors.modules[index].outputs
                        defer { column += outputs }
                        guard change.isActive[index] else { continue }
                        change.mixing.withUnsafeBufferPointer { mixing in
                            Kernels.mix(
                                t.row(span.rows.lowerBound) + member * rank, stride: width,
                                by: mixing.baseAddress! + index * rank * rank, rows: span.rows.count, rank: rank,
                                transposed: false, into: s, outputStride: rank)
                        }
                        Kernels.expand(
                            s, stride: rank, by: factors.prepared[index].bTransposed.base, rows: span.rows.count,
                            columns: outputs, rank: rank, into: y.row(span.rows.lowerBound) + column,
                            outputStride: y.columns)
                    }
                }
            }
        }
    }

    /// Given `dy`, adds the changes' part to `dx` and every sequence's `dR` to `gradient`.
    ///
    /// - Parameter gradient: `[spans, modules · rank²]`.
    func applyBackward(_ dy: Matrix, t: Matrix, to dx: Matrix, gradient: Matrix) {
        for run in batch.runs {
            let factors = run.factors, rank = factors.rank, first = run.rows.lowerBound
            let ds = Matrix(rows: run.rows.count, columns: rank * group.kinds.count)
            var column = 0
            for member in group.kinds.indices {
                let prepared = factors.prepared[module(member)]
                prepared.packedB.multiply(
                    dy.row(first) + column, stride: dy.columns, rows: run.rows.count, into: ds.base + member * rank,
                    outputStride: ds.columns, team: team)
                column += prepared.bTransposed.columns
            }
            eachSpan(run) { index, span, change in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: span.rows.count * rank) { scratch in
                    for member in group.kinds.indices {
                        let number = module(member)
                        let own = ds.row(span.rows.lowerBound - first) + member * rank
                        Kernels.mixGradient(
                            own, stride: ds.columns, t: t.row(span.rows.lowerBound) + member * rank,
                            inputStride: t.columns, rows: span.rows.count, rank: rank,
                            into: gradient.row(index) + number * rank * rank)
                        guard change.isActive[number] else { continue }
                        change.mixing.withUnsafeBufferPointer { mixing in
                            Kernels.mix(
                                own, stride: ds.columns, by: mixing.baseAddress! + number * rank * rank,
                                rows: span.rows.count, rank: rank, transposed: true, into: scratch.baseAddress!,
                                outputStride: rank)
                        }
                        Kernels.expand(
                            scratch.baseAddress!, stride: rank, by: factors.prepared[number].a.base,
                            rows: span.rows.count, columns: dx.columns, rank: rank, into: dx.row(span.rows.lowerBound),
                            outputStride: dx.columns)
                    }
                }
            }
        }
    }

    /// Calls `body` for every segment of the run, on any thread.
    private func eachSpan(_ run: RowBatch.Run, _ body: (Int, RowBatch.Span, LowRankChange) -> Void) {
        let perSpan = max(1, run.rows.count / run.spans.count)
        team.split(run.spans.count, least: max(1, 16 / perSpan)) { part in
            for offset in part {
                let span = batch.spans[run.spans.lowerBound + offset]
                if let change = span.change { body(run.spans.lowerBound + offset, span, change) }
            }
        }
    }
}
