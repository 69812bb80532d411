import BigInt

/// Evaluates expressions: exactly where all values are fractions of moderate size, else in ball arithmetic.
///
/// A budget of steps limits the work; when it is used up, every value is `nil`, so that no further answers are equal.
struct ExpressionEvaluator {
    /// Most steps of one comparison. A step is about 0.1 µs: an operation on numbers of `w` machine words takes `w² / 32` or
    /// `w² / 16`, an elementary function 60 operations.
    static let maximumSteps = 400_000

    private(set) var steps = Self.maximumSteps
    /// The values of variables.
    var point = SamplePoint()
    /// Whether only real numbers are values: roots and logarithms of negative numbers have none then.
    var isReal = false
    /// Whether a logarithm without a base has base 10 instead of e.
    var commonLogarithms = false
    /// Bits of numbers that are not exact.
    private var precision = NumericValue.firstPrecision
    private var degreesAreAngles = false

    /// Whether two expressions have the same value; `nil` when one has no value or it cannot be decided.
    ///
    /// Balls of 128 bits come first. Where they overlap, both are evaluated again at the precision that the comparison asks for.
    mutating func areEqual(_ a: AnswerTree, _ b: AnswerTree) -> Bool? {
        for precision in [NumericValue.firstPrecision, NumericValue.secondPrecision] {
            guard let x = value(of: a, precision: precision), let y = value(of: b, precision: precision) else {
                continue
            }
            return decide(x, y, precision: precision) { evaluator, precision in
                (evaluator.value(of: a, precision: precision), evaluator.value(of: b, precision: precision))
            }
        }
        return nil
    }

    /// Whether two expressions have the same value as far as 128 bits show; `nil` when one has no value.
    mutating func haveSameDigits(_ a: AnswerTree, _ b: AnswerTree) -> Bool? {
        let precision = NumericValue.firstPrecision
        guard let x = value(of: a, precision: precision), let y = value(of: b, precision: precision) else { return nil }
        return NumericValue.haveSameDigits(x, y, precision: precision)
    }

    /// Compares two values, and again at the precision that is asked for, at most three times.
    mutating func decide(
        _ a: NumericValue, _ b: NumericValue, precision: Int,
        again: (inout Self, Int) -> (NumericValue?, NumericValue?)
    ) -> Bool? {
        var verdict = NumericValue.compare(a, b, precision: precision)
        for _ in 0..<3 {
            guard case .undecided(let needed?) = verdict else { break }
            guard case (let a?, let b?) = again(&self, needed) else { return nil }
            verdict = NumericValue.compare(a, b, precision: needed)
        }
        switch verdict {
        case .equal: return true
        case .different: return false
        case .undecided: return nil
        }
    }

    /// -1, 0 or 1 as a real number is below, equal to or above another; `nil` where that is unknown or one is not real.
    mutating func order(_ a: AnswerTree, _ b: AnswerTree) -> Int? {
        guard let areEqual = areEqual(a, b) else { return nil }
        if areEqual { return 0 }
        for precision in [NumericValue.firstPrecision, NumericValue.secondPrecision] {
            guard let x = value(of: a, precision: precision), let y = value(of: b, precision: precision) else {
                return nil
            }
            if let x = x.rational, let y = y.rational { return x < y ? -1 : 1 }
            guard x.isReal, y.isReal,
                let gap = x.adding(y.negated, precision: precision)?.ball(precision: precision)?.real
            else { return nil }
            if gap.isPositive { return 1 }
            if gap.isNegative { return -1 }
        }
        return nil
    }

    /// The value of an expression in balls of a precision, fractions aside.
    mutating func value(of tree: AnswerTree, precision: Int) -> NumericValue? {
        self.precision = precision
        return value(of: tree)
    }

    /// The value of an expression; `nil` where it is undefined, uncertain, too large, or no expression.
    private mutating func value(of tree: AnswerTree) -> NumericValue? {
        steps -= 2
        guard steps > 0, let value = node(tree) else { return nil }
        steps -= cost(of: value)
        return isReal && !value.isReal ? nil : value
    }

    private func cost(of value: NumericValue) -> Int { value.rational?.cost ?? ballCost }

    private var ballCost: Int { 6 + precision * precision / 65_536 }
    private var functionCost: Int { 60 * ballCost }

