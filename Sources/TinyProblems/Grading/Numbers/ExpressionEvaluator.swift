import Foundation

/// Evaluates expressions: exactly where all values are fractions, else in doubles with error bounds.
///
/// A budget of steps limits the work; when it is used up, every value is `nil`, so that no further answers are equal.
struct ExpressionEvaluator {
    /// Most steps of one comparison. A node costs one step, an exact number of `w` machine words another `w² / 8`.
    static let maximumSteps = 60_000

    private(set) var steps = Self.maximumSteps
    /// Index of the point at which variables are evaluated; see ``value(of:)-(String)``.
    var point = 0
    /// Whether a logarithm without a base has base 10 instead of e.
    var commonLogarithms = false
    private var degreesAreAngles = false

    /// The value of an expression; `nil` where it is undefined, too large, or no expression.
    mutating func value(of tree: AnswerTree) -> NumericValue? {
        steps -= 1
        guard steps > 0, let value = node(tree) else { return nil }
        if case .exact(let number) = value { steps -= number.cost }
        return value
    }

    private mutating func node(_ tree: AnswerTree) -> NumericValue? {
        switch tree {
        case .number(let value): return .exact(value)
        case .based(let digits, let base): return integer(digits, base: base).map(NumericValue.exact)
        case .constant(.pi): return Approximation(Double.pi).map(NumericValue.approximate)
        case .constant(.e): return Approximation(M_E).map(NumericValue.approximate)
        case .constant(.i): return .approximate(.imaginaryUnit)
        case .variable(let name): return .exact(value(of: name))
        case .negative(let part): return value(of: part)?.negated
        case .sum(let parts): return fold(parts, +)
        case .product(let parts): return fold(parts, *)
        case .quotient(let top, let bottom):
            guard let top = value(of: top), let inverse = value(of: bottom)?.reciprocal else { return nil }
            return top * inverse
        case .power(let base, let exponent):
            guard let exponentValue = value(of: exponent) else { return nil }
            // The exponential of z is more exact than a power of e computed with a logarithm.
            if base == .constant(.e), exponentValue.rational?.isInteger != true {
                return exponentValue.approximation?.exponential.map(NumericValue.approximate)
            }
            return value(of: base)?.power(exponentValue, isFixed: !exponent.hasVariables)
        case .root(let radicand, let index):
            guard let index = value(of: index)?.reciprocal else { return nil }
            return value(of: radicand)?.power(index, isFixed: true)
        case .degrees(let part):
            guard let number = value(of: part) else { return nil }
            guard degreesAreAngles else { return number }
            return Approximation(Double.pi / 180).flatMap { number * .approximate($0) }
        case .function(let function, let arguments): return apply(function, arguments)
        default: return nil
        }
    }

    private mutating func fold(
        _ parts: [AnswerTree], _ combine: (NumericValue, NumericValue) -> NumericValue?
    ) -> NumericValue? {
        guard let first = parts.first, var total = value(of: first) else { return nil }
        for part in parts.dropFirst() {
            guard let next = value(of: part), let combined = combine(total, next) else { return nil }
            if case .exact(let number) = combined { steps -= number.cost }
            total = combined
        }
        return total
    }

