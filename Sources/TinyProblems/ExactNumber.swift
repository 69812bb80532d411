/// A decimal number of any size, compared exactly.
///
/// ```swift
/// ExactNumber("$1,080.00") == ExactNumber("1080")         // true
/// ExactNumber("0.1000000000000000001") == ExactNumber("0.1")   // false, though equal as Double
/// ```
///
/// Reading takes time and memory linear in the text, whatever it holds.
public struct ExactNumber: Sendable, Hashable {
    /// Whether it is below zero. Zero has no sign.
    public let isNegative: Bool
    /// Significant decimal digits, highest first, without zeros at either end; empty for zero.
    private let digits: [UInt8]
    /// Power of ten that the last digit counts.
    private let exponent: Int

    /// Reads a whole text: white space at the ends, one sign (`-`, `+` or `−`), `$`, and digits.
    ///
    /// The sign may stand before or after the `$`. Digits are `1080`, `1,080` (groups of three) or have a fraction after a
    /// point: `10.80`, `.5`. Returns `nil` for anything else, an exponent such as `1e3` included.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        let start = bytes.firstIndex { !isSpace($0) } ?? bytes.count
        guard let match = NumberMatch(in: bytes, at: start), bytes[match.range.upperBound...].allSatisfy(isSpace) else {
            return nil
        }
        self.init(match, in: bytes)
    }

    init(_ match: NumberMatch, in bytes: [UInt8]) {
        var digits: [UInt8] = []
        var fraction = 0
        var isFraction = false
        for byte in bytes[match.magnitude] {
            if byte == UInt8(ascii: ".") { isFraction = true }
            guard isDigit(byte) else { continue }
            if !digits.isEmpty || byte != UInt8(ascii: "0") { digits.append(byte) }
            if isFraction { fraction += 1 }
        }
        let zeros = digits.reversed().prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeLast(zeros)
        self.digits = digits
        exponent = digits.isEmpty ? 0 : zeros - fraction
        isNegative = match.isNegative && !digits.isEmpty
    }
}
