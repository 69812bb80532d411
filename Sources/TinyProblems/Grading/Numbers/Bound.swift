import BigInt

/// A non-negative number of 32 significant bits that is rounded to one side: upward for error bounds.
///
/// Its exponent has 64 bits, so that no error bound underflows to zero or overflows.
struct Bound: Comparable, Sendable {
    /// Zero, or from 2³¹ to 2³² - 1.
    private let mantissa: UInt64
    private let exponent: Int

    static let zero = Bound(0, exponent: 0)
    /// Exponents below this one are raised to it.
    private static let lowestExponent = -1 << 56

    /// `mantissa · 2^exponent`, rounded up or down to 32 bits.
    init(_ mantissa: UInt64, exponent: Int, roundsUp: Bool = true) {
        let excess = 32 - mantissa.leadingZeroBitCount
        var rounded = excess > 0 ? mantissa >> excess : mantissa << -excess
        var shift = excess
        if excess > 0, roundsUp, rounded << excess != mantissa {
            rounded += 1
            // 2³² becomes 2³¹ · 2.
            if rounded >> 32 != 0 {
                rounded >>= 1
                shift += 1
            }
        }
        self.mantissa = rounded
        self.exponent = rounded == 0 ? 0 : max(exponent + shift, roundsUp ? Self.lowestExponent : .min)
    }

    /// `value · 2^exponent`, rounded up or down to 32 bits.
    init(_ value: BigUInt, exponent: Int, roundsUp: Bool) {
        let excess = value.bitWidth - 62
        guard excess > 0 else {
            self.init(UInt64(value), exponent: exponent, roundsUp: roundsUp)
            return
        }
        self.init(UInt64(value >> excess) + (roundsUp ? 1 : 0), exponent: exponent + excess, roundsUp: roundsUp)
    }

    /// `2^exponent`.
    static func power(_ exponent: Int) -> Bound { Bound(1, exponent: exponent) }

    var isZero: Bool { mantissa == 0 }
    /// The least `n` with a value below `2^n`.
    var top: Int { exponent + 32 }

    static func < (a: Bound, b: Bound) -> Bool {
        if a.isZero || b.isZero { return !b.isZero }
        return a.exponent == b.exponent ? a.mantissa < b.mantissa : a.exponent < b.exponent
    }

    static func + (a: Bound, b: Bound) -> Bound {
        if a.isZero || b.isZero { return a.isZero ? b : a }
        let (high, low) = a.exponent >= b.exponent ? (a, b) : (b, a)
        let gap = high.exponent - low.exponent
        return Bound(high.mantissa + (gap < 32 ? low.mantissa >> gap : 0) + (gap > 0 ? 1 : 0), exponent: high.exponent)
    }

    static func * (a: Bound, b: Bound) -> Bound {
        a.isZero || b.isZero ? .zero : Bound(a.mantissa * b.mantissa, exponent: a.exponent + b.exponent)
    }

    /// The quotient, rounded up, by a number that is rounded down and not zero.
    static func / (a: Bound, b: Bound) -> Bound {
        a.isZero ? .zero : Bound((a.mantissa << 31) / b.mantissa + 1, exponent: a.exponent - b.exponent - 31)
    }

    /// The value times `2^count`.
    func scaled(by count: Int) -> Bound { isZero ? .zero : Bound(mantissa, exponent: exponent + count) }

    /// The square root, rounded up: of `m · 2^e` at most `(⌊√m⌋ + 1) · 2^(e/2)` for an even `e`.
    var squareRoot: Bound {
        if isZero { return .zero }
        let isOdd = exponent & 1 == 1
        let root = UInt64(Double(mantissa << (isOdd ? 31 : 30)).squareRoot()) + 2
        return Bound(root, exponent: (exponent - (isOdd ? 31 : 30)) >> 1)
    }
}
