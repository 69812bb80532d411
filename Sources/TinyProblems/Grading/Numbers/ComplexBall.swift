import BigInt

/// A complex number in a rectangle: a ball for the real and one for the imaginary part.
///
/// It also carries what balls cannot show: whether the number is rational, and how small a difference it may hide.
struct ComplexBall: Sendable {
    var real: RealBall
    var imaginary: RealBall
    /// How the number was made.
    var origin: Origin

    struct Origin: Sendable {
        /// Whether only rational operations on fractions made it.
        var isRational = false
        /// The number modulo a prime; only of rational numbers.
        var residue: Residue?
        /// The largest number of bits by which a part of the expression may be smaller than what it was added to: the precision
        /// has to exceed it before that part shows. Of a fraction, the bits of its numerator or denominator.
        var depth = 0

        /// The origin of a result of two numbers.
        func merged(with other: Origin, _ residue: (Residue, Residue) -> Residue?) -> Origin {
            let isRational = isRational && other.isRational
            let value = isRational ? self.residue.flatMap { a in other.residue.flatMap { residue(a, $0) } } : nil
            return Origin(isRational: isRational, residue: value, depth: max(depth, other.depth))
        }

        /// The origin of a function's value. A small argument is as good as added to 1, as is the inverse of a large one.
        func irrational(of argument: RealBall) -> Origin {
            Origin(depth: max(depth, argument.containsZero ? 0 : abs(argument.top)))
        }
    }

    init(_ real: RealBall, _ imaginary: RealBall? = nil, origin: Origin = Origin()) {
        self.real = real
        self.imaginary = imaginary ?? .zero(precision: real.precision)
        self.origin = origin
    }

    init?(_ value: Rational, precision: Int) {
        guard let real = RealBall(value, precision: precision) else { return nil }
        self.init(
            real, origin: Origin(isRational: true, residue: Residue(value), depth: value.width))
    }

    static func imaginaryUnit(precision: Int) -> ComplexBall {
        ComplexBall(.zero(precision: precision), .one(precision: precision))
    }

    var precision: Int { real.precision }
    var isReal: Bool { imaginary.isExactlyZero }
    var containsZero: Bool { real.containsZero && imaginary.containsZero }
    /// At least the absolute value, at most √2 times too large.
    var magnitude: Bound { real.magnitude + imaginary.magnitude }
    /// At least the distance of the number from the midpoint.
    var radius: Bound { real.radius + imaginary.radius }

    // MARK: Arithmetic

    var negated: ComplexBall {
        var origin = origin
        origin.residue = origin.residue?.negated
        return ComplexBall(real.negated, imaginary.negated, origin: origin)
    }

    static func + (a: ComplexBall, b: ComplexBall) -> ComplexBall? {
        guard let real = a.real + b.real, let imaginary = a.imaginary + b.imaginary else { return nil }
        var origin = a.origin.merged(with: b.origin, +)
        for (x, y) in [(a.real, b.real), (a.imaginary, b.imaginary)] where !x.containsZero && !y.containsZero {
            origin.depth = max(origin.depth, abs(x.top - y.top))
        }
        return ComplexBall(real, imaginary, origin: origin)
    }

    static func * (a: ComplexBall, b: ComplexBall) -> ComplexBall? {
        let origin = a.origin.merged(with: b.origin, *)
        if a.isReal || b.isReal {
            let (factor, other) = a.isReal ? (a.real, b) : (b.real, a)
            guard let real = other.real * factor, let imaginary = other.imaginary * factor else { return nil }
            return ComplexBall(real, imaginary, origin: origin)
        }
        guard let rr = a.real * b.real, let ii = a.imaginary * b.imaginary, let ri = a.real * b.imaginary,
            let ir = a.imaginary * b.real, let real = rr - ii, let imaginary = ri + ir
        else { return nil }
        return ComplexBall(real, imaginary, origin: origin)
    }

    /// `1 / self`; `nil` near zero.
    var reciprocal: ComplexBall? {
        var origin = origin
        origin.residue = origin.residue?.reciprocal
        if isReal { return real.reciprocal.map { ComplexBall($0, origin: origin) } }
        guard let inverse = squaredMagnitude?.reciprocal, let x = real * inverse, let y = imaginary * inverse else {
            return nil
        }
        return ComplexBall(x, y.negated, origin: origin)
    }

    private var squaredMagnitude: RealBall? {
        guard let x = real * real, let y = imaginary * imaginary else { return nil }
        return x + y
    }

    /// An integer power, by repeated squaring.
    func power(_ exponent: BigInt) -> ComplexBall? {
        guard let base = exponent.signum() < 0 ? reciprocal : self else { return nil }
        var result = ComplexBall(.one(precision: precision), origin: Origin(isRational: true))
        for bit in (0..<exponent.magnitude.bitWidth).reversed() {
            guard let square = result * result,
                let next = exponent.magnitude[bitAt: bit] ? square * base : square
            else { return nil }
            result = next
        }
        result.origin = base.origin
        result.origin.residue = base.origin.residue?.power(exponent.magnitude)
        return result
    }

