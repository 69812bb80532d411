import BigInt

/// A fraction in lowest terms with a positive denominator, exact and bounded in size.
///
/// Every operation that would exceed ``maximumBits`` in numerator or denominator returns `nil` instead, so no answer can make
/// the grader allocate more than a few kilobytes for a number.
struct Rational: Hashable, Sendable {
    /// The largest width of a numerator or denominator: enough for `100!`, `2^1009` and products of them.
    static let maximumBits = 4_096

    let numerator: BigInt
    let denominator: BigInt

    static let zero = Rational(0)
    static let one = Rational(1)

    init(_ value: Int) {
        numerator = BigInt(value)
        denominator = 1
    }

    /// `numerator / denominator` in lowest terms; `nil` for a zero denominator or too many bits.
    init?(_ numerator: BigInt, over denominator: BigInt) {
        guard !denominator.isZero, numerator.bitWidth <= Self.maximumBits, denominator.bitWidth <= Self.maximumBits
        else { return nil }
        let divisor = denominator == 1 ? 1 : numerator.greatestCommonDivisor(with: denominator)
        let sign: BigInt = denominator.signum() < 0 ? -1 : 1
        self.numerator = sign * (divisor == 1 ? numerator : numerator / divisor)
        self.denominator = sign * (divisor == 1 ? denominator : denominator / divisor)
    }

    /// A decimal numeral: ASCII digits before and after the point, repeated digits after those, a power of ten.
    ///
    /// `nil` when the numeral or the power exceeds ``maximumBits``.
    init?(digits: String, fraction: String = "", repeating: String = "", exponent: Int = 0) {
        let length = digits.utf8.count + fraction.utf8.count + repeating.utf8.count
        guard length > 0, length <= 1_200, abs(exponent) <= 1_000 else { return nil }
        guard let whole = BigInt(digits + fraction + repeating, radix: 10) else { return nil }
        func power(_ count: Int) -> BigInt { BigInt(10).power(count) }
        var top = whole
        var bottom = power(fraction.utf8.count)
        if !repeating.isEmpty {
            // 0.f(r) = (fr - f) / (10^|f| (10^|r| - 1)).
            top -= BigInt(digits + fraction, radix: 10) ?? 0
            bottom *= power(repeating.utf8.count) - 1
        }
        if exponent >= 0 { top *= power(exponent) } else { bottom *= power(-exponent) }
        self.init(top, over: bottom)
    }

    /// Digits in a base from 2 to 36; `nil` where one is not a digit of it.
    init?(digits: String, base: Int) {
        guard let value = BigInt(digits, radix: base) else { return nil }
        self.init(value, over: 1)
    }

    /// Cost of one operation in steps of the comparison's budget: quadratic in the number of machine words.
    var cost: Int {
        let words = max(numerator.bitWidth, denominator.bitWidth) / 64
        return 1 + words * words / 8
    }

    var isInteger: Bool { denominator == 1 }
    var isZero: Bool { numerator.isZero }
    var hasEvenNumerator: Bool { numerator.magnitude & 1 == 0 }
    var hasEvenDenominator: Bool { denominator.magnitude & 1 == 0 }
    var isNegative: Bool { numerator.signum() < 0 }
    var negated: Rational { Rational(unchecked: -numerator, denominator) }
    var magnitude: Rational { isNegative ? negated : self }

    /// The value as a machine integer, where it is one of at most `limit` in magnitude.
    func integer(upTo limit: Int) -> Int? {
        guard isInteger, numerator.bitWidth <= 62 else { return nil }
        let value = Int(numerator)
        return abs(value) <= limit ? value : nil
    }

    /// The number of significant decimal digits, up to 40; 0 where the decimal form is infinite.
    var significantDecimals: Int {
        let (whole, rest) = (numerator.magnitude * BigUInt(10).power(40)).quotientAndRemainder(
            dividingBy: denominator.magnitude)
        guard rest.isZero else { return 0 }
        let digits = String(whole)
        return digits.count - digits.reversed().prefix { $0 == "0" }.count
    }

