import BigInt
import Foundation

/// Elementary functions. Each is computed at the midpoint in fixed-point arithmetic; the radius covers its rounding, in units
/// of the last bit, and the change of the function over the argument's ball (mean value theorem).
extension RealBall {
    /// Guard bits of fixed-point results.
    private static let guardBits = 16

    static func pi(precision: Int) -> RealBall? {
        RealBall(
            FixedPoint.pi(bits: precision), exponent: -precision, radius: .power(1 - precision), precision: precision)
    }

    /// The midpoint in units of `2^-bits`, off by less than one.
    private func fixed(bits: Int) -> BigInt { FixedPoint.shifted(significand, exponent + bits) }

    private func ball(_ value: BigInt, bits: Int, units: Int, radius: Bound) -> RealBall? {
        RealBall(
            value, exponent: -bits, radius: radius + Bound(UInt64(units), exponent: -bits), precision: precision)
    }

    /// `e^x`; `nil` for a radius above 1/2 and for results past all exponents.
    ///
    /// `x = k ln 2 + t` with `|t| ≤ 0.35`. The reduction is off by at most 3 units, `e^t` by 2 more, and `e^r - 1 ≤ 2r` for
    /// `r ≤ 1/2`. For a tiny `x`, `|e^x - 1 - x| ≤ x²`.
    var exponential: RealBall? {
        guard radius <= .power(-1), top <= 50 else { return nil }
        if isExactlyZero { return .one(precision: precision) }
        if top < -precision {
            return (.one(precision: precision) + self)?.adding(radius: magnitude * magnitude)
        }
        let bits = precision + Self.guardBits
        let ln2 = FixedPoint.ln2(bits: bits + 64)
        let wide = fixed(bits: bits + 64)
        let count = FixedPoint.shifted(wide * 2 + (wide.signum() < 0 ? -ln2 : ln2), -1) / ln2
        let rest = FixedPoint.shifted(wide - count * ln2, -64)
        let value = FixedPoint.exponential(rest, bits: bits)
        guard let scale = Int(exactly: count) else { return nil }
        let size = Bound(value.magnitude + 8, exponent: -bits, roundsUp: true)
        return ball(value, bits: bits, units: 8, radius: size * radius.scaled(by: 1))?.scaled(by: scale)
    }

    /// `cos x` and `sin x`; `nil` for a radius above 1/2 and for arguments beyond the digits of π.
    ///
    /// `x = k π/2 + t` with `|t| ≤ 0.8`; the reduction is off by at most 3 units, the functions by 2 more, and their slopes
    /// are at most 1. For a tiny `x`, `|sin x - x| ≤ |x|³` and `|cos x - 1| ≤ x²`.
    var wave: (cosine: RealBall, sine: RealBall)? {
        guard radius <= .power(-1) else { return nil }
        let one = RealBall.one(precision: precision)
        if isExactlyZero { return (one, self) }
        if top < -precision {
            let square = magnitude * magnitude
            return (one.adding(radius: square), adding(radius: square * magnitude))
        }
        // More bits for a small sine, and for the multiple of π/2 in a large argument.
        let bits = precision + Self.guardBits + max(0, -top), extra = max(0, top) + 16
        guard bits + extra <= FixedPoint.maximumBits else { return nil }
        let quarter = FixedPoint.pi(bits: bits + extra - 1)
        let wide = fixed(bits: bits + extra)
        let count = FixedPoint.shifted(wide * 2 + (wide.signum() < 0 ? -quarter : quarter), -1) / quarter
        let (cosine, sine) = FixedPoint.wave(FixedPoint.shifted(wide - count * quarter, -extra), bits: bits)
        let turned =
            switch Int(count.modulus(4)) {
            case 0: (cosine, sine)
            case 1: (-sine, cosine)
            case 2: (-cosine, -sine)
            default: (sine, -cosine)
            }
        guard let x = ball(turned.0, bits: bits, units: 8, radius: radius),
            let y = ball(turned.1, bits: bits, units: 8, radius: radius)
        else { return nil }
        return (x, y)
    }

