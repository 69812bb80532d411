/// Decides whether two parsed answers are equivalent. Mutable for its budget of steps only.
struct AnswerComparison {
    /// Longer lists are compared in order only.
    static let maximumUnordered = 48

    let options: GradingOptions
    var evaluator = ExpressionEvaluator()

    init(options: GradingOptions) {
        self.options = options
    }

    /// Whether a predicted answer is equivalent to the gold answer. Not symmetric for percent signs and tolerances.
    mutating func isEqual(_ gold: AnswerTree, _ prediction: AnswerTree) -> Bool {
        if gold == prediction { return true }
        guard evaluator.steps > 0 else { return false }
        if let verdict = compareMeasures(gold, prediction) { return verdict }
        if let verdict = compareRealSets(gold, prediction) { return verdict }
        if let verdict = compareRelations(gold, prediction) { return verdict }
        if let verdict = compareLists(gold, prediction) { return verdict }
        if let verdict = compareIntervals(gold, prediction) { return verdict }
        if let verdict = compareMatrices(gold, prediction) { return verdict }
        return compareItems(gold, prediction)
    }

    // MARK: Units and percent

    /// Compares answers without their percent signs, degree signs and units; `nil` when neither answer has any.
    private mutating func compareMeasures(_ gold: AnswerTree, _ prediction: AnswerTree) -> Bool? {
        let (goldCore, goldMeasure) = gold.peeled
        let (core, measure) = prediction.peeled
        if goldMeasure == nil && measure == nil { return nil }
        if let goldMeasure, let measure, !goldMeasure.isCompatible(with: measure) { return false }
        if isEqual(goldCore, core) { return true }
        guard (goldMeasure == .percent) != (measure == .percent), goldCore.isExpression, core.isExpression else {
            return false
        }
        let hundred = AnswerTree.number(Rational(100))
        return goldMeasure == .percent
            ? isEqual(.quotient(goldCore, hundred), core) : isEqual(goldCore, .quotient(core, hundred))
    }

    // MARK: Lists and sets

    private mutating func compareLists(_ gold: AnswerTree, _ prediction: AnswerTree) -> Bool? {
        guard gold.isCollection || prediction.isCollection else { return nil }
        // `x = 5, y = 2` is the pair (5, 2).
        if case .bracketed(let pair, false, false) = gold, let values = prediction.labelledValues {
            return inOrder(pair, values)
        }
        if case .bracketed(let pair, false, false) = prediction, let values = gold.labelledValues {
            return inOrder(values, pair)
        }
        // `x = 5, y = 2` and the list 5, 2.
        if let values = gold.labelledValues, prediction.hasNoLabels { return inOrder(values, prediction.elements) }
        if let values = prediction.labelledValues, gold.hasNoLabels { return inOrder(gold.elements, values) }
        // A tuple without its brackets, a list within brackets: in order. `[1, 2]` is an interval.
        switch (gold, prediction) {
        case (.bracketed(let parts, let opens, let closes), .list) where opens == closes && (!opens || parts.count > 2):
            return inOrder(parts, prediction.elements)
        case (.list, .bracketed(let parts, let opens, let closes)) where opens == closes && (!opens || parts.count > 2):
            return inOrder(gold.elements, parts)
        default: return unordered(gold.elements, prediction.elements)
        }
    }

    mutating func inOrder(_ gold: [AnswerTree], _ prediction: [AnswerTree]) -> Bool {
        guard gold.count == prediction.count else { return false }
        for (a, b) in zip(gold, prediction) where !isEqual(a, b) { return false }
        return true
    }

    private mutating func unordered(_ gold: [AnswerTree], _ prediction: [AnswerTree]) -> Bool {
        guard gold.count == prediction.count else { return false }
        let areWords = gold.contains { if case .text = $0 { true } else { false } }
        guard gold.count <= Self.maximumUnordered, !areWords else { return inOrder(gold, prediction) }
        return inAnyOrder(gold, prediction) { $0.isEqual($1, $2) }
    }

    /// Whether each element of `gold` has an element of `prediction` of its own that is the same.
    mutating func inAnyOrder<Element>(
        _ gold: [Element], _ prediction: [Element], isSame: (inout Self, Element, Element) -> Bool
    ) -> Bool {
        var rest = prediction
        for element in gold {
            guard let found = rest.firstIndex(where: { isSame(&self, element, $0) }) else { return false }
            rest.remove(at: found)
        }
        return true
    }

    // MARK: Single items