    /// Numerator and denominator as machine integers, within limits.
    func parts(upTo numeratorLimit: Int, over denominatorLimit: Int) -> (numerator: Int, denominator: Int)? {
        guard let top = Rational(unchecked: numerator, 1).integer(upTo: numeratorLimit),
            let bottom = Rational(unchecked: denominator, 1).integer(upTo: denominatorLimit)
        else { return nil }
        return (top, bottom)
    }

    private init(unchecked numerator: BigInt, _ denominator: BigInt) {
        self.numerator = numerator
        self.denominator = denominator
    }

    static func + (a: Rational, b: Rational) -> Rational? {
        Rational(a.numerator * b.denominator + b.numerator * a.denominator, over: a.denominator * b.denominator)
    }

    static func - (a: Rational, b: Rational) -> Rational? { a + b.negated }

    static func * (a: Rational, b: Rational) -> Rational? {
        Rational(a.numerator * b.numerator, over: a.denominator * b.denominator)
    }

    static func / (a: Rational, b: Rational) -> Rational? {
        Rational(a.numerator * b.denominator, over: a.denominator * b.numerator)
    }

    static func < (a: Rational, b: Rational) -> Bool {
        a.numerator * b.denominator < b.numerator * a.denominator
    }

    /// `self` to an integer power; `nil` for a negative power of zero or too many bits. `0^0` is 1.
    func power(_ exponent: Int) -> Rational? {
        let count = Int(exponent.magnitude)
        guard max(numerator.bitWidth, denominator.bitWidth) - 1 <= Self.maximumBits / max(1, count) else {
            return magnitude == .one ? (isNegative && !count.isMultiple(of: 2) ? self : .one) : nil
        }
        let top = numerator.power(count)
        let bottom = denominator.power(count)
        return exponent < 0 ? Rational(bottom, over: top) : Rational(top, over: bottom)
    }

    /// The real root of a non-negative fraction, where it is a fraction too.
    func root(_ index: Int) -> Rational? {
        guard !isNegative, (1...64).contains(index) else { return nil }
        guard let top = exactRoot(numerator.magnitude, index), let bottom = exactRoot(denominator.magnitude, index)
        else { return nil }
        return Rational(BigInt(top), over: BigInt(bottom))
    }

    /// The greatest common divisor or least common multiple of two integers; `nil` for fractions.
    func divisorOrMultiple(of other: Rational, isMultiple: Bool) -> Rational? {
        guard isInteger, other.isInteger, !isZero, !other.isZero else { return nil }
        let divisor = numerator.greatestCommonDivisor(with: other.numerator)
        return Rational(isMultiple ? numerator * other.numerator / divisor : divisor, over: 1)?.magnitude
    }

    /// The largest integer that is not above the value.
    var floor: Rational {
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        return Rational(unchecked: remainder.signum() < 0 ? quotient - 1 : quotient, 1)
    }

    /// The nearest double, up to one unit in the last place; infinite past the range.
    var double: Double {
        if numerator.bitWidth <= 53, denominator.bitWidth <= 53 {
            return Double(Int(numerator)) / Double(Int(denominator))
        }
        // 64 significant bits of the quotient, then the power of two that was taken out.
        let shift = 64 - (numerator.bitWidth - denominator.bitWidth)
        let top = shift >= 0 ? numerator.magnitude << shift : numerator.magnitude
        let bottom = shift >= 0 ? denominator.magnitude : denominator.magnitude << -shift
        let quotient = Double(sign: .plus, exponent: -shift, significand: Double(top / bottom))
        return isNegative ? -quotient : quotient
    }
}

/// The `index`-th root of a natural number where it is one, by Newton's iteration from above.
private func exactRoot(_ value: BigUInt, _ index: Int) -> BigUInt? {
    if value <= 1 || index == 1 { return value }
    guard value.bitWidth <= 4_096 else { return nil }
    if index == 2 {
        let root = value.squareRoot()
        return root * root == value ? root : nil
    }
    var guess = BigUInt(1) << ((value.bitWidth + index - 1) / index)
    while true {
        let next = (guess * BigUInt(index - 1) + value / guess.power(index - 1)) / BigUInt(index)
        if next >= guess { break }
        guess = next
    }
    return guess.power(index) == value ? guess : nil
}
