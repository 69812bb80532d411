extension AnswerComparison {
    /// Compares answers of which one is an equation, an inequality or a membership; `nil` when neither is.
    mutating func compareRelations(_ gold: AnswerTree, _ prediction: AnswerTree) -> Bool? {
        guard gold.isRelation || prediction.isRelation else { return nil }
        if case .membership(_, let set) = gold, case .membership(_, let other) = prediction {
            return isEqual(set, other)
        }
        if case .membership(_, let set) = gold { return isEqual(set, prediction) }
        if case .membership(_, let set) = prediction { return isEqual(gold, set) }
        if let verdict = compareLabelled(gold, prediction), verdict { return true }
        if case .relation(let a, let relations) = gold, case .relation(let b, let others) = prediction {
            if isSameRelation(a, relations, b, others) { return true }
        }
        // Both as sets of numbers: `x > 5` and `(5, ∞)`.
        if let verdict = compareIntervals(gold, prediction) { return verdict }
        switch (gold.isRelation, prediction.isRelation) {
        case (false, true):
            if let value = concluded(prediction, for: gold), isEqual(gold, value) { return true }
            guard gold.isNumeral, let value = rounded(prediction) else { return false }
            return isEqual(gold, value)
        case (true, false): return resolved(gold).map { isEqual($0, prediction) } ?? false
        default: return false
        }
    }

    /// Compares answers with names, such as `x = 5`. Different names are different answers, except `y` and `f(x)`, and words.
    private mutating func compareLabelled(_ gold: AnswerTree, _ prediction: AnswerTree) -> Bool? {
        guard let a = gold.labelled, let b = prediction.labelled else { return nil }
        return a.label.isCompatibleLabel(with: b.label) && isEqual(a.value, b.value)
    }

    /// The value that a gold relation names; `nil` when it is an equation.
    private mutating func resolved(_ tree: AnswerTree) -> AnswerTree? {
        guard case .relation(let sides, let relations) = tree else { return nil }
        if let labelled = tree.labelled {
            let chain = Array(sides.dropFirst())
            return sides.count == 2 || isConsistent(chain, Array(relations.dropFirst())) ? labelled.value : nil
        }
        // A calculation such as `10^3 = 1000`: its value, if it is right.
        guard !sides[0].hasVariables, isConsistent(sides, relations) else { return nil }
        return relations.firstIndex(of: .approximately).map { sides[$0] } ?? sides.last
    }

    /// The value at which a predicted chain of equations ends, where the gold answer is a value: `293` of
    /// `m+n = 256+37 = 293`; `nil` where it names none.
    ///
    /// The left side is free. A value with variables of its own needs a left side that is a name or has other variables:
    /// `a+b = 2c`.
    private mutating func concluded(_ prediction: AnswerTree, for gold: AnswerTree) -> AnswerTree? {
        guard case .relation(let sides, let relations) = prediction,
            relations.allSatisfy({ $0 == .equal || $0 == .approximately })
        else { return nil }
        var chain = sides
        // `x = 22/7 ≈ 3.14`: the side before the sign of approximation.
        if let index = relations.firstIndex(of: .approximately),
            index > 0 || !sides[0].hasVariables && !sides[0].isLabel
        {
            chain = Array(sides[...index])
        }
        let constants = chain.filter(\.isConstant)
        if let labelled = prediction.labelled {
            // `A = πr² ≈ 78.5` names the number.
            let isFormula = labelled.value.hasVariables && !gold.hasVariables && relations.contains(.approximately)
            return isFormula ? nil : labelled.value
        }
        guard let first = chain.first, let last = chain.last else { return nil }
        if !last.hasVariables { return last }
        if !gold.hasVariables { return constants.count == 1 && chain.count == 2 && !first.hasVariables ? first : nil }
        return first.hasVariables && first.variables.isDisjoint(with: last.variables) ? last : nil
    }

    /// Whether all sides of a chain have the same value; sides after `≈` are ignored.
    private mutating func isConsistent(_ sides: [AnswerTree], _ relations: [Relation]) -> Bool {
        for (index, relation) in relations.enumerated() {
            if relation == .approximately { return true }
            guard relation == .equal, isEqual(sides[index], sides[index + 1]) else { return false }
        }
        return true
    }

    /// Whether two relations are equivalent: side by side, mirrored, or as multiples of each other.
    private mutating func isSameRelation(
        _ a: [AnswerTree], _ relations: [Relation], _ b: [AnswerTree], _ others: [Relation]
    ) -> Bool {
        guard a.count == b.count else { return false }
        if relations == others, inOrder(a, b) { return true }
        if relations == others.reversed().map(\.swapped), inOrder(a, b.reversed()) { return true }
        guard a.count == 2, a.allSatisfy(\.isExpression), b.allSatisfy(\.isExpression) else { return false }
        let left = AnswerTree.sum([a[0], .negative(a[1])]), right = AnswerTree.sum([b[0], .negative(b[1])])
        guard let factor = commonFactor(left, right) else { return false }
        guard relations[0].isOrder else { return relations == others }
        switch factor {
        case .positive: return relations == others
        case .negative: return relations[0] == others[0].swapped
        case .complex: return false
        }
    }
}

extension AnswerTree {
    var isRelation: Bool {
        switch self {
        case .relation, .membership: true
        default: false
        }
    }

    /// The name and the value of `x = 5`, `5 = x`, `f(x) = 2x`, `|AB| = 3`, `(p, q) = (1, 2)`; `nil` without a name.
    var labelled: (label: AnswerTree, value: AnswerTree)? {
        guard case .relation(let sides, let relations) = self, let first = sides.first, let last = sides.last,
            relations.allSatisfy({ $0 == .equal || $0 == .approximately })
        else { return nil }
        if case .text = last { return nil }
        if first.isLabel {
            // `x = 22/7 ≈ 3.14`: the side before the sign of approximation, unless that is the name.
            guard let index = relations.firstIndex(of: .approximately), index > 0 else { return (first, last) }
            return (first, sides[index])
        }
        return sides.count == 2 && last.isLabel ? (last, first) : nil
    }

    /// Whether it can be the name of a value: letters, `AB`, `|AB|`, `A:B`, `(p, q)`, words.
    fileprivate var isLabel: Bool {
        switch self {
        case .variable, .text: true
        case .product(let parts): parts.count <= 4 && parts.allSatisfy(\.isCapital) || parts[0].isDerivative
        case .function(.abs, let parts): parts.allSatisfy(\.isLabel)
        case .ratio(let parts, _): parts.allSatisfy(\.isLabel)
        case .bracketed(let parts, false, false): parts.allSatisfy(\.isLabel)
        default: false
        }
    }

    /// A point of geometry, a word, or the `m` of a measure.
    private var isCapital: Bool {
        switch self {
        case .variable(let name): name == "m" || name.first?.isUppercase == true
        case .text: true
        default: false
        }
    }

    private var isDerivative: Bool {
        if case .variable(let name) = self { name.hasPrefix("derivative ") } else { false }
    }

    /// Whether it is a side of a calculation whose value is known.
    var isConstant: Bool { !hasVariables && !isLabel }

    fileprivate func isCompatibleLabel(with other: AnswerTree) -> Bool {
        if self == other { return true }
        switch (self, other) {
        case (.text, _), (_, .text): return true
        case (.variable("y"), .variable(let name)), (.variable(let name), .variable("y")): return name.contains("open")
        default: return false
        }
    }
}
