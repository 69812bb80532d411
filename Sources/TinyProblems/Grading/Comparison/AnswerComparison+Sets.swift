extension AnswerComparison {
    /// Compares two answers as sets of real numbers; `nil` where neither is certainly one, or one cannot be evaluated.
    ///
    /// Brackets of two numbers are an interval only where the other answer is a set: `(1, 2)` may be a point.
    mutating func compareRealSets(_ gold: AnswerTree, _ prediction: AnswerTree) -> Bool? {
        guard gold.isCertainlySet || prediction.isCertainlySet else { return nil }
        if let set = gold.labelledSet, prediction.labelledSet == nil { return compareRealSets(set, prediction) }
        if let set = prediction.labelledSet, gold.labelledSet == nil { return compareRealSets(gold, set) }
        var name: String?, other: String?
        guard let a = realSet(gold, &name), let b = realSet(prediction, &other) else {
            // (2, 1) is a point, and no interval.
            return isFallingPair(gold) || isFallingPair(prediction) ? false : nil
        }
        if let name, let other, name != other { return false }
        guard a.holdsGap == b.holdsGap, a.holdsEnd == b.holdsEnd else { return false }
        return inOrder(a.ends, b.ends)
    }

    /// The real numbers of a set or of the conditions on one variable, whose name is stored; `nil` when it is none.
    private mutating func realSet(_ tree: AnswerTree, _ name: inout String?) -> RealSet? {
        switch tree {
        case .variable("mathbb R"): return .all
        case .bracketed(let ends, let opens, let closes):
            return ends.count == 2 ? interval(ends[0], opens, ends[1], closes) : nil
        case .set(let parts): return points(parts)
        case .list(let parts): return parts.contains(where: \.isCertainlySet) ? listed(parts, &name) : points(parts)
        case .union(let parts): return fold(parts, &name) { $0.union($1, $2) }
        case .intersection(let parts): return fold(parts, &name) { $0.intersection($1, $2) }
        case .difference(let whole, let part):
            guard let a = realSet(whole.asReals, &name) else { return nil }
            let excluded = part.isExpression ? points([part]) : realSet(part, &name)
            return excluded.flatMap { intersection(a, $0.complement) }
        case .membership(let element, let set):
            guard case .variable(let variable) = element, name == nil || name == variable else { return nil }
            name = variable
            return realSet(set.asReals, &name)
        case .relation(let sides, let relations):
            guard let variable = tree.onlyVariable, name == nil || name == variable else { return nil }
            name = variable
            var result = RealSet.all
            for (index, relation) in relations.enumerated() {
                guard let part = solutions(sides[index], relation, sides[index + 1], in: variable),
                    let both = intersection(result, part)
                else { return nil }
                result = both
            }
            return result
        default: return nil
        }
    }

    private mutating func fold(
        _ parts: [AnswerTree], _ name: inout String?, _ combine: (inout Self, RealSet, RealSet) -> RealSet?
    ) -> RealSet? {
        var result: RealSet?
        for part in parts {
            guard let set = realSet(part, &name) else { return nil }
            guard let left = result else {
                result = set
                continue
            }
            guard let both = combine(&self, left, set) else { return nil }
            result = both
        }
        return result
    }

    /// Sets and conditions with only commas between them.
    ///
    /// Conditions `≠` and `∈ ℝ` restrict the others. Those are alternatives where no two have a number in common, and two
    /// hold together where they leave out no number otherwise, as `x > 2, x < 5`. Else the meaning is not certain.
    private mutating func listed(_ parts: [AnswerTree], _ name: inout String?) -> RealSet? {
        var restriction = RealSet.all, joined = RealSet.empty, common = RealSet.all
        var areDisjoint = true, areConditions = true, count = 0
        for part in parts {
            guard let set = realSet(part, &name) else { return nil }
            if part.isRestriction {
                guard let both = intersection(restriction, set) else { return nil }
                restriction = both
                continue
            }
            guard let overlap = intersection(joined, set), let both = intersection(common, set),
                let either = union(joined, set)
            else { return nil }
            areDisjoint = areDisjoint && overlap.isEmpty
            areConditions = areConditions && part.isRelation
            (common, joined) = (both, either)
            count += 1
        }
        if count == 0 { return restriction }
        if areDisjoint { return intersection(joined, restriction) }
        return areConditions && count == 2 && joined.isAll ? intersection(common, restriction) : nil
    }

    private mutating func union(_ a: RealSet, _ b: RealSet) -> RealSet? { a.combined(with: b, &evaluator) { $0 || $1 } }

    private mutating func intersection(_ a: RealSet, _ b: RealSet) -> RealSet? {
        a.combined(with: b, &evaluator) { $0 && $1 }
    }

    // MARK: Ends

    private mutating func end(_ tree: AnswerTree) -> AnswerTree? {
        guard tree.isExpression, !tree.hasVariables,
            evaluator.value(of: tree, precision: NumericValue.firstPrecision)?.isReal == true
        else { return nil }
        return tree
    }

    private mutating func points(_ parts: [AnswerTree]) -> RealSet? {
        var result = RealSet.empty
        for part in parts.flatMap(\.elements) {
            guard let end = end(part), let more = union(result, .point(end)) else { return nil }
            result = more
        }
        return result
    }

    private mutating func interval(_ low: AnswerTree, _ includesLow: Bool, _ high: AnswerTree, _ includesHigh: Bool)
        -> RealSet?
    {
        var result = RealSet.all
        if low.infiniteSign != -1 {
            guard let end = end(low) else { return nil }
            result = .above(end, includesEnd: includesLow)
        }
        if high.infiniteSign != 1 {
            guard let end = end(high), let both = intersection(result, .below(end, includesEnd: includesHigh)) else {
                return nil
            }
            result = both
        }
        // Ends in falling order are no interval.
        return result.isEmpty ? nil : result
    }

    private mutating func isFallingPair(_ tree: AnswerTree) -> Bool {
        guard case .bracketed(let ends, _, _) = tree, ends.count == 2, let low = end(ends[0]), let high = end(ends[1])
        else {
            return false
        }
        return evaluator.order(low, high) == 1
    }

    // MARK: Conditions

    /// The solutions of one equation or inequality, linear in the variable or in the absolute value of such a term.
    private mutating func solutions(_ left: AnswerTree, _ relation: Relation, _ right: AnswerTree, in name: String)
        -> RealSet?
    {
        guard left.hasVariables else {
            return right.hasVariables ? solutions(right, relation.swapped, left, in: name) : nil
        }
        if let sign = right.infiniteSign, relation.isOrder {
            return (relation == .less || relation == .lessOrEqual) == (sign > 0) ? .all : nil
        }
        guard case .function(.abs, let parts) = left, parts.count == 1, !right.hasVariables else {
            return linearSolutions(left, relation, right, in: name)
        }
        let opposite = right.opposite
        switch relation {
        case .less, .lessOrEqual:
            return linearSolutions(parts[0], relation, right, in: name).flatMap { below in
                linearSolutions(parts[0], relation.swapped, opposite, in: name).flatMap { intersection(below, $0) }
            }
        case .greater, .greaterOrEqual:
            return linearSolutions(parts[0], relation, right, in: name).flatMap { above in
                linearSolutions(parts[0], relation.swapped, opposite, in: name).flatMap { union(above, $0) }
            }
        default:
            guard let bound = end(right), let zero = end(.number(.zero)),
                let order = evaluator.order(bound, zero), order >= 0,
                let first = linearSolutions(parts[0], .equal, right, in: name),
                let second = linearSolutions(parts[0], .equal, opposite, in: name), let both = union(first, second)
            else { return nil }
            return relation == .notEqual ? both.complement : both
        }
    }

    private mutating func linearSolutions(
        _ left: AnswerTree, _ relation: Relation, _ right: AnswerTree, in name: String
    ) -> RealSet? {
        var relation = relation
        let bound: AnswerTree
        if left == .variable(name) && !right.hasVariables {
            bound = right
        } else {
            guard let a = left.line(in: name), let b = right.line(in: name),
                let slope = end(.sum([a.slope, .negative(b.slope)])), let zero = end(.number(.zero)),
                let sign = evaluator.order(slope, zero), sign != 0
            else { return nil }
            bound = .quotient(.sum([b.offset, .negative(a.offset)]), slope)
            if sign < 0 { relation = relation.swapped }
        }
        if relation == .notEqual || relation == .equal {
            guard let set = points([bound]) else { return nil }
            return relation == .equal ? set : set.complement
        }
        guard let end = end(bound) else { return nil }
        switch relation {
        case .less: return .below(end, includesEnd: false)
        case .lessOrEqual: return .below(end, includesEnd: true)
        case .greater: return .above(end, includesEnd: false)
        case .greaterOrEqual: return .above(end, includesEnd: true)
        default: return nil
        }
    }
}