    /// `self` times a real number.
    func scaled(by factor: RealBall?) -> ComplexBall? { factor.flatMap { self * ComplexBall($0) } }

    // MARK: Functions

    var absolute: ComplexBall? {
        if isReal {
            var result = ComplexBall(real.absolute, origin: origin)
            if real.significand.signum() < 0 { result.origin.residue = origin.residue?.negated }
            return result
        }
        return squaredMagnitude?.squareRoot.map {
            ComplexBall($0, origin: origin.irrational(of: real).irrational(of: imaginary))
        }
    }

    /// The number itself; a negative one whose imaginary part is zero in 300 digits lies on the negative real axis, where
    /// logarithms and roots jump.
    private var onCut: ComplexBall {
        guard real.isNegative, imaginary.containsZero,
            imaginary.magnitude <= real.leastSize.scaled(by: -NumericValue.evidence)
        else { return self }
        return ComplexBall(real, origin: origin)
    }

    /// The principal square root; `nil` for a ball that contains zero and other numbers.
    var squareRoot: ComplexBall? {
        guard isReal else { return logarithm?.scaled(by: .one(precision: precision).scaled(by: -1))?.exponential }
        let origin = Origin(depth: origin.depth)
        if real.isNegative {
            return real.negated.squareRoot.map { ComplexBall(.zero(precision: precision), $0, origin: origin) }
        }
        return real.squareRoot.map { ComplexBall($0, origin: origin) }
    }

    /// `e^(x + iy) = e^x (cos y + i sin y)`.
    var exponential: ComplexBall? {
        guard let size = real.exponential else { return nil }
        let origin = origin.irrational(of: real)
        if isReal { return ComplexBall(size, origin: origin) }
        guard let (cosine, sine) = imaginary.wave, let x = size * cosine, let y = size * sine else { return nil }
        return ComplexBall(x, y, origin: origin.irrational(of: imaginary))
    }

    /// The principal logarithm, `ln |z| + i arg z`.
    var logarithm: ComplexBall? {
        let origin = isReal ? Origin(depth: origin.depth) : origin.irrational(of: real).irrational(of: imaginary)
        if isReal && real.isPositive { return real.logarithm.map { ComplexBall($0, origin: origin) } }
        guard let size = squaredMagnitude?.logarithm?.scaled(by: -1),
            let angle = RealBall.angle(onCut.imaginary, real)
        else { return nil }
        return ComplexBall(size, angle, origin: origin)
    }

    /// The cosine and the sine: `cos(x + iy) = cos x cosh y - i sin x sinh y`, `sin(x + iy) = sin x cosh y + i cos x sinh y`.
    var wave: (cosine: ComplexBall, sine: ComplexBall)? {
        guard let (x, y) = real.wave else { return nil }
        let origin = origin.irrational(of: real)
        let cosine = ComplexBall(x, origin: origin), sine = ComplexBall(y, origin: origin)
        if isReal { return (cosine, sine) }
        let unit = ComplexBall.imaginaryUnit(precision: precision)
        guard let (even, odd) = ComplexBall(imaginary, origin: origin).hyperbola, let turned = odd * unit,
            let a = cosine * even, let b = sine * turned, let c = sine * even, let d = cosine * turned,
            let first = a + b.negated, let second = c + d
        else { return nil }
        return (first, second)
    }

    /// The hyperbolic cosine and sine of a real number, `(e^x ± e^-x) / 2`. For a small `x`, `|sinh x - x| ≤ |x|³`.
    var hyperbola: (cosine: ComplexBall, sine: ComplexBall)? {
        guard isReal, let half = RealBall.one(precision: precision).scaled(by: -1),
            let power = exponential, let up = power.scaled(by: half), let down = power.reciprocal?.scaled(by: half),
            let even = up + down, let odd = up + down.negated
        else { return nil }
        guard real.top < -precision / 2 else { return (even, odd) }
        let size = real.magnitude
        return (even, ComplexBall(real.adding(radius: size * size * size), origin: origin.irrational(of: real)))
    }

    /// A function of a real number; `nil` at a complex one.
    func mapReal(_ function: (RealBall) -> RealBall?) -> ComplexBall? {
        guard isReal else { return nil }
        return function(real).map { ComplexBall($0, origin: origin.irrational(of: real)) }
    }
}

extension RealBall {
    var inverseTangent: RealBall? { .angle(self, .one(precision: precision)) }

    /// The angle with this sine, from the point `(√((1 - x)(1 + x)), x)`; `nil` outside -1...1.
    var inverseSine: RealBall? { complement.flatMap { .angle(self, $0) } }

    /// The angle with this cosine.
    var inverseCosine: RealBall? { complement.flatMap { .angle($0, self) } }

    private var complement: RealBall? {
        let one = RealBall.one(precision: precision)
        return (one - self).flatMap { less in (one + self).flatMap { less * $0 } }?.squareRoot
    }
}
