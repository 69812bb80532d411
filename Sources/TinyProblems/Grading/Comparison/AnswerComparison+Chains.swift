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
        let constants = sides.indices.filter { sides[$0].isConstant }
        guard let first = constants.first else { return true }
        for (index, next) in zip(constants, constants.dropFirst()) {
            let isRight =
                relations[index..<next].contains(.approximately)
                ? isApproximation(sides[next], of: sides[first], isRounded: false) : isEqual(sides[index], sides[next])
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
        guard let exact = sides.dropLast().first(where: \.isConstant) else { return last }
        return isApproximation(last, of: exact, isRounded: true) ? last : nil
    }

    /// Whether a value is another one rounded to the decimal places that it has, or, unless `isRounded`, anywhere near it.
    ///
    /// Not rounded it may also differ by half a unit of its last digit that is not 0 (1400 ≈ 1000), or have another unit.
    private mutating func isApproximation(_ value: AnswerTree, of exact: AnswerTree, isRounded: Bool) -> Bool {
        let (core, measure) = value.peeled, (exactCore, exactMeasure) = exact.peeled
        guard core.isExpression, exactCore.isExpression else {
            let parts = value.children, exactParts = exact.children
            guard !parts.isEmpty, parts.count == exactParts.count else { return value == exact }
            for (part, exactPart) in zip(parts, exactParts)
            where !isApproximation(part, of: exactPart, isRounded: isRounded) { return false }
            return true
        }
        var candidates = [exactCore]
        switch (measure, exactMeasure) {
        case (.percent?, nil): candidates.append(.product([exactCore, .number(Rational(100))]))
        case (nil, .percent?): candidates.append(.quotient(exactCore, .number(Rational(100))))
        case (.degrees?, nil):
            candidates.append(.product([exactCore, .quotient(.number(Rational(180)), .constant(.pi))]))
        case (let measure?, let exactMeasure?) where !exactMeasure.isCompatible(with: measure): return !isRounded
        default: break
        }
        let place = core.lastDecimalPlace
        for candidate in candidates {
            guard let distance = distance(candidate, core) else { continue }
            let unit = place.map { pow(10, -Double(isRounded ? max($0, 0) : $0)) } ?? 0
            // A decimal bound such as 0.005 is no double.
            if distance.absolute <= 0.5 * unit * (1 + 1e-12) { return true }
            if !isRounded && distance.relative <= Self.roughness { return true }
        }
        return false
    }
}

extension AnswerTree {
    /// The place of the last digit of a numeral that is not 0; `nil` for anything else.
    fileprivate var lastDecimalPlace: Int? {
        switch self {
        case .number(let value): value.lastDecimalPlace
        case .negative(let part): part.lastDecimalPlace
        default: nil
        }
    }
}
