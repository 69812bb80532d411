extension AnswerComparison {
    /// Compares answers as intervals piece by piece where one is a union or an inequality; `nil` otherwise.
    ///
    /// For ends with parameters. Sets whose ends are numbers are compared before; see ``compareRealSets(_:_:)``.
    mutating func compareIntervals(_ gold: AnswerTree, _ prediction: AnswerTree) -> Bool? {
        guard gold.isIntervalExpression || prediction.isIntervalExpression else { return nil }
        guard let a = gold.intervals, let b = prediction.intervals, a.pieces.count == b.pieces.count else {
            return false
        }
        if let name = a.name, let other = b.name, name != other { return false }
        return inAnyOrder(a.pieces, b.pieces) { $0.isSame($1, $2) }
    }

    private mutating func isSame(_ a: Interval, _ b: Interval) -> Bool {
        (a.includesLow == b.includesLow || a.low.infiniteSign != nil)
            && (a.includesHigh == b.includesHigh || a.high.infiniteSign != nil)
            && isEqual(a.low, b.low) && isEqual(a.high, b.high)
    }
}

/// The numbers between two ends.
struct Interval {
    var low: AnswerTree
    var includesLow: Bool
    var high: AnswerTree
    var includesHigh: Bool

    static let all = Interval(low: .negative(.infinity), includesLow: false, high: .infinity, includesHigh: false)

    fileprivate var mirrored: Interval {
        Interval(low: high.opposite, includesLow: includesHigh, high: low.opposite, includesHigh: includesLow)
    }
}

extension AnswerTree {
    /// A union, an inequality or the real line: what can only be read as a set of numbers.
    fileprivate var isIntervalExpression: Bool {
        switch self {
        case .union: true
        case .relation(_, let relations): relations.allSatisfy(\.isOrder)
        case .variable(let name): name == "mathbb R"
        default: false
        }
    }

    /// The pieces of a set of numbers and the variable that runs through it; `nil` when it is none.
    fileprivate var intervals: (pieces: [Interval], name: String?)? {
        switch self {
        case .variable("mathbb R"): return ([.all], nil)
        case .bracketed(let ends, let opens, let closes):
            guard ends.count == 2 else { return nil }
            return ([Interval(low: ends[0], includesLow: opens, high: ends[1], includesHigh: closes)], nil)
        case .set(let points):
            return (points.map { Interval(low: $0, includesLow: true, high: $0, includesHigh: true) }, nil)
        case .union(let parts):
            let sets = parts.compactMap(\.intervals)
            return sets.count == parts.count ? (sets.flatMap(\.pieces), nil) : nil
        case .relation(let sides, let relations): return Self.intervals(sides, relations)
        default: return nil
        }
    }

    /// `a < x ≤ b`, `x > a`, `|x| < a` and the like.
    private static func intervals(_ sides: [AnswerTree], _ relations: [Relation]) -> (
        pieces: [Interval], name: String?
    )? {
        guard relations.allSatisfy(\.isOrder) else { return nil }
        var sides = sides, relations = relations
        // Rising from left to right.
        if relations.allSatisfy({ $0 == .greater || $0 == .greaterOrEqual }) {
            sides.reverse()
            relations = relations.reversed().map(\.swapped)
        }
        guard relations.allSatisfy({ $0 == .less || $0 == .lessOrEqual }) else { return nil }
        var piece = Interval.all
        let middle: AnswerTree
        switch sides.count {
        case 3:
            middle = sides[1]
            (piece.low, piece.includesLow) = (sides[0], !relations[0].isStrict)
            (piece.high, piece.includesHigh) = (sides[2], !relations[1].isStrict)
        case 2 where sides[0].hasVariables:
            middle = sides[0]
            (piece.high, piece.includesHigh) = (sides[1], !relations[0].isStrict)
        case 2:
            middle = sides[1]
            (piece.low, piece.includesLow) = (sides[0], !relations[0].isStrict)
        default: return nil
        }
        guard !piece.low.hasVariables, !piece.high.hasVariables else { return nil }
        if case .variable(let name) = middle { return ([piece], name) }
        guard case .function(.abs, let parts) = middle, parts.count == 1, case .variable(let name) = parts[0] else {
            return nil
        }
        if piece.low.infiniteSign != nil {
            (piece.low, piece.includesLow) = (piece.high.opposite, piece.includesHigh)
            return ([piece], name)
        }
        return ([piece.mirrored, piece], name)
    }
}
