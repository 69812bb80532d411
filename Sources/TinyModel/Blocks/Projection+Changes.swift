internal import TinyCheckpoint
internal import TinyTensor

// How a projection applies low-rank changes: t = A x, s = R t, y += B s, and back.
extension Projection {
    /// What `B R A x` adds to the output, once ``prepareChanges(_:_:_:_:)`` has made its `s`.
    ///
    /// - Parameter t: Receives `A x`.
    func pendingChanges(t: Matrix, _ pass: PassRows) -> PendingChanges {
        var pending = PendingChanges(from: t)
        for stretch in pass.batch.stretches {
            guard let members = stretch.factors.members(layer: layer, group) else { continue }
            pending.append(members, of: stretch) { ($0.bTransposed, columns(of: $0.kind)) }
        }
        return pending
    }

    /// `t = A x` and `s = R t` of some rows, on the calling thread.
    func prepareChanges(_ x: Matrix, _ rows: Range<Int>, _ pending: PendingChanges, _ pass: PassRows) {
        let t = pending.source.view, s = pending.narrow.view
        for stretch in pass.batch.stretches where stretch.rows.overlaps(rows) {
            guard let members = stretch.factors.members(layer: layer, group) else { continue }
            let own = stretch.rows.clamped(to: rows)
            members.stacked.multiply(x.view.rows(own), into: t.rows(own), team: .alone)
            for (index, span) in stretch.changes.rows.enumerated() where span.overlaps(own) {
                let rows = span.clamped(to: own), t = t.rows(rows), s = s.rows(rows)
                for member in members.each where stretch.changes.isActive(index, member.position) {
                    mix(t, stretch, index, member, into: s)
                }
            }
        }
    }

    /// Rows whose part of the changes is worth a thread: about a microsecond of work.
    var leastNarrowRows: Int { max(1, (1 << 17) / max(1, 16 * weights.inputs)) }

    /// Given `dy`, adds what is wanted of the changes' gradients to `gradients`.
    ///
    /// - Returns: What the changes add to `dx`.
    func pendingChangesBackward(
        _ dy: Matrix, t: Matrix, input: () -> Matrix, into gradients: PassGradients, _ pass: PassRows
    ) -> PendingChanges {
        var pending = PendingChanges(from: t)
        let s = pending.narrow.view, ds = Matrix(unsetRows: t.rows, columns: t.columns)
        for stretch in pass.batch.stretches {
            let factors = stretch.factors, rank = factors.rank
            guard let members = factors.members(layer: layer, group) else { continue }
            for member in members.each {
                factors.prepared[member.position].packedB.multiply(
                    dy.view.block(stretch.rows, columns(of: member.kind)),
                    into: ds.view.rows(stretch.rows).columns(member.columns), team: pass.team)
            }
            eachSpan(stretch, pass) { index, rows in
                let own = ds.view.rows(rows), s = s.rows(rows)
                for member in members.each {
                    if let mixing = gradients.mixing {
                        Kernels.mixGradient(
                            own.columns(member.columns), t: t.view.rows(rows).columns(member.columns),
                            into: mixing.row(stretch.spans.lowerBound + index) + member.position * rank * rank)
                    }
                    guard stretch.changes.isActive(index, member.position) else { continue }
                    mix(own, stretch, index, member, transposed: true, into: s)
                }
            }
            pending.append(members, of: stretch) { ($0.a, 0..<weights.inputs) }
            if let gradient = gradients.factors, gradient.factors === factors {
                addFactorGradients(dy, ds: ds, t: t, x: input(), of: members, stretch, to: gradient, pass)
            }
        }
        return pending
    }

    /// Adds `dB = Σ dy ⊗ R A x` and `dA = Σ Rᵀ Bᵀ dy ⊗ x` of the rows of a stretch.
    ///
    /// Each sequence's sum is made on its own and added in the order of the sequences, so the result depends on the sequences
    /// and their order alone: not on the passes that they are divided into, nor on threads.
    ///
    /// - Parameters:
    ///   - ds: `Bᵀ dy`, all rows.
    ///   - t: `A x`, all rows.
    private func addFactorGradients(
        _ dy: Matrix, ds: Matrix, t: Matrix, x: Matrix, of members: LowRankFactors.Members, _ stretch: RowBatch.Stretch,
        to gradient: FactorGradient, _ pass: PassRows
    ) {
        let rank = stretch.factors.rank, rows = stretch.rows.count, first = stretch.rows.lowerBound
        // One matrix each, not an array of them: an array would be freed after its last use, before its views are read.
        let s = Matrix(unsetRows: rows, columns: members.each.count * rank)
        let dt = Matrix(unsetRows: rows, columns: members.each.count * rank)
        eachSpan(stretch, pass) { index, span in
            let own = span.lowerBound - first..<span.upperBound - first
            for member in members.each {
                mix(t.view.rows(span), stretch, index, member, into: s.view.rows(own))
                mix(ds.view.rows(span), stretch, index, member, transposed: true, into: dt.view.rows(own))
            }
        }
        let pieces = members.each.flatMap { member in
            OuterPiece.all(
                s.view.columns(member.columns), dy.view.block(stretch.rows, self.columns(of: member.kind)),
                to: gradient.bTransposed(member.position))
                + OuterPiece.all(
                    dt.view.columns(member.columns), x.view.rows(stretch.rows), to: gradient.a(member.position))
        }
        let spans = stretch.changes.rows
        let least = max(1, OuterPiece.leastWork / max(1, rows * rank * OuterPiece.columns))
        pass.team.split(pieces.count, least: least) { part in
            for piece in pieces[part] {
                for span in spans { piece.add(span.lowerBound - first..<span.upperBound - first) }
            }
        }
    }

