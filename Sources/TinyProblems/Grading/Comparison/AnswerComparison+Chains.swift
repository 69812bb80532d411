import Foundation

/// Calculations inside a prediction: the sides of `x = 22/7 ≈ 3.14` must have the value that they say.
extension AnswerComparison {
    /// How far a value behind `≈` may be from the one before it, relative to that: π ≈ 3.
    private static let roughness = 0.05

    /// Whether all equations in a prediction agree with themselves: sides without variables are equal, and those behind `≈`
    /// are near the first.
    ///
    /// What is false is no answer: `3 ≈ 5` and `x = 3 = 5` would be right for two golds.
    mutating func holds(_ prediction: AnswerTree) -> Bool {
        if case .relation(let sides, let relations) = prediction, !isRight(sides, relations) { return false }
        for child in prediction.children where !holds(child) { return false }
        return true
    }

    private mutating func isRight(_ sides: [AnswerTree], _ relations: [Relation]) -> Bool {
        guard relations.allSatisfy({ $0 == .equal || $0 == .approximately }) else { return true }
        // `e = 1/2` names an eccentricity, `i = 3` a current.
        let constants = sides.indices.filter { sides[$0].isConstant && !($0 == 0 && sides[0].isNameOfConstant) }
        guard let first = constants.first else { return true }
        for (index, next) in zip(constants, constants.dropFirst()) {
            let isRight =
                relations[index..<next].contains(.approximately)
                ? isApproximation(sides[next], of: sides[first], isRounded: false)
                : isEqual(sides[index], sides[next])
                    // `17/6 = 2.83 ≈ 3`
                    || relations.contains(.approximately) && sides[next].isDecimal
                        && isApproximation(sides[next], of: sides[first], isRounded: true)
            guard isRight else { return false }
        }
        return true
    }

    /// The value behind the sign of approximation at the end of a chain: the only known one, or the first, rounded to the
    /// places that it has; `nil` without one.
    mutating func rounded(_ prediction: AnswerTree) -> AnswerTree? {
        guard case .relation(let sides, let relations) = prediction, relations.last == .approximately,
            let last = sides.last
        else { return nil }
        let isName = sides[0] == .constant(.e) || sides[0] == .constant(.i)
        guard let exact = sides.dropLast().dropFirst(isName ? 1 : 0).first(where: \.isConstant) else { return last }
        return isApproximation(last, of: exact, isRounded: true) ? last : nil
    }

    /// Whether a value is another one rounded to the decimal places that it has, or, unless `isRounded`, anywhere near it.
    ///
    /// Not rounded it may also differ by half a unit of its last digit that is not 0 (1400 ≈ 1000), or have another unit.
    private mutating func isApproximation(_ value: AnswerTree, of exact: AnswerTree, isRounded: Bool) -> Bool {
        let (written, measure) = value.peeled, (exactWritten, exactMeasure) = exact.peeled
        let core = written.withoutMeasures, exactCore = exactWritten.withoutMeasures
        guard core.isExpression, exactCore.isExpression else {
            let parts = value.children, exactParts = exact.children
            guard !parts.isEmpty, parts.count == exactParts.count else { return value == exact }
            for (part, exactPart) in zip(parts, exactParts)
            where !isApproximation(part, of: exactPart, isRounded: isRounded) { return false }
            return true
        }
        guard let readings = exactCore.readings(in: measure, from: exactMeasure) else { return !isRounded }
        let unit = core.lastDecimalPlace.map { pow(10, -Double(isRounded ? max($0, 0) : $0)) } ?? 0
        var isKnown = false
        for reading in readings {
            for distance in distances(from: reading, to: core) {
                isKnown = true
                // A decimal bound such as 0.005 is no double.
                if distance.absolute <= 0.5 * unit * (1 + 1e-12) { return true }
                if !isRounded && distance.relative <= Self.roughness { return true }
            }
        }
        // What has no value here is not false.
        return !isKnown && !isRounded
    }

    /// The distances of two values, one for each meaning of a logarithm without a base; without those that have no value.
    private mutating func distances(
        from exact: AnswerTree, to value: AnswerTree
    ) -> [(absolute: Double, relative: Double, isReal: Bool)] {
        defer { evaluator.commonLogarithms = false }
        return (exact.hasBareLogarithm ? [false, true] : [false]).compactMap { isCommon in
            evaluator.commonLogarithms = isCommon
            return distance(exact, value)
        }
    }
}

extension AnswerTree {
    /// What a value may be, written with another measure: in per cent, in degrees, without its sign; `nil` where the measures
    /// are of different kinds.
    fileprivate func readings(in measure: Measure?, from own: Measure?) -> [AnswerTree]? {
        let hundred = AnswerTree.number(Rational(100)), halfTurn = AnswerTree.number(Rational(180))
        var readings = [self]
        switch (measure, own) {
        case (.percent?, nil): readings.append(.product([self, hundred]))
        case (nil, .percent?): readings.append(.quotient(self, hundred))
        case (.degrees?, nil): readings.append(.product([self, .quotient(halfTurn, .constant(.pi))]))
        case (nil, .degrees?): readings.append(.product([self, .quotient(.constant(.pi), halfTurn)]))
        case (let measure?, let own?) where !own.isCompatible(with: measure): return nil
        default: break
        }
        return readings + readings.filter(\.hasAnglesWithoutSign).map(\.withAnglesInDegrees)
    }

    /// Whether it is a letter that stands for a number, and may as well be the name of another one.
    fileprivate var isNameOfConstant: Bool { if case .constant = self { true } else { false } }

    /// Whether it is a numeral with digits behind the point.
    fileprivate var isDecimal: Bool { lastDecimalPlace.map { $0 > 0 } ?? false }

    /// Whether it has `sin 30` or the like, where 30 may be degrees.
    fileprivate var hasAnglesWithoutSign: Bool { contains { $0.angleWithoutSign != nil } }

    /// The expression with `sin 30` read as that of 30 degrees.
    fileprivate var withAnglesInDegrees: AnswerTree {
        replacing { part in part.angleWithoutSign.map { .function($0.function, [.degrees($0.angle)]) } }
    }

    private var angleWithoutSign: (function: MathFunction, angle: AnswerTree)? {
        guard case .function(let function, let arguments) = self, [.sin, .cos, .tan].contains(function),
            arguments.count == 1, arguments[0].isNumeral
        else { return nil }
        return (function, arguments[0])
    }

    /// The place of the last digit of a numeral that is not 0; `nil` for anything else.
    fileprivate var lastDecimalPlace: Int? {
        switch self {
        case .number(let value): value.lastDecimalPlace
        case .negative(let part): part.lastDecimalPlace
        default: nil
        }
    }
}