    /// A variable's value at the current point: a fraction derived from its name, alternately near 1, 17 and 3, and
    /// from the fourth point on with a random sign.
    ///
    /// Numerators of four digits over a prime make coincidences such as `x = y²` implausible: a polynomial that is not zero
    /// vanishes at such a point with a probability of about degree/2000 (Schwartz and Zippel).
    private func value(of name: String) -> Rational {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ UInt64(point)) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 31
        let numerator = (300 + Int(hash % 2_003)) * [1, 17, 3][point % 3]
        let isNegative = point >= 3 && hash >> 62 & 1 == 1
        return (Rational(isNegative ? -numerator : numerator) / Rational(1_009)) ?? .one
    }

    private func integer(_ digits: String, base: Int) -> Rational? {
        guard (2...36).contains(base), digits.utf8.count <= 64 else { return nil }
        return Rational(digits: digits, base: base)
    }

    // MARK: Functions

    private mutating func apply(_ function: MathFunction, _ arguments: [AnswerTree]) -> NumericValue? {
        let outer = degreesAreAngles
        degreesAreAngles = function.isTrigonometric
        var values: [NumericValue] = []
        for argument in arguments {
            guard let value = value(of: argument) else { break }
            values.append(value)
        }
        degreesAreAngles = outer
        guard values.count == arguments.count, let first = values.first else { return nil }
        switch function {
        case .min, .max, .gcd, .lcm: return choose(function, values)
        case .binomial: return values.count == 2 ? binomial(values[0], values[1]) : nil
        case .modulo: return values.count == 2 ? modulo(values[0], values[1]) : nil
        case .log:
            guard values.count <= 2 else { return nil }
            if values.count == 1 && !commonLogarithms { return first.logarithm }
            return logarithm(first, base: values.count == 2 ? values[1] : .exact(Rational(10)))
        default: return values.count == 1 ? unary(function, first) : nil
        }
    }

    private mutating func unary(_ function: MathFunction, _ argument: NumericValue) -> NumericValue? {
        switch function {
        case .sqrt: return argument.power(.exact(.half), isFixed: true)
        case .cbrt: return (Rational.one / Rational(3)).flatMap { argument.power(.exact($0), isFixed: true) }
        case .abs:
            if let value = argument.rational { return .exact(value.magnitude) }
            return argument.approximation.flatMap { Approximation($0.magnitude, inherited: $0.error) }.map(
                NumericValue.approximate)
        case .floor, .ceil: return argument.rounded(up: function == .ceil)
        case .factorial: return factorial(argument)
        case .ln: return argument.logarithm
        default: return argument.approximation.flatMap { transcendental(function, $0) }.map(NumericValue.approximate)
        }
    }

    private func transcendental(_ function: MathFunction, _ x: Approximation) -> Approximation? {
        switch function {
        case .sin: return x.sine
        case .cos: return x.cosine
        case .tan: return x.cosine?.reciprocal.flatMap { cosine in x.sine.flatMap { $0 * cosine } }
        case .cot: return x.sine?.reciprocal.flatMap { sine in x.cosine.flatMap { $0 * sine } }
        case .sec: return x.cosine?.reciprocal
        case .csc: return x.sine?.reciprocal
        case .exp: return x.exponential
        case .sinh: return x.mapReal(sinh, slope: cosh)
        case .cosh: return x.mapReal(cosh, slope: sinh)
        case .tanh: return x.mapReal(tanh) { _ in 1 }
        case .arctan: return x.mapReal(atan) { _ in 1 }
        case .arcsin, .arccos:
            let slope = { (value: Double) in 1 / (1 - value * value).squareRoot() }
            guard abs(x.real) <= 1 else { return nil }
            if abs(x.real) == 1 && x.error == 0 { return x.mapReal(function == .arcsin ? asin : acos) { _ in 0 } }
            return x.mapReal(function == .arcsin ? asin : acos, slope: slope)
        default: return nil
        }
    }

    private func logarithm(_ value: NumericValue, base: NumericValue) -> NumericValue? {
        guard let top = value.logarithm, let bottom = base.logarithm?.reciprocal else { return nil }
        return top * bottom
    }

    private mutating func choose(_ function: MathFunction, _ values: [NumericValue]) -> NumericValue? {
        let numbers = values.compactMap(\.rational)
        guard numbers.count == values.count, var result = numbers.first else { return nil }
        for number in numbers.dropFirst() {
            switch function {
            case .min: if number < result { result = number }
            case .max: if result < number { result = number }
            default:
                guard let combined = result.divisorOrMultiple(of: number, isMultiple: function == .lcm) else {
                    return nil
                }
                result = combined
            }
        }
        return .exact(result)
    }

    private mutating func factorial(_ value: NumericValue) -> NumericValue? {
        if let count = value.rational?.integer(upTo: 400) {
            guard count >= 0 else { return nil }
            var product = Rational.one
            for factor in stride(from: 2, through: count, by: 1) {
                guard let next = product * Rational(factor) else { return nil }
                product = next
            }
            steps -= count
            return .exact(product)
        }
        return value.gamma
    }

    private mutating func binomial(_ n: NumericValue, _ k: NumericValue) -> NumericValue? {
        if let top = n.rational?.integer(upTo: 1_000), let bottom = k.rational?.integer(upTo: 1_000) {
            guard bottom >= 0, top >= 0 else { return nil }
            guard bottom <= top else { return .exact(.zero) }
            var value = Rational.one
            for step in stride(from: 1, through: min(bottom, top - bottom), by: 1) {
                guard let times = value * Rational(top - step + 1), let next = times / Rational(step) else {
                    return nil
                }
                value = next
            }
            steps -= 4 * bottom
            return .exact(value)
        }
        guard let difference = n + k.negated, let a = n.gamma, let b = k.gamma, let c = difference.gamma else {
            return nil
        }
        return (b * c)?.reciprocal.flatMap { a * $0 }
    }

    private func modulo(_ value: NumericValue, _ modulus: NumericValue) -> NumericValue? {
        guard let a = value.rational, let b = modulus.rational, !b.isZero, let ratio = a / b,
            let whole = ratio.floor * b
        else { return nil }
        return (a - whole).map(NumericValue.exact)
    }
}

extension NumericValue {
    /// The principal natural logarithm.
    fileprivate var logarithm: NumericValue? {
        if let value = rational, value == .one { return .exact(.zero) }
        return approximation?.logarithm.map(NumericValue.approximate)
    }

    /// The nearest integer below or above; `nil` where the error bound leaves two possible results.
    fileprivate func rounded(up: Bool) -> NumericValue? {
        if let value = rational { return .exact(up ? value.negated.floor.negated : value.floor) }
        guard let value = approximation, value.isReal, value.magnitude < 1e15 else { return nil }
        let low = up ? (value.real - value.error).rounded(.up) : (value.real - value.error).rounded(.down)
        let high = up ? (value.real + value.error).rounded(.up) : (value.real + value.error).rounded(.down)
        return low == high ? .exact(Rational(Int(low))) : nil
    }

    /// `Γ(x + 1)` of a real number above -1.
    fileprivate var gamma: NumericValue? {
        guard let value = approximation, value.isReal, value.real > -0.99, value.real < 150 else { return nil }
        let result = tgamma(value.real + 1)
        // The digamma function stays below 6 here.
        return Approximation(result, inherited: abs(result) * (12 * value.error + 1e-13)).map(NumericValue.approximate)
    }
}
