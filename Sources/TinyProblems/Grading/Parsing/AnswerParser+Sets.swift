/// Sets of numbers: operations, set-builder notation, and conditions such as `x < 2 or x > 3`.
///
/// ```
/// side       = meet { "∪" meet } { "∖" meet }
/// meet       = ratio { "∩" ratio }
/// builder    = "{" name ["∈" side] ("|" | ":") conditions "}"
/// conditions = item { ("," | and | or) item }
/// ```
extension AnswerParser {
    /// Sides of relations: numbers, or sets with operations between them. A union behind a difference has no certain meaning.
    mutating func side(_ part: (inout Self) -> AnswerTree? = { $0.ratio() }) -> AnswerTree? {
        func meet(_ parser: inout Self) -> AnswerTree? {
            parser.joined(by: .intersection, as: AnswerTree.intersection, part: part)
        }
        guard var tree = joined(by: .union, as: AnswerTree.union, part: meet) else { return nil }
        while take(.symbol(.difference)) {
            guard let excluded = meet(&self), next != .symbol(.union) else { return nil }
            tree = .difference(tree, excluded)
        }
        return tree
    }

    /// `ℝ - {2}` as a difference of sets; other sums as they are.
    static func difference(_ terms: [AnswerTree]) -> AnswerTree? {
        guard terms.count == 2, case .negative(let excluded) = terms[1] else { return nil }
        switch (terms[0], excluded) {
        case (.variable(let name), .set), (.variable(let name), .bracketed), (.variable(let name), .list),
            (.variable(let name), .number):
            return name.hasPrefix("mathbb ") ? .difference(terms[0], excluded) : nil
        case (.bracketed, .set): return .difference(terms[0], excluded)
        default: return nil
        }
    }

    // MARK: Conditions

    private enum Connective { case comma, and, or }

    /// Several conditions on one number, or several intervals; `nil` for anything else.
    static func conditions(_ tokens: [AnswerToken]) -> AnswerTree? {
        let isCandidate = tokens.contains {
            switch $0.kind {
            case .symbol(.comma), .symbol(.and), .symbol(.or): true
            default: false
            }
        }
        guard isCandidate else { return nil }
        var parser = AnswerParser(tokens: tokens)
        guard let (items, connectives) = parser.conditionItems(), parser.isAtEnd, items.count > 1 else { return nil }
        return combined(items, connectives)
    }

    private mutating func conditionItems() -> (items: [AnswerTree], connectives: [Connective])? {
        var items: [AnswerTree] = [], connectives: [Connective] = []
        while true {
            guard let item = nested({ $0.item() }) else { return nil }
            items.append(item)
            guard let connective = connective(), !isAtEnd else { return (items, connectives) }
            connectives.append(connective)
        }
    }

    /// Takes the separators ahead: a comma before `or` is an `or`.
    private mutating func connective() -> Connective? {
        var result: Connective?
        while true {
            switch next {
            case .symbol(.comma)?: result = result ?? .comma
            case .symbol(.and)?: result = .and
            case .symbol(.or)?: result = .or
            default: return result
            }
            position += 1
        }
    }

    private static func combined(_ items: [AnswerTree], _ connectives: [Connective]) -> AnswerTree? {
        var items = items, connectives = connectives
        // `x ≠ 2, 3`
        for index in items.indices.dropFirst() {
            guard case .relation(let sides, [.notEqual]) = items[index - 1], !items[index].hasVariables,
                items[index].isExpression || items[index].hasPlusMinus, sides[0].hasVariables
            else { continue }
            items[index] = .relation([sides[0], items[index]], [.notEqual])
            connectives[index - 1] = .and
        }
        let names = items.reduce(into: Set<String>()) { $0.formUnion($1.variables) }
            .filter { !$0.hasPrefix("mathbb ") && $0 != "R" }
        guard names.count <= 1, items.allSatisfy(\.isCondition), items.contains(where: \.isCertainlySet) else {
            return nil
        }
        // A comma beside `x ≠ 2` or `x ∈ ℝ` means "and", whatever is behind it.
        var segments: [(items: [AnswerTree], connectives: [Connective])] = [([items[0]], [])]
        for (index, connective) in connectives.enumerated() {
            let isOuter = connective == .comma && (items[index].isRestriction || items[index + 1].isRestriction)
            if isOuter {
                segments.append(([items[index + 1]], []))
            } else {
                segments[segments.count - 1].items.append(items[index + 1])
                segments[segments.count - 1].connectives.append(connective)
            }
        }
        let trees = segments.compactMap { segment($0.items, $0.connectives) }
        guard trees.count == segments.count else { return nil }
        return trees.count == 1 ? trees[0] : .intersection(trees)
    }