    /// `s = R t` in a member's columns, or `Rᵀ t` with `transposed`, by what segment `index` of a stretch does to the member.
    private func mix(
        _ t: MatrixView, _ stretch: RowBatch.Stretch, _ index: Int, _ member: LowRankFactors.Members.Member,
        transposed: Bool = false, into s: MatrixView
    ) {
        Kernels.mix(
            t.columns(member.columns), by: stretch.changes.mixing(index, member.position), transposed: transposed,
            into: s.columns(member.columns))
    }

    /// Calls `body` for every segment of the stretch and its rows, on any thread.
    private func eachSpan(
        _ stretch: RowBatch.Stretch, _ pass: PassRows, _ body: (_ index: Int, _ rows: Range<Int>) -> Void
    ) {
        let perSpan = max(1, stretch.rows.count / stretch.spans.count)
        pass.team.split(stretch.spans.count, least: max(1, Self.leastRows / perSpan)) { part in
            for index in part { body(index, stretch.changes.rows[index]) }
        }
    }

    /// Rows whose small products are worth another thread: about 5 microseconds.
    private static let leastRows = 64
}

/// What low-rank changes add to a wide product: blocks of it are taken as they are done, while a cache holds them.
struct PendingChanges {
    /// What ``narrow`` is made from.
    fileprivate let source: Matrix
    /// `s`, a row for each row of the product: what every module's rows are multiplied with.
    fileprivate let narrow: Matrix
    private var parts: [Part] = []

    /// `y[rows, columns] += s · factor`. The factor belongs to the pass's changes, `s` to ``narrow``.
    private struct Part {
        let s: MatrixView
        let factor: MatrixView
        let rows: Range<Int>
        let columns: Range<Int>
    }

    fileprivate init(from source: Matrix) {
        self.source = source
        narrow = Matrix(unsetRows: source.rows, columns: source.columns)
    }

    /// Adds the active members of a stretch.
    ///
    /// - Parameter target: The factor of a module, `[rank, columns]`, and the columns of the product that it adds to.
    fileprivate mutating func append(
        _ members: LowRankFactors.Members, of stretch: RowBatch.Stretch,
        target: (LowRankFactors.Members.Member) -> (factor: MatrixView, columns: Range<Int>)
    ) {
        for member in members.each {
            let (factor, columns) = target(member)
            // Rows whose changes share the factor are one part, whatever their `R`.
            var rows: Range<Int>?
            func finish() {
                guard let rows else { return }
                let s = narrow.view.rows(rows).columns(member.columns)
                parts.append(Part(s: s, factor: factor, rows: rows, columns: columns))
            }
            for (index, span) in stretch.changes.rows.enumerated()
            where stretch.changes.isActive(index, member.position) {
                if let before = rows, before.upperBound == span.lowerBound {
                    rows = before.lowerBound..<span.upperBound
                } else {
                    finish()
                    rows = span
                }
            }
            finish()
        }
    }

    /// Adds what belongs to a block of the product, module after module.
    func add(to y: MatrixView, _ rows: Range<Int>, _ columns: Range<Int>) {
        for part in parts {
            let own = part.rows.clamped(to: rows), shared = part.columns.clamped(to: columns)
            guard !own.isEmpty && !shared.isEmpty else { continue }
            let first = own.lowerBound - part.rows.lowerBound
            Kernels.expand(
                part.s.rows(first..<first + own.count),
                by: part.factor.columns(from: shared.lowerBound - part.columns.lowerBound, count: shared.count),
                into: y.block(own, shared))
        }
    }
}

/// Some columns of one factor's gradient, `target += narrowᵀ · wide`: what one thread computes.
private struct OuterPiece {
    /// `[rows of the stretch, rank]`, and the columns that it multiplies.
    let narrow: MatrixView
    let wide: MatrixView
    let target: MatrixView

    /// Columns of a piece: few enough to share small matrices out, enough to read whole cache lines.
    static let columns = 64
    /// Products that a thread should have at least, about 20 microseconds of work.
    static let leastWork = 1 << 20

    /// The pieces of one product into `target [rank, columns]`.
    static func all(_ narrow: MatrixView, _ wide: MatrixView, to target: Floats) -> [OuterPiece] {
        let target = MatrixView(target, rows: narrow.columns, columns: wide.columns)
        return Swift.stride(from: 0, to: wide.columns, by: columns).map { first in
            let count = min(columns, wide.columns - first)
            return OuterPiece(
                narrow: narrow, wide: wide.columns(from: first, count: count),
                target: target.columns(from: first, count: count))
        }
    }

    /// Adds the product of some rows.
    func add(_ rows: Range<Int>) { Kernels.outer(narrow.rows(rows), wide.rows(rows), into: target) }
}