    private mutating func compareItems(_ gold: AnswerTree, _ prediction: AnswerTree) -> Bool {
        switch (gold, prediction) {
        case (.text(let a), .text(let b)): return TextAnswer(a) == TextAnswer(b)
        case (.ratio(let a, let isTime), .ratio(let b, _)):
            return inOrder(a, b) || !isTime && AnswerTree.areProportional(a, b)
        case (.ratio(_, isTime: true), _): return false
        case (.ratio(let parts, _), _):
            guard let quotient = AnswerTree.quotient(of: parts) else { return false }
            return prediction.isExpression && isSameValue(quotient, prediction)
        case (_, .ratio(let parts, _)):
            guard let quotient = AnswerTree.quotient(of: parts) else { return false }
            return gold.isExpression && isSameValue(gold, quotient)
        case (.difference(let a, let b), .difference(let c, let d)): return inOrder([a, b], [c, d])
        case (.intersection(let a), .intersection(let b)): return unordered(a, b)
        case (.bracketed(let a, let opensA, let closesA), .bracketed(let b, let opensB, let closesB)):
            return opensA == opensB && closesA == closesB && inOrder(a, b)
        case (.based(let digits, let base), _): return compareBased(digits, base, prediction)
        case (_, .based(let digits, let base)): return compareBased(digits, base, gold)
        default:
            if let a = gold.infiniteSign, let b = prediction.infiniteSign { return a == b }
            return gold.isExpression && prediction.isExpression && isSameValue(gold, prediction)
        }
    }

    /// Numerals with a base agree digit by digit; the digits alone are the same answer with the base left out.
    private func compareBased(_ digits: String, _ base: Int, _ other: AnswerTree) -> Bool {
        switch other {
        case .based(let otherDigits, let otherBase): digits == otherDigits && base == otherBase
        case .number(let value): Rational(digits: digits) == value
        default: false
        }
    }
}

/// The unit of a number, or its percent or degree sign.
enum Measure: Equatable {
    case percent
    case degrees
    case unit(Unit)

    func isCompatible(with other: Measure) -> Bool {
        switch (self, other) {
        case (.unit(let a), .unit(let b)): a.isCompatible(with: b)
        case (.unit(let unit), .degrees), (.degrees, .unit(let unit)):
            unit.isTemperature || unit.isCompatible(with: Unit("degrees"))
        default: self == other
        }
    }
}

extension AnswerTree {
    /// The answer without its percent sign, degree sign or unit, and which it had.
    var peeled: (core: AnswerTree, measure: Measure?) {
        switch self {
        case .percent(let core): return (core, .percent)
        case .degrees(let core): return (core, .degrees)
        case .quantity(let core, let unit):
            let (inner, measure) = core.peeled
            return (inner, measure == nil || measure == .degrees ? .unit(unit) : measure)
        case .negative(let part):
            let (inner, measure) = part.peeled
            return (.negative(inner), measure)
        default: return (self, nil)
        }
    }

    /// The fraction m/n that a ratio m:n of two whole numbers is, too; `nil` for any other ratio.
    fileprivate static func quotient(of ratio: [AnswerTree]) -> AnswerTree? {
        guard ratio.count == 2, let numbers = wholeNumbers(ratio) else { return nil }
        return (numbers[0] / numbers[1]).map(AnswerTree.number)
    }

    /// Whether two ratios of whole numbers are the same but for a common factor: 6:8:10 and 3:4:5.
    fileprivate static func areProportional(_ a: [AnswerTree], _ b: [AnswerTree]) -> Bool {
        guard a.count == b.count, let a = wholeNumbers(a), let b = wholeNumbers(b) else { return false }
        return zip(a, b).allSatisfy { part, other in (part / a[0]).map { $0 == other / b[0] } ?? false }
    }

    /// The values of plain positive whole numbers; `nil` where one is none.
    private static func wholeNumbers(_ parts: [AnswerTree]) -> [Rational]? {
        let numbers = parts.compactMap { part -> Rational? in
            if case .number(let value) = part, value.isInteger, value != .zero { value } else { nil }
        }
        return numbers.count == parts.count ? numbers : nil
    }

    fileprivate var isCollection: Bool {
        switch self {
        case .list, .set: true
        default: hasPlusMinus
        }
    }

    /// The elements of a list or set, every `±` expanded to two.
    var elements: [AnswerTree] {
        switch self {
        case .list(let parts), .set(let parts):
            let elements = parts.flatMap { if case .set = $0 { [$0] } else { $0.elements } }
            // A set has each element once.
            if case .list = self { return elements }
            return elements.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        default: return hasPlusMinus ? [choosing(minus: false), choosing(minus: true)] : [self]
        }
    }

    /// The values of `x = 5, y = 2`, where every item has a name of its own.
    fileprivate var labelledValues: [AnswerTree]? {
        guard case .list(let parts) = self else { return nil }
        let named = parts.compactMap(\.labelled)
        guard named.count == parts.count, Set(named.map(\.label)).count == named.count else { return nil }
        // `x_1 = 5, x_2 = 2` are the solutions of one equation, in any order.
        let bases = named.map { part -> String in
            if case .variable(let name) = part.label { String(name.prefix { $0 != "_" }) } else { "" }
        }
        if named.allSatisfy({ if case .variable(let name) = $0.label { name.contains("_") } else { false } }),
            Set(bases).count == 1
        {
            return nil
        }
        return named.map(\.value)
    }

    /// Whether it is a list none of whose items has a name.
    fileprivate var hasNoLabels: Bool {
        if case .list(let parts) = self { parts.allSatisfy { $0.labelled == nil } } else { false }
    }

    /// 1 or -1 for a signed infinity.
    var infiniteSign: Int? {
        switch self {
        case .infinity: 1
        case .negative(let part): part.infiniteSign.map { -$0 }
        default: nil
        }
    }
}
