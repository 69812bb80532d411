/// A set of real numbers with finitely many ends: a union of intervals and points.
///
/// The form is canonical: two sets with the same numbers have the same ends and the same memberships.
struct RealSet {
    /// More ends than this in one set are refused.
    private static let maximumEnds = 200

    /// Where membership changes, in rising order.
    private(set) var ends: [AnswerTree] = []
    /// Whether each end belongs to the set.
    private(set) var holdsEnd: [Bool] = []
    /// Whether the numbers below the first end, between two ends and above the last end belong to the set.
    private(set) var holdsGap: [Bool]

    static let all = RealSet(holdsGap: [true])
    static let empty = RealSet(holdsGap: [false])

    static func point(_ end: AnswerTree) -> RealSet {
        RealSet(ends: [end], holdsEnd: [true], holdsGap: [false, false])
    }

    /// The numbers above an end.
    static func above(_ end: AnswerTree, includesEnd: Bool) -> RealSet {
        RealSet(ends: [end], holdsEnd: [includesEnd], holdsGap: [false, true])
    }

    /// The numbers below an end.
    static func below(_ end: AnswerTree, includesEnd: Bool) -> RealSet {
        RealSet(ends: [end], holdsEnd: [includesEnd], holdsGap: [true, false])
    }

    var isEmpty: Bool { ends.isEmpty && !holdsGap[0] }
    var isAll: Bool { ends.isEmpty && holdsGap[0] }
    /// Whether it has no interval.
    var isFinite: Bool { !holdsGap.contains(true) }

    var complement: RealSet {
        RealSet(ends: ends, holdsEnd: holdsEnd.map { !$0 }, holdsGap: holdsGap.map { !$0 })
    }

    /// Combines the membership of two sets, number by number; `nil` where the order of two ends cannot be decided.
    func combined(
        with other: RealSet, _ evaluator: inout ExpressionEvaluator, by holds: (Bool, Bool) -> Bool
    ) -> RealSet? {
        var result = RealSet(holdsGap: [holds(holdsGap[0], other.holdsGap[0])])
        var i = 0, j = 0
        while i < ends.count || j < other.ends.count {
            let order: Int
            if i == ends.count {
                order = 1
            } else if j == other.ends.count {
                order = -1
            } else if let found = evaluator.order(ends[i], other.ends[j]) {
                order = found
            } else {
                return nil
            }
            let end = order <= 0 ? ends[i] : other.ends[j]
            // An end of one set only lies in a gap of the other.
            let atEnd = holds(
                order <= 0 ? holdsEnd[i] : holdsGap[i], order >= 0 ? other.holdsEnd[j] : other.holdsGap[j])
            if order <= 0 { i += 1 }
            if order >= 0 { j += 1 }
            let above = holds(holdsGap[i], other.holdsGap[j])
            if atEnd == above, above == result.holdsGap.last { continue }
            result.ends.append(end)
            result.holdsEnd.append(atEnd)
            result.holdsGap.append(above)
        }
        return result.ends.count <= Self.maximumEnds ? result : nil
    }
}
