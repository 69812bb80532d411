import BigInt

/// The value of an expression: exact for fractions of moderate size, else a ball that holds it.
enum NumericValue: Sendable {
    case exact(Rational)
    case ball(ComplexBall)

    /// The value as a ball; `nil` when a part has no exponent of 51 bits.
    func ball(precision: Int) -> ComplexBall? {
        switch self {
        case .exact(let value): ComplexBall(value, precision: precision)
        case .ball(let value): value
        }
    }

    var rational: Rational? {
        if case .exact(let value) = self { value } else { nil }
    }

    /// Whether it may be zero.
    var containsZero: Bool {
        switch self {
        case .exact(let value): value.isZero
        case .ball(let value): value.containsZero
        }
    }

    var isReal: Bool {
        switch self {
        case .exact: true
        case .ball(let value): value.isReal
        }
    }

    /// Whether it is a real number below zero for certain.
    var isNegative: Bool {
        switch self {
        case .exact(let value): value.isNegative
        case .ball(let value): value.isReal && value.real.isNegative
        }
    }

    /// Bits of a fraction's numerator or denominator; 1 of other values.
    var bits: Int { rational?.width ?? 1 }

    var negated: NumericValue {
        switch self {
        case .exact(let value): .exact(value.negated)
        case .ball(let value): .ball(value.negated)
        }
    }

    func adding(_ other: NumericValue, precision: Int) -> NumericValue? {
        if let a = rational, let b = other.rational, let sum = a + b { return .exact(sum) }
        guard let a = ball(precision: precision), let b = other.ball(precision: precision) else { return nil }
        return (a + b).map(NumericValue.ball)
    }

    func multiplied(by other: NumericValue, precision: Int) -> NumericValue? {
        if let a = rational, let b = other.rational {
            if a.isZero || b.isZero { return .exact(.zero) }
            if let product = a * b { return .exact(product) }
        }
        guard let a = ball(precision: precision), let b = other.ball(precision: precision) else { return nil }
        return (a * b).map(NumericValue.ball)
    }

    var reciprocal: NumericValue? {
        switch self {
        case .exact(let value): value.reciprocal.map(NumericValue.exact)
        case .ball(let value): value.reciprocal.map(NumericValue.ball)
        }
    }

    // MARK: Powers

    /// `self` to a power.
    ///
    /// A negative real base with an exponent that is a fixed fraction of odd denominator has its real power, as `∛-8 = -2`;
    /// every other power is the principal one.
    func power(_ exponent: NumericValue, isFixed: Bool, precision: Int) -> NumericValue? {
        if let base = rational, base.isZero {
            guard let sign = exponent.ball(precision: precision)?.real else { return nil }
            if exponent.rational?.isZero == true { return .exact(.one) }
            return exponent.isReal && sign.isPositive ? .exact(.zero) : nil
        }
        guard let fraction = exponent.rational else {
            guard let base = ball(precision: precision), let exponent = exponent.ball(precision: precision) else {
                return nil
            }
            return base.power(exponent).map(NumericValue.ball)
        }
        if fraction.isInteger { return power(fraction.numerator, precision: precision) }
        if let base = rational, let exact = base.fractionalPower(fraction, isFixed: isFixed) { return .exact(exact) }
        guard let base = ball(precision: precision) else { return nil }
        return base.power(fraction, isFixed: isFixed).map(NumericValue.ball)
    }

    private func power(_ exponent: BigInt, precision: Int) -> NumericValue? {
        if let base = rational {
            if base.magnitude == .one {
                return .exact(base.isNegative && exponent.magnitude & 1 == 1 ? base : .one)
            }
            if let count = Int(exactly: exponent), let exact = base.power(count) { return .exact(exact) }
        }
        return ball(precision: precision)?.power(exponent).map(NumericValue.ball)
    }

    // MARK: Comparison

    /// What is known of two values.
    enum Verdict { case equal, different, undecided(precision: Int?) }

    /// The precision at which two numbers that agree may be taken for equal: 1,000 bits, 300 decimal digits, and a reserve
    /// for the radius.
    static let evidence = 1_000
    private static let reserve = 152
    /// The largest precision; numbers that need more are not compared.
    private static let maximumPrecision = 8_192
    /// The precision of a first look, which tells most numbers apart.
    static let firstPrecision = 128
    /// The precision of a second look where the first gave no value: an argument may have been too uncertain for its function.
    static let secondPrecision = evidence + 2 * reserve

    /// Compares two values: fractions exactly, balls by whether they have a point in common.
    ///
    /// Balls without a common point prove a difference. A common point is evidence of equality when the numbers are known to 300
    /// digits and the precision exceeds every difference of size within the expressions; rational numbers must also have the
    /// same residue. Where a higher precision would tell, it is in the verdict.
    static func compare(_ a: NumericValue, _ b: NumericValue, precision: Int) -> Verdict {
        if let a = a.rational, let b = b.rational { return a == b ? .equal : .different }
        guard let a = a.ball(precision: precision), let b = b.ball(precision: precision),
            let gap = a + b.negated
        else { return .undecided(precision: nil) }
        guard gap.containsZero else { return .different }
        var depth = max(a.origin.depth, b.origin.depth)
        if a.origin.isRational && b.origin.isRational {
            guard let x = a.origin.residue, let y = b.origin.residue else { return .undecided(precision: nil) }
            if x != y { return .different }
            // The residue shows what the digits do not.
            depth = 0
        } else if a.containsZero != b.containsZero {
            // A tiny number beside one that may be zero.
            depth = max(depth, -(a.containsZero ? b : a).magnitude.top)
        }
        // Twice, for parts that cancel to the first order.
        let needed = evidence + reserve + 2 * min(depth, maximumPrecision)
        guard precision >= needed else {
            return .undecided(precision: needed > maximumPrecision ? nil : needed + 64)
        }
        let size = a.containsZero && b.containsZero ? Bound.power(0) : max(a.magnitude, b.magnitude)
        return a.radius + b.radius <= size.scaled(by: -evidence) ? .equal : .undecided(precision: nil)
    }

    /// Whether two values are equal as far as the precision shows; `nil` where it shows little.
    static func haveSameDigits(_ a: NumericValue, _ b: NumericValue, precision: Int) -> Bool? {
        switch compare(a, b, precision: precision) {
        case .equal: true
        case .different: false
        case .undecided:
            a.hasDigits(precision: precision) && b.hasDigits(precision: precision) ? true : nil
        }
    }

    /// Whether at least half of the bits are known.
    private func hasDigits(precision: Int) -> Bool {
        guard let ball = ball(precision: precision) else { return false }
        return ball.radius <= max(ball.magnitude, .power(0)).scaled(by: -precision / 2)
    }
}

extension ComplexBall {
    /// The principal power.
    fileprivate func power(_ exponent: ComplexBall) -> ComplexBall? {
        logarithm.flatMap { $0 * exponent }?.exponential
    }

    /// The power to a fraction that is no integer; see ``NumericValue/power(_:isFixed:precision:)``.
    fileprivate func power(_ exponent: Rational, isFixed: Bool) -> ComplexBall? {
        if exponent.denominator == 2, isReal, isFixed || real.isPositive {
            return squareRoot?.power(exponent.numerator)
        }
        guard let fraction = ComplexBall(exponent, precision: precision) else { return nil }
        if isFixed, isReal, real.isNegative, !exponent.hasEvenDenominator {
            let size = negated.power(fraction)
            return exponent.hasEvenNumerator ? size : size?.negated
        }
        return power(fraction)
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