extension AnswerTree {
    /// Whether it can only be read as a set of numbers, or as conditions on a number that define one.
    var isCertainlySet: Bool {
        switch self {
        case .union, .intersection, .difference, .membership, .variable("mathbb R"): true
        case .relation(_, let relations): relations.contains { $0.isOrder || $0 == .notEqual } || labelledSet != nil
        case .bracketed(let ends, let opens, let closes):
            ends.count == 2 && (opens != closes || ends.contains { $0.infiniteSign != nil })
        case .list(let parts): parts.contains(where: \.isCertainlySet)
        default: false
        }
    }

    /// The set of `D = ℝ`; `nil` for anything else.
    fileprivate var labelledSet: AnswerTree? {
        guard let value = labelled?.value, value.isCertainlySet || value == .set([]) else { return nil }
        return value
    }

    /// `x ≠ 2`, `x ∈ ℝ`, `ℝ`: what restricts the other parts of a list.
    var isRestriction: Bool {
        switch self {
        case .relation(_, let relations): relations.allSatisfy { $0 == .notEqual }
        case .membership(_, let set): set.isRestriction
        case .variable("mathbb R"): true
        case .difference(let whole, _): whole.isRestriction
        default: false
        }
    }

    /// The variable of a condition; `nil` unless it has exactly one.
    var onlyVariable: String? {
        let names = variables
        return names.count == 1 ? names.first : nil
    }