    private mutating func node(_ tree: AnswerTree) -> NumericValue? {
        switch tree {
        case .number(let value): return .exact(value)
        case .based(let digits, let base): return integer(digits, base: base).map(NumericValue.exact)
        case .constant(.pi): return RealBall.pi(precision: precision).map { .ball(ComplexBall($0)) }
        case .constant(.e): return RealBall.one(precision: precision).exponential.map { .ball(ComplexBall($0)) }
        case .constant(.i): return .ball(.imaginaryUnit(precision: precision))
        case .variable(let name): return .exact(point.value(of: name))
        case .negative(let part): return value(of: part)?.negated
        case .sum(let parts): return fold(parts) { $0.adding($1, precision: $2) }
        case .product(let parts): return fold(parts) { $0.multiplied(by: $1, precision: $2) }
        case .quotient(let top, let bottom):
            guard let top = value(of: top), let inverse = value(of: bottom)?.reciprocal else { return nil }
            return top.multiplied(by: inverse, precision: precision)
        case .power(let base, let exponent):
            guard let exponentValue = value(of: exponent) else { return nil }
            // The exponential of z is more exact than a power of e computed with a logarithm.
            if base == .constant(.e), exponentValue.rational?.isInteger != true {
                return function(of: exponentValue) { $0.exponential }
            }
            guard let baseValue = value(of: base) else { return nil }
            return power(baseValue, exponentValue, isFixed: !exponent.hasVariables)
        case .root(let radicand, let index):
            guard let index = value(of: index)?.reciprocal, let radicand = value(of: radicand) else { return nil }
            return power(radicand, index, isFixed: true)
        case .degrees(let part):
            guard let number = value(of: part) else { return nil }
            guard degreesAreAngles else { return number }
            return Rational(180).reciprocal.flatMap {
                number.multiplied(by: .exact($0), precision: precision)
            }.flatMap { degrees in
                RealBall.pi(precision: precision).flatMap {
                    degrees.multiplied(by: .ball(ComplexBall($0)), precision: precision)
                }
            }
        case .function(let function, let arguments): return apply(function, arguments)
        default: return nil
        }
    }

    private mutating func fold(
        _ parts: [AnswerTree], _ combine: (NumericValue, NumericValue, Int) -> NumericValue?
    ) -> NumericValue? {
        guard let first = parts.first, var total = value(of: first) else { return nil }
        for part in parts.dropFirst() {
            guard let next = value(of: part), let combined = combine(total, next, precision) else { return nil }
            steps -= cost(of: combined)
            total = combined
        }
        return total
    }

    private mutating func power(_ base: NumericValue, _ exponent: NumericValue, isFixed: Bool) -> NumericValue? {
        let fraction = exponent.rational
        let isWhole = fraction?.isInteger == true
        if isReal, base.isNegative, !isWhole, !isFixed || fraction?.hasEvenDenominator != false { return nil }
        steps -= isWhole ? ballCost * exponent.bits : 2 * functionCost
        guard steps > 0 else { return nil }
        return base.power(exponent, isFixed: isFixed, precision: precision)
    }

