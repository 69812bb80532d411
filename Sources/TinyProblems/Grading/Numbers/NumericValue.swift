/// The value of an expression: exact for fractions and their integer powers, else approximate with an error bound.
enum NumericValue: Sendable {
    case exact(Rational)
    case approximate(Approximation)

    /// The value as doubles; `nil` past their range.
    var approximation: Approximation? {
        switch self {
        case .exact(let value): Approximation(value)
        case .approximate(let value): value
        }
    }

    var rational: Rational? {
        if case .exact(let value) = self { value } else { nil }
    }

    var isZero: Bool {
        switch self {
        case .exact(let value): value.isZero
        case .approximate(let value): value.magnitude <= value.error
        }
    }

    var negated: NumericValue {
        switch self {
        case .exact(let value): .exact(value.negated)
        case .approximate(let value): .approximate(value.negated)
        }
    }

    static func + (a: NumericValue, b: NumericValue) -> NumericValue? {
        if let a = a.rational, let b = b.rational, let sum = a + b { return .exact(sum) }
        guard let a = a.approximation, let b = b.approximation else { return nil }
        return (a + b).map(NumericValue.approximate)
    }

    static func * (a: NumericValue, b: NumericValue) -> NumericValue? {
        if let a = a.rational, let b = b.rational, let product = a * b { return .exact(product) }
        guard let a = a.approximation, let b = b.approximation else { return nil }
        return (a * b).map(NumericValue.approximate)
    }

    var reciprocal: NumericValue? {
        switch self {
        case .exact(let value): value.isZero ? nil : (Rational.one / value).map(NumericValue.exact)
        case .approximate(let value): value.reciprocal.map(NumericValue.approximate)
        }
    }

    /// `self` to a power.
    ///
    /// A negative real base with an exponent that is a fixed fraction of odd denominator has its real power, as `∛-8 = -2`;
    /// every other power is the principal one.
    func power(_ exponent: NumericValue, isFixed: Bool) -> NumericValue? {
        guard let fraction = exponent.rational else {
            guard let base = approximation, let exponent = exponent.approximation else { return nil }
            return base.power(exponent).map(NumericValue.approximate)
        }
        if let whole = fraction.integer(upTo: 4_096) { return power(whole) }
        if let base = rational, let exact = base.fractionalPower(fraction, isFixed: isFixed) { return .exact(exact) }
        guard let base = approximation else { return nil }
        if isFixed, base.isReal, base.real < 0, !fraction.hasEvenDenominator,
            let power = Approximation(fraction), let size = base.negated.power(power)
        {
            let isOdd = !fraction.hasEvenNumerator
            return .approximate(isOdd ? size.negated : size)
        }
        if isFixed, fraction == .half, base.isReal, base.real < 0, let power = Approximation(fraction) {
            return base.negated.power(power).flatMap { $0 * .imaginaryUnit }.map(NumericValue.approximate)
        }
        return Approximation(fraction).flatMap { base.power($0) }.map(NumericValue.approximate)
    }

    private func power(_ exponent: Int) -> NumericValue? {
        if let base = rational {
            if base.isZero && exponent < 0 { return nil }
            if let exact = base.power(exponent) { return .exact(exact) }
        }
        return approximation?.power(exponent).map(NumericValue.approximate)
    }

    /// Whether two values are equal: fractions exactly, others when their error discs overlap and both
    /// discs are small (1e-9 of the value, or 1e-12 near zero).
    static func agree(_ a: NumericValue, _ b: NumericValue) -> Bool {
        if let a = a.rational, let b = b.rational { return a == b }
        guard let a = a.approximation, let b = b.approximation else { return false }
        let bound = a.error + b.error
        guard bound <= max(1e-9 * max(a.magnitude, b.magnitude), 1e-12) else { return false }
        let gap = max(abs(a.real - b.real), abs(a.imaginary - b.imaginary))
        return gap <= bound
    }
}

extension Rational {
    static let half = Rational(digits: "0", fraction: "5") ?? .one

    /// The power to a fraction where that is a fraction too: `(4/9)^(1/2)`, `(-8)^(1/3)`.
    fileprivate func fractionalPower(_ exponent: Rational, isFixed: Bool) -> Rational? {
        guard isFixed, let (top, bottom) = exponent.parts(upTo: 4_096, over: 64) else { return nil }
        if isZero && top < 0 { return nil }
        guard !isNegative || !bottom.isMultiple(of: 2) else { return nil }
        guard let root = magnitude.root(bottom) else { return nil }
        return (isNegative ? root.negated : root).power(top)
    }
}
