import BigInt

/// Mathematical constants as fixed-point numbers: `c · 2^bits`, off by less than two units.
///
/// They are computed once for 2,048 bits and, when more are needed, once for 20,480.
extension FixedPoint {
    /// The largest number of bits of a constant.
    static let maximumBits = 20_480

    static func pi(bits: Int) -> BigInt {
        bits <= 2_048 ? shortPi >> (2_048 - bits) : longPi >> (maximumBits - bits)
    }

    static func ln2(bits: Int) -> BigInt {
        bits <= 2_048 ? shortLn2 >> (2_048 - bits) : longLn2 >> (maximumBits - bits)
    }

    private static let shortPi = machin(bits: 2_048)
    private static let longPi = machin(bits: maximumBits)
    private static let shortLn2 = naturalLogarithmOf2(bits: 2_048)
    private static let longLn2 = naturalLogarithmOf2(bits: maximumBits)

    /// π = 16 arctan(1/5) - 4 arctan(1/239) (Machin, 1706). The 64 guard bits cover the rounding of all terms.
    private static func machin(bits: Int) -> BigInt {
        func arctan(_ inverse: Int) -> BigInt { inverseTangent(inverse, bits + 64, alternates: true) }
        return (16 * arctan(5) - 4 * arctan(239)) >> 64
    }

    /// ln 2 = 18 artanh(1/26) - 2 artanh(1/4801) + 8 artanh(1/8749) (Gourdon and Sebah, "The logarithmic constant").
    private static func naturalLogarithmOf2(bits: Int) -> BigInt {
        func artanh(_ inverse: Int) -> BigInt { inverseTangent(inverse, bits + 64, alternates: false) }
        return (18 * artanh(26) - 2 * artanh(4_801) + 8 * artanh(8_749)) >> 64
    }

    /// arctan or artanh of `1/n`: the sum of `(±1)^k / ((2k+1) n^(2k+1))`. Each term is off by less than two units.
    private static func inverseTangent(_ n: Int, _ bits: Int, alternates: Bool) -> BigInt {
        var power = (BigInt(1) << bits) / BigInt(n)
        var sum = power
        var k = 1
        let square = BigInt(n * n)
        while !power.isZero {
            power /= square
            let term = power / BigInt(2 * k + 1)
            sum += alternates && k & 1 == 1 ? -term : term
            k += 1
        }
        return sum
    }
}
