import BigInt
import Foundation

/// A real number as a binary floating-point midpoint and a radius: the number lies within the radius of the midpoint.
///
/// Arithmetic follows J. van der Hoeven, "Ball arithmetic" (2009) and F. Johansson, "Arb" (IEEE Transactions on Computers
/// 66, 2017): an operation on the midpoints is rounded to `precision` bits, and the radius of the result covers the radii of
/// the arguments and the rounding. Exponents have 51 bits; an operation that needs more has no result, and neither has one
/// that is undefined at some point of its arguments.
struct RealBall: Sendable {
    /// The midpoint is `significand · 2^exponent`.
    let significand: BigInt
    let exponent: Int
    let radius: Bound
    /// Bits of a midpoint.
    let precision: Int

    private static let exponents = -1 << 50...1 << 50

    /// Rounds a midpoint to the precision; `nil` when its exponent is out of range.
    init?(_ significand: BigInt, exponent: Int, radius: Bound = .zero, precision: Int) {
        self.precision = precision
        let excess = significand.magnitude.bitWidth - precision
        if excess > 0 {
            // What is cut off is less than one unit of the last bit that stays.
            self.significand = FixedPoint.shifted(significand, -excess)
            self.exponent = exponent + excess
            self.radius = radius + .power(exponent + excess)
        } else {
            self.significand = significand
            self.exponent = significand.isZero ? 0 : exponent
            self.radius = radius
        }
        guard Self.exponents.contains(self.exponent), radius.top <= Self.exponents.upperBound else { return nil }
    }

    init(exact significand: BigInt, _ exponent: Int, _ radius: Bound, _ precision: Int) {
        self.significand = significand
        self.exponent = exponent
        self.radius = radius
        self.precision = precision
    }

    static func zero(precision: Int) -> RealBall { RealBall(exact: 0, 0, .zero, precision) }
    static func one(precision: Int) -> RealBall { RealBall(exact: 1, 0, .zero, precision) }

    init?(_ value: Rational, precision: Int) {
        guard let top = RealBall(value.numerator, exponent: 0, precision: precision) else { return nil }
        guard !value.isInteger else {
            self = top
            return
        }
        guard let bottom = RealBall(value.denominator, exponent: 0, precision: precision)?.reciprocal,
            let quotient = top * bottom
        else { return nil }
        self = quotient
    }

    // MARK: Size and sign

    /// The least `n` with `|midpoint| < 2^n`.
    var top: Int { exponent + significand.magnitude.bitWidth }
    /// At least the absolute value of the midpoint.
    var size: Bound { Bound(significand.magnitude, exponent: exponent, roundsUp: true) }
    /// At most the absolute value of the midpoint.
    var leastSize: Bound { Bound(significand.magnitude, exponent: exponent, roundsUp: false) }
    /// At least the absolute value of the number.
    var magnitude: Bound { size + radius }

    var isExact: Bool { radius.isZero }
    var isExactlyZero: Bool { significand.isZero && isExact }
    var containsZero: Bool { leastSize <= radius }
    var isPositive: Bool { significand.signum() > 0 && !containsZero }
    var isNegative: Bool { significand.signum() < 0 && !containsZero }

    /// The midpoint as a double: infinite or zero past the range.
    var double: Double {
        let excess = max(0, significand.magnitude.bitWidth - 62)
        let scale = min(max(exponent + excess, -4_000), 4_000)
        return scalbn(Double(Int(FixedPoint.shifted(significand, -excess))), scale)
    }

    // MARK: Arithmetic

    var negated: RealBall { RealBall(exact: -significand, exponent, radius, precision) }
    /// `| |x| - |m| | ≤ |x - m|`, so the radius stays.
    var absolute: RealBall { significand.signum() < 0 ? negated : self }

    func adding(radius more: Bound) -> RealBall { RealBall(exact: significand, exponent, radius + more, precision) }

    /// The ball times `2^count`.
    func scaled(by count: Int) -> RealBall? {
        RealBall(significand, exponent: exponent + count, radius: radius.scaled(by: count), precision: precision)
    }

    static func + (a: RealBall, b: RealBall) -> RealBall? {
        if a.significand.isZero { return b.adding(radius: a.radius) }
        if b.significand.isZero { return a.adding(radius: b.radius) }
        let (high, low) = a.top >= b.top ? (a, b) : (b, a)
        // A summand far below the last bit of the other only adds to the radius.
        if high.top - low.top > 2 * high.precision + 8 { return high.adding(radius: low.magnitude) }
        let exponent = min(a.exponent, b.exponent)
        let sum = a.significand << (a.exponent - exponent) + b.significand << (b.exponent - exponent)
        return RealBall(sum, exponent: exponent, radius: a.radius + b.radius, precision: a.precision)
    }

    static func - (a: RealBall, b: RealBall) -> RealBall? { a + b.negated }

    /// `|xy - mn| ≤ |m| s + |n| r + r s` for radii `r`, `s`.
    static func * (a: RealBall, b: RealBall) -> RealBall? {
        let radius = a.size * b.radius + b.size * a.radius + a.radius * b.radius
        return RealBall(
            a.significand * b.significand, exponent: a.exponent + b.exponent, radius: radius, precision: a.precision)
    }

    /// `1 / self`; `nil` where the radius is more than half of the midpoint.
    ///
    /// `|1/x - 1/m| ≤ r / (|m| (|m| - r)) ≤ 2r / m²`.
    var reciprocal: RealBall? {
        guard !significand.isZero, radius.scaled(by: 1) <= leastSize else { return nil }
        let shift = precision + significand.magnitude.bitWidth
        let (quotient, rest) = (BigInt(1) << shift).quotientAndRemainder(dividingBy: significand)
        return RealBall(
            quotient, exponent: -exponent - shift,
            radius: radius.scaled(by: 1) / leastSize / leastSize + (rest.isZero ? .zero : .power(-exponent - shift)),
            precision: precision)
    }

    /// The square root of a positive number or of zero itself; `nil` for a ball that contains zero and other numbers.
    ///
    /// `|√x - √m| = |x - m| / (√x + √m) ≤ r / √m`.
    var squareRoot: RealBall? {
        if isExactlyZero { return self }
        guard isPositive else { return nil }
        // An even exponent, and twice the precision before the root.
        var shift = max(0, 2 * precision + 2 - significand.magnitude.bitWidth)
        if (exponent - shift) & 1 != 0 { shift += 1 }
        let square = significand.magnitude << shift
        let root = square.squareRoot()
        let rounding: Bound = root * root == square ? .zero : .power((exponent - shift) / 2)
        let least = Bound(root, exponent: (exponent - shift) / 2, roundsUp: false)
        return RealBall(
            BigInt(root), exponent: (exponent - shift) / 2, radius: radius / least + rounding, precision: precision)
    }

    /// The only integer `n` with `n ≤ x < n + 1` for all `x` of the ball; `nil` when there are several, or when it is huge.
    var floor: BigInt? {
        guard top <= Rational.maximumBits, exponent >= -Rational.maximumBits else { return nil }
        guard exponent < 0 else { return isExact ? significand << exponent : nil }
        let unit = BigInt(1) << -exponent
        var (whole, rest) = significand.quotientAndRemainder(dividingBy: unit)
        if rest.signum() < 0 {
            whole -= 1
            rest += unit
        }
        if isExact { return whole }
        let below = Bound(rest.magnitude, exponent: exponent, roundsUp: false)
        let above = Bound((unit - rest).magnitude, exponent: exponent, roundsUp: false)
        return radius <= below && radius < above ? whole : nil
    }
}
