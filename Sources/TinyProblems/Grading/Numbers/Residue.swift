import BigInt

/// A fraction modulo a fixed prime.
///
/// Fractions that are too large for exact arithmetic are equal only when their residues are, too. Two different ones that
/// agree in every digit computed have the same residue with a probability of 2⁻⁶².
struct Residue: Equatable, Sendable {
    private let value: UInt64

    /// A safe prime, `2q + 1` with `q` prime: the powers of no number but ±1 repeat early.
    private static let modulus: UInt64 = 4_611_686_016_452_078_687

    private init(_ value: UInt64) { self.value = value }

    /// `nil` where the denominator is a multiple of the prime.
    init?(_ fraction: Rational) {
        let modulus = BigInt(Self.modulus)
        let top = Residue(UInt64(fraction.numerator.modulus(modulus)))
        guard fraction.denominator != 1 else {
            self = top
            return
        }
        guard let inverse = Residue(UInt64(fraction.denominator.modulus(modulus))).reciprocal else { return nil }
        self = top * inverse
    }

    var negated: Residue { Residue(value == 0 ? 0 : Self.modulus - value) }

    static func + (a: Residue, b: Residue) -> Residue {
        let sum = a.value + b.value
        return Residue(sum >= modulus ? sum - modulus : sum)
    }

    static func * (a: Residue, b: Residue) -> Residue {
        Residue(modulus.dividingFullWidth(a.value.multipliedFullWidth(by: b.value)).remainder)
    }

    /// The inverse by Fermat's theorem; `nil` for zero.
    var reciprocal: Residue? { value == 0 ? nil : power(BigUInt(Self.modulus - 2)) }

    func power(_ exponent: BigUInt) -> Residue {
        var result = Residue(1)
        for bit in (0..<exponent.bitWidth).reversed() {
            result = result * result
            if exponent[bitAt: bit] { result = result * self }
        }
        return result
    }
}