    /// A function's value in balls.
    private mutating func function(
        of argument: NumericValue, _ body: (ComplexBall) -> ComplexBall?
    ) -> NumericValue? {
        steps -= functionCost
        guard steps > 0, let ball = argument.ball(precision: precision) else { return nil }
        return body(ball).map(NumericValue.ball)
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
        case .min, .max: return extreme(values, isLargest: function == .max)
        case .gcd, .lcm: return divisorOrMultiple(values, isMultiple: function == .lcm)
        case .binomial: return values.count == 2 ? binomial(values[0], values[1]) : nil
        case .modulo: return values.count == 2 ? modulo(values[0], values[1]) : nil
        case .log:
            guard values.count <= 2 else { return nil }
            if values.count == 1 && !commonLogarithms { return logarithm(first) }
            return logarithm(first, base: values.count == 2 ? values[1] : .exact(Rational(10)))
        default: return values.count == 1 ? unary(function, first) : nil
        }
    }

    private mutating func unary(_ function: MathFunction, _ argument: NumericValue) -> NumericValue? {
        switch function {
        case .sqrt: return power(argument, .exact(.half), isFixed: true)
        case .cbrt: return Rational(3).reciprocal.flatMap { power(argument, .exact($0), isFixed: true) }
        case .abs:
            if let value = argument.rational { return .exact(value.magnitude) }
            return self.function(of: argument) { $0.absolute }
        case .floor: return rounded(argument)
        case .ceil: return rounded(argument.negated)?.negated
        case .factorial: return factorial(argument)
        case .ln: return logarithm(argument)
        case .exp where argument.rational?.isZero == true: return .exact(.one)
        default: return self.function(of: argument) { Self.transcendental(function, $0) }
        }
    }

    private static func transcendental(_ function: MathFunction, _ x: ComplexBall) -> ComplexBall? {
        switch function {
        case .exp: return x.exponential
        case .sin: return x.wave?.sine
        case .cos: return x.wave?.cosine
        case .tan: return x.wave.flatMap { wave in wave.cosine.reciprocal.flatMap { wave.sine * $0 } }
        case .cot: return x.wave.flatMap { wave in wave.sine.reciprocal.flatMap { wave.cosine * $0 } }
        case .sec: return x.wave?.cosine.reciprocal
        case .csc: return x.wave?.sine.reciprocal
        case .sinh: return x.hyperbola?.sine
        case .cosh: return x.hyperbola?.cosine
        case .tanh: return x.hyperbola.flatMap { curve in curve.cosine.reciprocal.flatMap { curve.sine * $0 } }
        case .arcsin: return x.mapReal(\.inverseSine)
        case .arccos: return x.mapReal(\.inverseCosine)
        case .arctan: return x.mapReal(\.inverseTangent)
        default: return nil
        }
    }

    // MARK: Logarithms

    /// The principal natural logarithm.
    private mutating func logarithm(_ value: NumericValue) -> NumericValue? {
        if let value = value.rational, value == .one { return .exact(.zero) }
        return isReal && value.isNegative ? nil : function(of: value) { $0.logarithm }
    }

    /// A logarithm with a base: exact where it is an integer of two fractions.
    private mutating func logarithm(_ value: NumericValue, base: NumericValue) -> NumericValue? {
        guard let top = logarithm(value), let bottom = logarithm(base)?.reciprocal,
            let quotient = top.multiplied(by: bottom, precision: precision)
        else { return nil }
        guard let value = value.rational, let base = base.rational, case .ball(let ball) = quotient, ball.isReal,
            let half = RealBall(.half, precision: precision), let nearest = (ball.real + half)?.floor,
            let count = Int(exactly: nearest), base.power(count) == value
        else { return quotient }
        return .exact(Rational(count))
    }

    // MARK: Integers

    /// The nearest integer below; `nil` where the ball leaves two possible results.
    private func rounded(_ value: NumericValue) -> NumericValue? {
        switch value {
        case .exact(let value): .exact(value.floor)
        case .ball(let value): value.isReal ? value.real.floor.flatMap { Rational($0) }.map(NumericValue.exact) : nil
        }
    }

    /// The smallest or largest of real values; `nil` where the balls of two overlap.
    private func extreme(_ values: [NumericValue], isLargest: Bool) -> NumericValue? {
        var result = values[0]
        for value in values.dropFirst() {
            let isLess: Bool
            if let a = value.rational, let b = result.rational {
                isLess = a < b
            } else {
                guard value.isReal, result.isReal,
                    let gap = value.adding(result.negated, precision: precision)?.ball(precision: precision),
                    !gap.containsZero
                else { return nil }
                isLess = gap.real.isNegative
            }
            if isLess != isLargest { result = value }
        }
        return result
    }

    private func divisorOrMultiple(_ values: [NumericValue], isMultiple: Bool) -> NumericValue? {
        guard var result = values[0].rational, result.isInteger else { return nil }
        for value in values.dropFirst() {
            guard let combined = value.rational?.divisorOrMultiple(of: result, isMultiple: isMultiple) else {
                return nil
            }
            result = combined
        }
        return .exact(result)
    }

    /// `n!` of a whole number up to 2,500.
    private mutating func factorial(_ value: NumericValue) -> NumericValue? {
        guard let count = value.rational?.integer(upTo: 2_500), count >= 0 else { return nil }
        return product(of: count) { .exact(Rational($0 + 1)) }
    }

    /// `n (n - 1) … (n - k + 1) / k!` of whole numbers up to 10,000.
    private mutating func binomial(_ n: NumericValue, _ k: NumericValue) -> NumericValue? {
        guard let top = n.rational?.integer(upTo: 10_000), let bottom = k.rational?.integer(upTo: 10_000), bottom >= 0,
            top >= 0
        else { return nil }
        guard bottom <= top else { return .exact(.zero) }
        return product(of: min(bottom, top - bottom)) { index in
            (Rational(top - index) / Rational(index + 1)).map(NumericValue.exact)
        }
    }

    /// The product of `count` numbers, exact while it fits.
    private mutating func product(of count: Int, factor: (Int) -> NumericValue?) -> NumericValue? {
        var product = NumericValue.exact(.one)
        for index in 0..<count {
            guard steps > 0, let next = factor(index)?.multiplied(by: product, precision: precision) else { return nil }
            product = next
            steps -= product.rational.map { 4 + $0.width / 256 } ?? ballCost
        }
        return product
    }

    private func modulo(_ value: NumericValue, _ modulus: NumericValue) -> NumericValue? {
        guard let a = value.rational, let b = modulus.rational, !b.isZero, let ratio = a / b,
            let whole = ratio.floor * b
        else { return nil }
        return (a - whole).map(NumericValue.exact)
    }
}