    private static func segment(_ items: [AnswerTree], _ connectives: [Connective]) -> AnswerTree? {
        if items.count == 1 { return items[0] }
        // `A, B or C` is a list in English; `A or B, C` is not.
        if connectives.contains(.comma), connectives.last == .comma, connectives.contains(where: { $0 != .comma }) {
            return nil
        }
        guard connectives.contains(.or) else {
            // Intervals with "and" between them are parts of a list.
            let holdTogether = connectives.contains(.and) && items.allSatisfy(\.isRelation)
            return holdTogether ? .intersection(items) : .list(items)
        }
        var alternatives = [[items[0]]]
        for (index, connective) in connectives.enumerated() {
            if connective == .and {
                alternatives[alternatives.count - 1].append(items[index + 1])
            } else {
                alternatives.append([items[index + 1]])
            }
        }
        // `x ≠ 1 or x ≠ 2` is every number; what it is meant to be is not certain.
        guard !alternatives.contains(where: { $0.allSatisfy(\.isRestriction) }) else { return nil }
        return .union(alternatives.map { $0.count == 1 ? $0[0] : .intersection($0) })
    }

    // MARK: Set-builder notation

    /// `x | x > 2}` and `x ∈ ℝ : x ≠ 2}`, behind the opening brace; `nil`, with nothing taken, where there is something else.
    mutating func setBuilder() -> AnswerTree? {
        let start = position
        guard trials > 0, case .name? = next else { return nil }
        if let set = builder() { return set }
        if position > start + 1 { trials -= 1 }
        position = start
        return nil
    }

    private mutating func builder() -> AnswerTree? {
        guard case .name(let name)? = next else { return nil }
        position += 1
        let variable = AnswerTree.variable(name)
        var domain: AnswerTree?
        if take(.symbol(.element)) {
            let bars = openBars
            openBars = 1  // a bar ahead ends the domain
            defer { openBars = bars }
            guard let set = side({ $0.sum() }) else { return nil }
            domain = .membership(variable, set)
        }
        guard takeSuchThat() else { return nil }
        openBars = 0
        guard let (items, connectives) = conditionItems(), case .close(let closing)? = next,
            closing == .curly || closing == .group,
            let condition = items.count == 1 ? items[0] : Self.combined(items, connectives),
            condition.isRelation || condition.isCertainlySet, condition.variables.contains(name)
        else { return nil }
        position += 1
        return domain.map { .intersection([$0, condition]) } ?? condition
    }

    private mutating func takeSuchThat() -> Bool {
        switch next {
        case .symbol(.bar)?, .symbol(.colon)?, .symbol(.suchThat)?, .text("such that")?, .text("s.t.")?:
            position += 1
            return true
        default: return false
        }
    }

    // MARK: Sets of numbers by name

    /// `ℝ^+`, `ℝ_{>0}`, `ℤ^+` behind the letter; `nil`, with nothing taken, without such a mark.
    mutating func numberSet(_ name: String) -> AnswerTree? {
        guard name.hasPrefix("mathbb "), next == .symbol(.power) || next == .symbol(.lower) else { return nil }
        let isGroup = kind(1) == .open(.group)
        let mark = isGroup ? 2 : 1
        var length = mark + 1
        let relation: Relation
        var bound = AnswerTree.number(.zero)
        switch kind(mark) {
        case .symbol(.plus)?: relation = .greater
        case .symbol(.minus)?: relation = .less
        case .symbol(.times)?: relation = .notEqual
        case .relation(let found)?:
            guard case .number(let numeral)? = kind(mark + 1), found.isOrder || found == .notEqual else { return nil }
            relation = found
            bound = .number(numeral.value)
            length += 1
        default: return nil
        }
        guard !isGroup || kind(length) == .close(.group) else { return nil }
        position += isGroup ? length + 1 : length
        guard name == "mathbb R" else { return .variable(name + " \(relation) \(bound)") }
        let isAbove = relation == .greater || relation == .greaterOrEqual
        if relation == .notEqual { return .difference(.variable(name), .set([bound])) }
        return .bracketed(
            isAbove ? [bound, .infinity] : [.negative(.infinity), bound], opensClosed: relation == .greaterOrEqual,
            closesClosed: relation == .lessOrEqual)
    }
}

extension AnswerTree {
    /// Whether it can be one of several conditions on a number, or one of several intervals.
    fileprivate var isCondition: Bool {
        switch self {
        case .relation(_, let relations): !relations.contains(.approximately)
        case .bracketed(let ends, _, _): ends.count == 2
        case .membership, .set: true
        default: isCertainlySet
        }
    }
}
