import Foundation

extension AnswerComparison {
    /// Points at which expressions with variables are compared, and how many must have a value on both sides.
    private static let points = 6
    private static let neededPoints = 3
    /// Number of points for expressions with roots, absolute values and the like: all combinations of three signs, twice.
    private static let branchPoints = 16
    /// Number of points for expressions with steps (floor), where differences are rare.
    private static let morePoints = 24
    /// Number of points after which expressions with fewer than three common values have none.
    private static let mostPoints = 64

    /// Whether two expressions have the same value at all tested values of their variables.
    ///
    /// Without variables the values are compared exactly, or by balls where they are irrational; the options' tolerances also
    /// apply. With variables, both must agree at every point where both have a real value; expressions with the imaginary unit,
    /// or without a common real value, are compared as complex functions.
    ///
    /// A logarithm without a base is natural or common, the same in both answers.
    mutating func isSameValue(_ gold: AnswerTree, _ prediction: AnswerTree) -> Bool {
        if agree(gold, prediction) { return true }
        guard gold.hasBareLogarithm || prediction.hasBareLogarithm else { return false }
        evaluator.commonLogarithms = true
        defer { evaluator.commonLogarithms = false }
        return agree(gold, prediction)
    }

    private mutating func agree(_ gold: AnswerTree, _ prediction: AnswerTree) -> Bool {
        guard gold.hasVariables || prediction.hasVariables else {
            if evaluator.areEqual(gold, prediction) == true { return true }
            guard options.hasTolerance || prediction.isLongDecimal else { return false }
            return isWithinTolerance(gold, prediction) || isPrinted(prediction, as: gold)
        }
        return everyPoint(gold, prediction) { comparison, hasEvidence in
            if hasEvidence { return comparison.evaluator.haveSameDigits(gold, prediction) }
            return comparison.evaluator.areEqual(gold, prediction)
        }
    }

    /// Whether a property holds at every point where it is defined, of at least three.
    ///
    /// The property is `nil` where it is not defined; it learns whether a point has it already, so that the first point can be
    /// looked at more closely, for tiny differences.
    private mutating func everyPoint(
        _ a: AnswerTree, _ b: AnswerTree, _ property: (inout Self, _ hasEvidence: Bool) -> Bool?
    ) -> Bool {
        let names = a.variables.union(b.variables)
        guard names.count <= 24 else { return false }
        let isComplex = a.hasImaginaryUnit || b.hasImaginaryUnit
        let isWhole = a.hasFactorial || b.hasFactorial
        let domains: [(kind: SamplePoint.Kind, isReal: Bool)] =
            if isComplex || isWhole {
                [(isWhole ? .wholeNumbers : .fractions, !isComplex)]
            } else {
                [(.fractions, true), (.wholeNumbers, true), (.fractions, false)]
            }
        let wanted =
            a.needsMorePoints || b.needsMorePoints
            ? Self.morePoints : a.hasBranches || b.hasBranches ? Self.branchPoints : Self.points
        defer { evaluator.isReal = false }
        for (kind, isReal) in domains {
            evaluator.isReal = isReal
            var agreeing = 0
            for index in 0..<(kind == .wholeNumbers ? SamplePoint.wholeNumbers : Self.mostPoints) {
                // Few common values ask for more points.
                if index >= wanted && agreeing >= Self.points { break }
                evaluator.point = SamplePoint(kind: kind, index: index, names: names.sorted())
                guard let holds = property(&self, agreeing > 0) else {
                    if evaluator.steps <= 0 { return false }
                    continue
                }
                if !holds { return false }
                agreeing += 1
            }
            if agreeing >= Self.neededPoints { return true }
        }
        return false
    }

    /// Whether a prediction is the printed double of a gold value that is no decimal itself: `0.0833333333333333` for `1/12`.
    ///
    /// 15 significant digits must be written and the first 14 right.
    private mutating func isPrinted(_ prediction: AnswerTree, as gold: AnswerTree) -> Bool {
        guard prediction.isLongDecimal, !gold.isNumeral, let distance = distance(gold, prediction) else { return false }
        return distance.isReal && distance.relative <= 1e-14
    }

    /// Whether a prediction is within the tolerance of the options.
    private mutating func isWithinTolerance(_ gold: AnswerTree, _ prediction: AnswerTree) -> Bool {
        guard options.hasTolerance, let distance = distance(gold, prediction) else { return false }
        var bound = options.absoluteTolerance ?? 0
        if let places = options.decimalPlaces { bound = max(bound, 0.5 * Foundation.pow(10, Double(-places))) }
        // A decimal bound such as 0.1 is no double: the gap may pass it by rounding.
        let slack = 1 + 1e-12
        return distance.absolute <= bound * slack
            || options.relativeTolerance.map { distance.relative <= $0 * slack } ?? false
    }

    /// The distance of two values, and the distance over the size of the first.
    mutating func distance(
        _ gold: AnswerTree, _ prediction: AnswerTree
    ) -> (absolute: Double, relative: Double, isReal: Bool)? {
        let precision = NumericValue.firstPrecision
        guard let a = evaluator.value(of: gold, precision: precision)?.ball(precision: precision),
            let b = evaluator.value(of: prediction, precision: precision)?.ball(precision: precision),
            let gap = (a + b.negated)?.absolute
        else { return nil }
        let relative = a.absolute?.reciprocal.flatMap { gap * $0 }?.real.double ?? .infinity
        return (gap.real.double, relative, a.isReal && b.isReal)
    }

    /// Whether one expression is a constant, non-zero multiple of the other, and the multiple's sign where it is real.
    mutating func commonFactor(_ a: AnswerTree, _ b: AnswerTree) -> FactorSign? {
        guard a.hasVariables, b.hasVariables, a.isExpression, b.isExpression else { return nil }
        let ratio = AnswerTree.quotient(a, b)
        var first: (point: SamplePoint, value: NumericValue)?
        let isMultiple = everyPoint(a, b) { comparison, hasEvidence in
            let precision = NumericValue.firstPrecision
            let point = comparison.evaluator.point
            guard let value = comparison.evaluator.value(of: ratio, precision: precision) else { return nil }
            guard !value.containsZero else { return false }
            guard let start = first else {
                first = (point, value)
                return true
            }
            if hasEvidence { return NumericValue.haveSameDigits(start.value, value, precision: precision) }
            return comparison.evaluator.decide(start.value, value, precision: precision) { evaluator, precision in
                evaluator.point = start.point
                let value = evaluator.value(of: ratio, precision: precision)
                evaluator.point = point
                return (value, evaluator.value(of: ratio, precision: precision))
            }
        }
        guard isMultiple, let value = first?.value else { return nil }
        guard value.isReal else { return .complex }
        return value.ball(precision: NumericValue.firstPrecision)?.real.isPositive == true ? .positive : .negative
    }

    enum FactorSign { case positive, negative, complex }
}

extension AnswerTree {
    fileprivate var hasImaginaryUnit: Bool { contains { $0 == .constant(.i) } }

    /// Whether it has a function that depends on a sign or has no value at some real numbers.
    fileprivate var hasBranches: Bool {
        contains {
            switch $0 {
            case .root, .function(.abs, _), .function(.sqrt, _), .function(.cbrt, _), .function(.ln, _),
                .function(.log, _),
                .function(.min, _), .function(.max, _), .function(.arcsin, _), .function(.arccos, _):
                true
            case .power(_, .number(let exponent)): !exponent.isInteger
            case .power(_, let exponent): !exponent.isNumeral
            default: false
            }
        }
    }
}
