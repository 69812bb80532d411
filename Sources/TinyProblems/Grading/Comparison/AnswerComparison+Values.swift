import Foundation

extension AnswerComparison {
    /// Points at which expressions with variables are compared, and how many must have a value on both sides.
    private static let points = 6
    private static let neededPoints = 3
    /// Number of points for expressions with steps (floor) or with few values (factorial), where differences are rare.
    private static let morePoints = 24

    /// Whether two expressions have the same value at all tested values of their variables.
    ///
    /// Without variables the values are compared exactly, or by their error bounds where they are irrational; the options'
    /// tolerances also apply. With variables, both must agree at every point where either has a value.
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
            guard let a = evaluator.value(of: gold), let b = evaluator.value(of: prediction) else { return false }
            return NumericValue.agree(a, b) || isWithinTolerance(a, b) || isPrinted(prediction, b, as: gold, a)
        }
        let names = gold.variables, others = prediction.variables
        guard names.count <= 24, others.count <= 24 else { return false }
        var agreeing = 0
        let points = gold.needsMorePoints || prediction.needsMorePoints ? Self.morePoints : Self.points
        for point in 0..<points {
            evaluator.point = point
            let a = evaluator.value(of: gold), b = evaluator.value(of: prediction)
            if a == nil && b == nil && evaluator.steps > 0 { continue }
            // A factorial has values on one side of zero only.
            if a == nil && gold.hasFactorial || b == nil && prediction.hasFactorial { continue }
            guard let a, let b, NumericValue.agree(a, b) else { return false }
            agreeing += 1
        }
        return agreeing >= Self.neededPoints
    }

    /// Whether a prediction is the printed double of a gold value that is no decimal itself: `0.0833333333333333` for `1/12`.
    ///
    /// 15 significant digits must be written and the first 14 right.
    private func isPrinted(_ text: AnswerTree, _ value: NumericValue, as gold: AnswerTree, _ goldValue: NumericValue)
        -> Bool
    {
        guard text.isLongDecimal, !gold.isNumeral, let a = goldValue.approximation, let b = value.approximation else {
            return false
        }
        return a.isReal && abs(a.real - b.real) <= 1e-14 * abs(a.real)
    }

    /// Whether a prediction is within the tolerance of the options.
    private func isWithinTolerance(_ gold: NumericValue, _ prediction: NumericValue) -> Bool {
        guard options.hasTolerance, let a = gold.approximation, let b = prediction.approximation else { return false }
        let gap = Foundation.hypot(a.real - b.real, a.imaginary - b.imaginary)
        var bound = options.absoluteTolerance ?? 0
        if let relative = options.relativeTolerance { bound = max(bound, relative * a.magnitude) }
        if let places = options.decimalPlaces { bound = max(bound, 0.5 * Foundation.pow(10, Double(-places))) }
        // A decimal bound such as 0.1 is no double: the gap may pass it by rounding.
        return gap <= bound * (1 + 1e-12) + a.error + b.error
    }

    /// Whether one expression is a constant, non-zero multiple of the other, and the multiple's sign where it is real.
    mutating func commonFactor(_ a: AnswerTree, _ b: AnswerTree) -> FactorSign? {
        guard a.hasVariables, b.hasVariables, a.isExpression, b.isExpression else { return nil }
        var first: NumericValue?
        var agreeing = 0
        for point in 0..<Self.points {
            evaluator.point = point
            guard let x = evaluator.value(of: a), let inverse = evaluator.value(of: b)?.reciprocal else { continue }
            guard !x.isZero, let ratio = x * inverse else { return nil }
            if let first, !NumericValue.agree(first, ratio) { return nil }
            first = first ?? ratio
            agreeing += 1
        }
        guard agreeing >= Self.neededPoints, let value = first?.approximation else { return nil }
        guard value.isReal else { return .complex }
        return value.real > 0 ? .positive : .negative
    }

    enum FactorSign { case positive, negative, complex }
}
