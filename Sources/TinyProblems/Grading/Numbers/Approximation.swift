import Foundation

/// A complex number as two doubles, with a bound on its distance from the exact value.
///
/// Every operation propagates the bounds of its arguments (first order, doubled) and adds a few units of rounding, so
/// that two values whose discs do not overlap are different, and two small discs that overlap are strong evidence of equality.
struct Approximation: Sendable {
    var real: Double
    var imaginary: Double
    /// The largest distance from the exact value.
    var error: Double

    /// Relative rounding of one operation; eight units cover the elementary functions of a C library.
    private static let rounding = 8 * 0x1p-53

    static let imaginaryUnit = Approximation(real: 0, imaginary: 1, error: 0)

    /// Makes a value; `nil` when a part is not finite.
    init?(_ real: Double, _ imaginary: Double = 0, inherited error: Double = 0) {
        self.init(real: real, imaginary: imaginary, error: error)
        self.error = error + Self.rounding * magnitude
        guard real.isFinite, imaginary.isFinite, self.error.isFinite else { return nil }
    }

    private init(real: Double, imaginary: Double, error: Double) {
        self.real = real
        self.imaginary = imaginary
        self.error = error
    }

    init?(_ value: Rational) {
        self.init(value.double)
        if value.isInteger && real.magnitude <= 0x1p53 { error = 0 }
    }

    var magnitude: Double { imaginary == 0 ? abs(real) : hypot(real, imaginary) }
    var isReal: Bool { imaginary == 0 }
    var negated: Approximation { Approximation(real: -real, imaginary: -imaginary, error: error) }

    static func + (a: Approximation, b: Approximation) -> Approximation? {
        // The rounding of a sum is relative to the sum, which cancellation makes small; the arguments' bounds stay.
        Approximation(a.real + b.real, a.imaginary + b.imaginary, inherited: a.error + b.error)
    }

    static func * (a: Approximation, b: Approximation) -> Approximation? {
        let inherited = a.magnitude * b.error + b.magnitude * a.error + a.error * b.error
        if a.isReal && b.isReal { return Approximation(a.real * b.real, inherited: inherited) }
        return Approximation(
            a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real,
            inherited: inherited + rounding * a.magnitude * b.magnitude)
    }

    /// `1 / self`; `nil` where the disc touches zero.
    var reciprocal: Approximation? {
        let size = magnitude
        guard size > 2 * error else { return nil }
        let inherited = error / (size * (size - error))
        if isReal { return Approximation(1 / real, inherited: inherited) }
        return Approximation(real / size / size, -imaginary / size / size, inherited: inherited)
    }

    func power(_ exponent: Int) -> Approximation? {
        var result = Approximation(1)
        var base: Approximation? = exponent < 0 ? reciprocal : self
        var rest = exponent.magnitude
        while rest > 0, let square = base {
            if rest & 1 == 1 { result = result.flatMap { $0 * square } }
            rest >>= 1
            base = rest > 0 ? square * square : square
        }
        return base == nil ? nil : result
    }

    /// `e^self`.
    var exponential: Approximation? {
        guard error < 0.5 else { return nil }
        let size = exp(real)
        return Approximation(
            isReal ? size : size * cos(imaginary), isReal ? 0 : size * sin(imaginary), inherited: 2 * size * error)
    }

    /// The principal logarithm; `nil` where the disc touches zero.
    var logarithm: Approximation? {
        let size = magnitude
        guard size > 2 * error else { return nil }
        return Approximation(
            log(size), isReal && real > 0 ? 0 : atan2(imaginary, real), inherited: 2 * error / size + Self.rounding)
    }

    /// The principal power; `nil` for powers of zero other than positive ones.
    func power(_ exponent: Approximation) -> Approximation? {
        if magnitude == 0 && error == 0 { return exponent.real > 0 ? Approximation(0) : nil }
        return logarithm.flatMap { $0 * exponent }?.exponential
    }

    /// A real function at a real argument, with a bound on its slope there; `nil` at a complex argument.
    func mapReal(_ function: (Double) -> Double, slope: (Double) -> Double) -> Approximation? {
        guard isReal else { return nil }
        return Approximation(function(real), inherited: 2 * abs(slope(real)) * error)
    }

    /// The sine of a complex number.
    var sine: Approximation? { wave(sin(real), cos(real)) }

    /// The cosine of a complex number.
    var cosine: Approximation? { wave(cos(real), -sin(real)) }

    /// `height · cosh y + i · slope · sinh y` for a wave's height and slope at the real part, `y` the imaginary part.
    private func wave(_ height: Double, _ slope: Double) -> Approximation? {
        guard abs(imaginary) < 300, error < 0.5 else { return nil }
        let growth = cosh(imaginary)
        return Approximation(
            height * growth, isReal ? 0 : slope * sinh(imaginary),
            inherited: 2 * growth * error + (isReal ? 0 : Self.rounding * growth))
    }
}
