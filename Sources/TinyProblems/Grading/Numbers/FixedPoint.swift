import BigInt

/// Elementary functions of fixed-point numbers: integers that count units of `2^-bits`.
///
/// All divisions and shifts drop the fraction, which changes a result by less than one unit.
enum FixedPoint {
    /// A product of two fixed-point numbers.
    static func product(_ a: BigInt, _ b: BigInt, _ bits: Int) -> BigInt { shifted(a * b, -bits) }

    /// `value · 2^count` without its fraction. (`BigInt`'s own shift never reaches zero for negative numbers.)
    static func shifted(_ value: BigInt, _ count: Int) -> BigInt {
        count >= 0 ? value << count : BigInt(sign: value.sign, magnitude: value.magnitude >> -count)
    }

    /// `e^t` for `|t| ≤ 0.35`, off by at most 2 units.
    static func exponential(_ t: BigInt, bits: Int) -> BigInt {
        let series = Series(t, bits: bits)
        var value = series.sum { _ in true }
        for _ in 0..<series.halvings { value = product(value, value, series.bits) }
        return shifted(value, bits - series.bits)
    }

    /// `cos t` and `sin t` for `|t| ≤ 0.8`, each off by at most 2 units: the real and imaginary part of `e^(it)`.
    static func wave(_ t: BigInt, bits: Int) -> (cosine: BigInt, sine: BigInt) {
        let series = Series(t, bits: bits)
        var cosine = series.sum { $0 & 3 == 0 } - series.sum { $0 & 3 == 2 }
        var sine = series.sum { $0 & 3 == 1 } - series.sum { $0 & 3 == 3 }
        for _ in 0..<series.halvings {
            (cosine, sine) = (
                product(cosine + sine, cosine - sine, series.bits), shifted(cosine * sine, 1 - series.bits)
            )
        }
        return (shifted(cosine, bits - series.bits), shifted(sine, bits - series.bits))
    }

    /// The series of `e^x` at `x = t / 2^h`, whose value is to be squared `h` times, with `2h + 16` guard bits.
    ///
    /// `xⁿ/n!` with `n = rq + j` is `x^(rq)/n!` times `x^j`. The first factors are added up for each `j`, so that the series needs
    /// `r` and every `r`th of its products only (D. M. Smith, "Efficient multiple-precision evaluation of elementary
    /// functions", Mathematics of Computation 52, 1989).
    ///
    /// Of `N` terms each is off by at most 4 units, a power `x^j` by `2j`, and the omitted rest is fewer than 10 units. A squaring
    /// of a number of absolute value below √2 turns an error `ε` into at most `3ε + 3`. So `3^h (4N + 3r² + 13)` units
    /// remain; `N` is below 400 and `r` at most 16, and that is less than one unit without the guard bits.
    private struct Series {
        let bits: Int
        let halvings: Int
        private let powers: [BigInt]
        private var sums: [BigInt]

        init(_ t: BigInt, bits outer: Int) {
            halvings = Int(Double(outer).squareRoot() * 0.3) + 3
            bits = outer + 2 * halvings + 16
            let x = shifted(t, halvings + 16)
            let count = outer < 1_000 ? 4 : outer < 3_000 ? 8 : 16
            var powers = [BigInt(1) << bits, x]
            while powers.count <= count { powers.append(product(powers[powers.count - 1], x, bits)) }
            sums = Array(repeating: 0, count: count)
            var factor = powers[0]
            var n = 0
            while !factor.isZero {
                for index in 0..<count {
                    if n > 0 { factor /= BigInt(n) }
                    sums[index] += factor
                    n += 1
                }
                factor = product(factor, powers[count], bits)
            }
            self.powers = powers
        }

        /// The terms whose number modulo `r` fulfils a condition.
        func sum(_ isIncluded: (Int) -> Bool) -> BigInt {
            var total = BigInt(0)
            for index in sums.indices where isIncluded(index) { total += sums[index] * powers[index] }
            return shifted(total, -bits)
        }
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
