import BigInt

/// Elementary functions of fixed-point numbers: integers that count units of `2^-bits`.
///
/// All divisions and shifts drop the fraction, which changes a result by less than one unit.
extension FixedPoint {
    /// A product of two fixed-point numbers.
    static func product(_ a: BigInt, _ b: BigInt, _ bits: Int) -> BigInt { shifted(a * b, -bits) }

    /// `value · 2^count` without its fraction. (`BigInt`'s own shift never reaches zero for negative numbers.)
    static func shifted(_ value: BigInt, _ count: Int) -> BigInt {
        count >= 0 ? value << count : BigInt(sign: value.sign, magnitude: value.magnitude >> -count)
    }

    /// Halvings of an argument before its series: about as many as terms then follow.
    private static func halvings(_ bits: Int) -> Int { Int(Double(bits).squareRoot()) / 2 + 2 }

    /// `e^t` for `|t| ≤ 0.35`, off by at most 2 units.
    ///
    /// The series runs at `t / 2^h`, and its sum is squared `h` times, with `2h + 16` guard bits. Of `N` terms each is off by
    /// at most 4 units, the omitted rest by fewer than 10; a squaring of a number below √2 turns an error `ε` into at most
    /// `3ε + 1`. So `3^h (4N + 13)` units of `2^-(2h+16)` remain, less than one unit.
    static func exponential(_ t: BigInt, bits: Int) -> BigInt {
        let h = halvings(bits), guarded = bits + 2 * h + 16
        let reduced = shifted(t, h + 16)
        var term = BigInt(1) << guarded
        var sum = term
        var n = 1
        while !term.isZero {
            term = product(term, reduced, guarded) / BigInt(n)
            sum += term
            n += 1
        }
        for _ in 0..<h { sum = product(sum, sum, guarded) }
        return shifted(sum, bits - guarded)
    }

    /// `cos t` and `sin t` for `|t| ≤ 0.8`, each off by at most 2 units: `e^(it)` in the way of ``exponential(_:bits:)``.
    static func wave(_ t: BigInt, bits: Int) -> (cosine: BigInt, sine: BigInt) {
        let h = halvings(bits), guarded = bits + 2 * h + 16
        let reduced = shifted(t, h + 16)
        var term = BigInt(1) << guarded
        var cosine = term, sine = BigInt(0)
        var n = 1
        while !term.isZero {
            term = product(term, reduced, guarded) / BigInt(n)
            switch n & 3 {
            case 0: cosine += term
            case 1: sine += term
            case 2: cosine -= term
            default: sine -= term
            }
            n += 1
        }
        for _ in 0..<h {
            (cosine, sine) = (
                product(cosine + sine, cosine - sine, guarded), shifted(cosine * sine, 1 - guarded)
            )
        }
        return (shifted(cosine, bits - guarded), shifted(sine, bits - guarded))
    }

    /// artanh or arctan of a small number: `z ± z³/3 + z⁵/5 ± …`, off by at most 2 units a term, and its number of terms.
    static func inverseTangent(_ z: BigInt, bits: Int, alternates: Bool) -> (value: BigInt, terms: Int) {
        let square = product(z, z, bits)
        var power = z, sum = z
        var k = 1
        while !power.isZero {
            power = product(power, square, bits)
            let term = power / BigInt(2 * k + 1)
            sum += alternates && k & 1 == 1 ? -term : term
            k += 1
        }
        return (sum, k)
    }
}
