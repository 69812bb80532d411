import BigInt

/// A fraction in lowest terms with a positive denominator, exact and bounded in size.
///
/// Every operation that would exceed ``maximumBits`` in numerator or denominator returns `nil` instead, so no answer can make
/// the grader allocate more than a few kilobytes for a number.
struct Rational: Hashable, Sendable {
    /// The largest width of a numerator or denominator: enough for `1000!` and `(2/3)^10000`.
    static let maximumBits = 16_384
    /// The longest numeral that is read, in digits, and the largest power of ten.
    private static let maximumDigits = 4_900

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
        let divisor = denominator == 1 ? 1 : BigInt(commonDivisor(numerator.magnitude, denominator.magnitude))
        let sign: BigInt = denominator.signum() < 0 ? -1 : 1
        self.numerator = sign * (divisor == 1 ? numerator : numerator / divisor)
        self.denominator = sign * (divisor == 1 ? denominator : denominator / divisor)
    }

    /// A decimal numeral: ASCII digits before and after the point, repeated digits after those, a power of ten.
    ///
    /// `nil` when the numeral or the power exceeds ``maximumBits``.
    init?(digits: String, fraction: String = "", repeating: String = "", exponent: Int = 0) {
        let length = digits.utf8.count + fraction.utf8.count + repeating.utf8.count
        guard length > 0, length <= Self.maximumDigits, abs(exponent) <= Self.maximumDigits else { return nil }
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

    /// An integer; `nil` for too many bits.
    init?(_ value: BigInt) {
        self.init(reduced: value, 1)
    }

    /// A fraction that is in lowest terms, with a positive denominator; `nil` for too many bits.
    private init?(reduced numerator: BigInt, _ denominator: BigInt) {
        guard numerator.bitWidth <= Self.maximumBits, denominator.bitWidth <= Self.maximumBits else { return nil }
        self.numerator = numerator
        self.denominator = denominator
    }

    /// Cost of one operation in steps of the comparison's budget: quadratic in the number of machine words, and larger where a
    /// common divisor is looked for.
    var cost: Int {
        let words = width / 64
        return 3 + words * words / (isInteger ? 32 : 4)
    }

    /// Bits of the larger of numerator and denominator.
    var width: Int { max(numerator.bitWidth, denominator.bitWidth) }

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
        guard let digits = decimals else { return 0 }
        return digits.count - digits.reversed().prefix { $0 == "0" }.count
    }

    /// The place of its last decimal digit that is not 0: 2 of 0.25, -3 of 7000, and 0 of 0; `nil` where the decimal form
    /// has more than 40 places.
    var lastDecimalPlace: Int? {
        guard numerator != 0 else { return 0 }
        return decimals.map { Self.decimalPlaces - $0.reversed().prefix { $0 == "0" }.count }
    }

    private static let decimalPlaces = 40

    /// The digits of its size to 40 decimal places; `nil` where it has more.
    private var decimals: String? {
        let (whole, rest) = (numerator.magnitude * BigUInt(10).power(Self.decimalPlaces)).quotientAndRemainder(
            dividingBy: denominator.magnitude)
        return rest.isZero ? String(whole) : nil
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

    /// The sum. Denominators `b = g b'` and `d = g d'` with greatest common divisor `g` leave no common divisor of
    /// `a d' + c b'` and `b' d'`, so only one with `g` remains to be found (Knuth, TAOCP 4.5.1).
    static func + (a: Rational, b: Rational) -> Rational? {
        if a.isInteger || b.isInteger {
            return Rational(
                reduced: a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator)
        }
        let divisor = BigInt(commonDivisor(a.denominator.magnitude, b.denominator.magnitude))
        let (left, right) =
            divisor == 1 ? (a.denominator, b.denominator) : (a.denominator / divisor, b.denominator / divisor)
        let sum = a.numerator * right + b.numerator * left
        if divisor == 1 { return Rational(reduced: sum, left * right) }
        let rest = BigInt(commonDivisor(sum.magnitude, divisor.magnitude))
        return Rational(reduced: sum / rest, left * (b.denominator / rest))
    }

    static func - (a: Rational, b: Rational) -> Rational? { a + b.negated }

    /// The product. Only a numerator and the other's denominator can have a common divisor.
    static func * (a: Rational, b: Rational) -> Rational? {
        let (top, last) = reduced(a.numerator, b.denominator), (next, bottom) = reduced(b.numerator, a.denominator)
        return Rational(reduced: top * next, bottom * last)
    }

    static func / (a: Rational, b: Rational) -> Rational? { b.reciprocal.flatMap { a * $0 } }

    /// Two numbers without their common divisor.
    private static func reduced(_ a: BigInt, _ b: BigInt) -> (BigInt, BigInt) {
        if a.isZero { return (0, 1) }
        guard b != 1 else { return (a, b) }
        let divisor = BigInt(commonDivisor(a.magnitude, b.magnitude))
        return divisor == 1 ? (a, b) : (a / divisor, b / divisor)
    }

    /// `1 / self`; `nil` for zero.
    var reciprocal: Rational? {
        guard !isZero else { return nil }
        return isNegative ? Rational(unchecked: -denominator, -numerator) : Rational(unchecked: denominator, numerator)
    }

    static func < (a: Rational, b: Rational) -> Bool {
        a.numerator * b.denominator < b.numerator * a.denominator
    }

    /// `self` to an integer power; `nil` for a negative power of zero or too many bits. `0^0` is 1.
    func power(_ exponent: Int) -> Rational? {
        let count = Int(exponent.magnitude)
        // A base of `w` bits without its sign's is at least `2^(w-1)`.
        guard width - 2 <= Self.maximumBits / max(1, count) else {
            return magnitude == .one ? (isNegative && !count.isMultiple(of: 2) ? self : .one) : nil
        }
        // Powers of numbers without a common divisor have none either.
        let power = Rational(reduced: numerator.power(count), denominator.power(count))
        return exponent < 0 ? power?.reciprocal : power
    }

    /// The real root of a non-negative fraction, where it is a fraction too.
    func root(_ index: Int) -> Rational? {
        guard !isNegative, (1...64).contains(index) else { return nil }
        guard let top = exactRoot(numerator.magnitude, index), let bottom = exactRoot(denominator.magnitude, index)
        else { return nil }
        // Roots of numbers without a common divisor have none either.
        return Rational(reduced: BigInt(top), BigInt(bottom))
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
}

/// The greatest common divisor by Lehmer's algorithm (Knuth, TAOCP 4.5.2, Algorithm L): the leading 62 bits decide several
/// divisions at once. The library's binary algorithm takes ten times as long for numbers of 16,384 bits.
private func commonDivisor(_ a: BigUInt, _ b: BigUInt) -> BigUInt {
    var (x, y) = a >= b ? (BigInt(a), BigInt(b)) : (BigInt(b), BigInt(a))
    while y.magnitude.bitWidth > 62 {
        let shift = x.magnitude.bitWidth - 60
        var p = Int(x.magnitude >> shift), q = Int(y.magnitude >> shift)
        // The numbers are `a x + b y` and `c x + d y` of the ones before.
        var (a, b, c, d) = (1, 0, 0, 1)
        while q + c != 0, q + d != 0 {
            let quotient = (p + a) / (q + c)
            guard quotient == (p + b) / (q + d) else { break }
            (a, c) = (c, a - quotient * c)
            (b, d) = (d, b - quotient * d)
            (p, q) = (q, p - quotient * q)
        }
        if b == 0 {
            (x, y) = (y, x % y)
        } else {
            (x, y) = (BigInt(a) * x + BigInt(b) * y, BigInt(c) * x + BigInt(d) * y)
        }
    }
    if y.isZero { return x.magnitude }
    return y.magnitude.greatestCommonDivisor(with: (x % y).magnitude)
}

/// The `index`-th root of a natural number where it is one, by Newton's iteration from above.
private func exactRoot(_ value: BigUInt, _ index: Int) -> BigUInt? {
    if value <= 1 || index == 1 { return value }
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