    /// `ln x` of a positive number; `nil` where the radius is more than half of the midpoint.
    ///
    /// `x = 2^k f` with `f` near 1. For an approximation `y` of `ln f`, however good,
    /// `ln f = y + 2 artanh((f - e^y) / (f + e^y))`. The quotient is off by at most 6 units. `|ln x - ln m| ≤ r / (m - r) ≤ 2r / m`.
    var logarithm: RealBall? {
        guard significand.signum() > 0, radius.scaled(by: 1) <= leastSize else { return nil }
        let inherited = radius.scaled(by: 1) / leastSize
        if significand == 1 && exponent == 0 && isExact { return .zero(precision: precision) }
        // The midpoint over a power of two, from about 0.7 to 1.4.
        var scale = top
        if FixedPoint.shifted(significand, 16 - significand.magnitude.bitWidth) < 46_341 { scale -= 1 }
        let fraction = RealBall(exact: significand, exponent - scale, .zero, precision)
        var bits = precision + Self.guardBits
        // More bits for a small logarithm.
        if scale == 0, let near = fraction - .one(precision: precision) {
            bits += min(2 * precision, max(0, -near.top))
        }
        guard let start = fraction.approximateLogarithm, let power = start.resized(bits)?.exponential else {
            return nil
        }
        let f = fraction.fixed(bits: bits), e = power.fixed(bits: bits)
        let (series, terms) = FixedPoint.inverseTangent(
            ((f - e) << bits) / (f + e), bits: bits, alternates: false)
        let shift = FixedPoint.shifted(FixedPoint.ln2(bits: bits + 64) * BigInt(scale), -64)
        return ball(
            start.fixed(bits: bits) + 2 * series + shift, bits: bits, units: 32 + 4 * terms,
            radius: inherited + power.radius.scaled(by: 2))
    }

    /// A number near `ln self`, itself exact: a double, or the logarithm at a third of the precision.
    private var approximateLogarithm: RealBall? {
        guard precision > 160 else { return RealBall(log(double), precision: precision) }
        return resized(precision / 3 + 8)?.logarithm?.midpoint.resized(precision)
    }

    /// The angle of the point `(x, y)`, from -π to π; `nil` where the disc around it touches the origin or the cut, the
    /// negative `x` axis.
    ///
    /// For an approximation `a`, however good, the angle is `a + arctan((y cos a - x sin a) / (x cos a + y sin a))`. The
    /// quotient is off by at most 20 units. A point that is moved by `r`, at most half of its distance from the origin, turns by
    /// at most `2r` over the distance.
    static func angle(_ y: RealBall, _ x: RealBall) -> RealBall? {
        let precision = x.precision
        if y.isExactlyZero && x.isPositive { return y }
        let radius = y.radius + x.radius, least = max(y.leastSize, x.leastSize)
        guard !least.isZero, radius.scaled(by: 1) <= least else { return nil }
        if y.containsZero && !y.isExactlyZero && !x.isPositive { return nil }
        let inherited = radius.scaled(by: 1) / least
        let top = max(x.significand.isZero ? .min : x.top, y.significand.isZero ? .min : y.top)
        let lag = x.isPositive ? x.top - y.top : 0
        // A tiny angle: |arctan q - q| ≤ |q|³.
        if lag > precision {
            guard let q = x.reciprocal.flatMap({ y * $0 }) else { return nil }
            return q.adding(radius: q.magnitude * q.magnitude * q.magnitude)
        }
        let bits = precision + guardBits + max(0, lag)
        guard let far = x.scaled(by: -top), let high = y.scaled(by: -top),
            let start = approximateAngle(high.midpoint, far.midpoint), let wave = start.resized(bits)?.wave
        else { return nil }
        let a = far.fixed(bits: bits), b = high.fixed(bits: bits)
        let c = wave.cosine.fixed(bits: bits), s = wave.sine.fixed(bits: bits)
        let (series, terms) = FixedPoint.inverseTangent(
            ((b * c - a * s) << bits) / (a * c + b * s), bits: bits, alternates: true)
        return x.ball(
            start.fixed(bits: bits) + series, bits: bits, units: 64 + 2 * terms,
            radius: inherited + (wave.cosine.radius + wave.sine.radius).scaled(by: 2))
    }

    /// A number near the angle of a point about as far as 1 from the origin, itself exact.
    private static func approximateAngle(_ y: RealBall, _ x: RealBall) -> RealBall? {
        guard x.precision > 160 else { return RealBall(atan2(y.double, x.double), precision: x.precision) }
        guard let high = y.resized(x.precision / 3 + 8), let far = x.resized(x.precision / 3 + 8) else { return nil }
        return angle(high.midpoint, far.midpoint)?.midpoint.resized(x.precision)
    }

    /// A double, exactly.
    private init?(_ value: Double, precision: Int) {
        guard value.isFinite else { return nil }
        let exponent = value == 0 ? 0 : Int(value.exponent) - 52
        self.init(BigInt(scalbn(value, -exponent)), exponent: exponent, precision: precision)
    }

    /// The midpoint without its radius.
    private var midpoint: RealBall { RealBall(exact: significand, exponent, .zero, precision) }

    private func resized(_ bits: Int) -> RealBall? {
        RealBall(significand, exponent: exponent, radius: radius, precision: bits)
    }
}