    /// A letter R where a set must stand.
    fileprivate var asReals: AnswerTree { self == .variable("R") ? .variable("mathbb R") : self }

    var opposite: AnswerTree {
        if case .negative(let part) = self { part } else { .negative(self) }
    }

    /// The slope and the offset of an expression that is linear in a variable; `nil` when it is not.
    fileprivate func line(in name: String) -> (slope: AnswerTree, offset: AnswerTree)? {
        let zero = AnswerTree.number(.zero)
        guard hasVariables else { return isExpression ? (zero, self) : nil }
        switch self {
        case .variable(name): return (.number(.one), zero)
        case .negative(let part): return part.line(in: name).map { (.negative($0.slope), .negative($0.offset)) }
        case .sum(let parts):
            let lines = parts.compactMap { $0.line(in: name) }
            return lines.count == parts.count ? (.sum(lines.map(\.slope)), .sum(lines.map(\.offset))) : nil
        case .product(let parts):
            let constants = parts.filter { !$0.hasVariables }
            guard constants.count == parts.count - 1, constants.allSatisfy(\.isExpression),
                let line = parts.first(where: \.hasVariables)?.line(in: name)
            else { return nil }
            return (.product(constants + [line.slope]), .product(constants + [line.offset]))
        case .quotient(let top, let bottom):
            guard !bottom.hasVariables, bottom.isExpression, let line = top.line(in: name) else { return nil }
            return (.quotient(line.slope, bottom), .quotient(line.offset, bottom))
        default: return nil
        }
    }
}
