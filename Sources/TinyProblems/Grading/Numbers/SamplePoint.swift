/// The values that variables have at one of the fixed points where expressions are compared.
struct SamplePoint {
    enum Kind {
        /// Fractions of both signs, from 0.1 to 40.
        case fractions
        /// Positive whole numbers up to 37, for factorials, binomials and `(-1)^n`.
        case wholeNumbers
    }

    /// The number of different whole numbers.
    static let wholeNumbers = 37

    var kind = Kind.fractions
    /// Which of the points.
    var index = 0
    /// All variables in order: the place of a name decides when its value is negative.
    var names: [String] = []

    /// A variable's value: a fraction derived from its name, near 1, 1/3, 17 or 3.
    ///
    /// Numerators of four digits over a prime make coincidences such as `x = y²` implausible: a polynomial that is not zero
    /// vanishes at such a point with a probability of about degree/2000 (Schwartz and Zippel). Up to three variables take
    /// all combinations of signs in turn, all positive first.
    func value(of name: String) -> Rational {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        if kind == .wholeNumbers {
            // A step that is no multiple of the prime reaches every number once.
            let start = Int(hash >> 8 % 37), step = 1 + Int(hash >> 16 % 36)
            return Rational(1 + (start + step * index) % Self.wholeNumbers)
        }
        hash = (hash ^ UInt64(index)) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 31
        let place = names.firstIndex(of: name) ?? 0
        let isNegative = place < 3 ? index >> place & 1 == 1 : index > 0 && hash >> 62 & 1 == 1
        // All variables alike at first, then each on its own.
        let round = index >> min(names.count, 3)
        let scale = round < 4 ? round : Int(hash >> 40 & 3)
        let numerator = (300 + Int(hash % 2_003)) * [3, 1, 51, 9][scale]
        return (Rational(isNegative ? -numerator : numerator) / Rational(3 * 1_009)) ?? .one
    }
}
