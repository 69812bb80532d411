internal import TinyCheckpoint
internal import TinyTensor

/// How a pass applies low-rank changes to the product of one input, and collects their gradients.
struct LowRankPass {
    let model: LanguageModel
    let batch: RowBatch
    let layer: Int
    let group: InputGroup
    let team: WorkerTeam

    /// Most columns of the products `t = A x` of this group: `rank` for each of its modules.
    static func columns(_ group: InputGroup, rank: Int) -> Int { group.kinds.count * rank }

    /// The changed modules of this group, and where in the group's stacked output each begins.
    private func members(_ factors: LowRankFactors) -> (LowRankFactors.Members, columns: [Int])? {
        guard let members = factors.members(layer: layer, group) else { return nil }
        let modules = model.configuration.modules(ofLayer: layer)
        let columns = members.positions.map { position in
            group.kinds.prefix { $0 != factors.modules[position].kind }.reduce(0) { $0 + modules[$1.rawValue].outputs }
        }
        return (members, columns)
    }

    /// Adds `B R A x` to `y`, whose columns are the group's modules side by side.
    ///
    /// - Parameter t: Receives `A x`, `[rows, columns]`, for the backward pass.
    func apply(_ x: Matrix, to y: Matrix, t: Matrix) {
        for run in batch.runs {
            let factors = run.factors, rank = factors.rank, width = t.columns
            guard let (members, columns) = members(factors) else { continue }
            members.stacked.multiply(
                x.row(run.rows.lowerBound), stride: x.columns, rows: run.rows.count, into: t.row(run.rows.lowerBound),
                outputStride: width, team: team)
            eachSpan(run) { _, span, change in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: span.rows.count * rank) { scratch in
                    let s = scratch.baseAddress!
                    for (member, position) in members.positions.enumerated() where change.isActive[position] {
                        mix(t.row(span.rows.lowerBound) + member * rank, stride: width, change, position, span, into: s)
                        Kernels.expand(
                            s, stride: rank, by: factors.prepared[position].bTransposed.base, rows: span.rows.count,
                            columns: factors.modules[position].outputs, rank: rank,
                            into: y.row(span.rows.lowerBound) + columns[member], outputStride: y.columns)
                    }
                }
            }
        }
    }

    /// Given `dy`, adds the changes' part to `dx` and what is wanted of their gradients to `mixing` and `gradient`.
    ///
    /// - Parameters:
    ///   - t: `A x`, from the forward pass.
    ///   - input: Makes `x` again; called only where the gradient of `A` is wanted.
    ///   - mixing: `[spans, modules · rank²]`: every sequence's `dR`.
    ///   - gradient: `dA` and `dB`, summed over the sequences whose change has these factors, in ascending order.
    func applyBackward(
        _ dy: Matrix, t: Matrix, input: () -> Matrix, to dx: Matrix, mixing: Matrix?, gradient: FactorGradient?
    ) {
        for run in batch.runs {
            let factors = run.factors, rank = factors.rank, first = run.rows.lowerBound
            guard let (members, columns) = members(factors) else { continue }
            let ds = Matrix(rows: run.rows.count, columns: rank * members.positions.count)
            for (member, position) in members.positions.enumerated() {
                factors.prepared[position].packedB.multiply(
                    dy.row(first) + columns[member], stride: dy.columns, rows: run.rows.count,
                    into: ds.base + member * rank, outputStride: ds.columns, team: team)
            }
            eachSpan(run) { index, span, change in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: span.rows.count * rank) { scratch in
                    for (member, position) in members.positions.enumerated() {
                        let own = ds.row(span.rows.lowerBound - first) + member * rank
                        if let mixing {
                            Kernels.mixGradient(
                                own, stride: ds.columns, t: t.row(span.rows.lowerBound) + member * rank,
                                inputStride: t.columns, rows: span.rows.count, rank: rank,
                                into: mixing.row(index) + position * rank * rank)
                        }
                        guard change.isActive[position] else { continue }
                        mix(
                            own, stride: ds.columns, change, position, span, transposed: true,
                            into: scratch.baseAddress!)
                        Kernels.expand(
                            scratch.baseAddress!, stride: rank, by: factors.prepared[position].a.base,
                            rows: span.rows.count, columns: dx.columns, rank: rank, into: dx.row(span.rows.lowerBound),
                            outputStride: dx.columns)
                    }
                }
            }
            if let gradient, gradient.factors === factors {
                FactorProducts(pass: self, run: run, members: members, columns: columns)
                    .add(dy, ds: ds, t: t, x: input(), to: gradient)
            }
        }
    }

    /// `s = R t` of one module for the rows of a span, or `Rᵀ t` with `transposed`.
    func mix(
        _ t: Floats, stride: Int, _ change: LowRankChange, _ position: Int, _ span: RowBatch.Span,
        transposed: Bool = false, into s: Floats
    ) {
        let rank = change.factors.rank
        change.mixing.withUnsafeBufferPointer { mixing in
            Kernels.mix(
                t, stride: stride, by: mixing.baseAddress! + position * rank * rank, rows: span.rows.count, rank: rank,
                transposed: transposed, into: s, outputStride: rank)
        }
    }

    /// Calls `body` for every segment of the run, on any thread.
    func eachSpan(_ run: RowBatch.Run, _ body: (Int, RowBatch.Span, LowRankChange) -> Void) {
        let perSpan = max(1, run.rows.count / run.spans.count)
        team.split(run.spans.count, least: max(1, 16 / perSpan)) { part in
            for offset in part {
                let span = batch.spans[run.spans.lowerBound + offset]
                if let change = span.change { body(run.spans.lowerBound + offset, span, change) }
            }
        }
    }
}
