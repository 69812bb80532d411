/// A decimal number of any size, compared exactly.
///
/// ```swift
/// ExactNumber("$1,080.00") == ExactNumber("1080")         // true
/// ExactNumber("0.1000000000000000001") == ExactNumber("0.1")   // false, though equal as Double
/// ```
///
/// Reading takes time and memory linear in any text.
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

/// A number in UTF-8 text.
///
/// Grammar: an optional sign and an optional `$` (or LaTeX's `\$`) in either order, then digits. Digits come plain or in
/// groups of three with commas or what LaTeX writes for them (`{,}`, `,\!`, `\,`), with an optional fraction; a fraction may
/// stand alone (`.5`). A comma that does not start a group of exactly three digits, and a point without a digit after it, end
/// the number before them.
struct NumberMatch {
    /// The whole number, sign and currency included.
    let range: Range<Int>
    /// Its digits, commas and point.
    let magnitude: Range<Int>
    /// Whether its sign is a minus.
    let isNegative: Bool

    /// The number that starts exactly at `start`, as long as it can be. Constant time unless there is one.
    init?(in bytes: [UInt8], at start: Int) {
        var position = start
        let sign = signLength(in: bytes, at: position)
        position += sign
        position += currencyLength(in: bytes, at: position)
        let innerSign = sign == 0 ? signLength(in: bytes, at: position) : 0
        let signPosition = sign > 0 ? start : position
        position += innerSign

        let end = endOfMagnitude(in: bytes, at: position)
        guard end > position else { return nil }
        range = start..<end
        magnitude = position..<end
        isNegative = sign + innerSign > 0 && bytes[signPosition] != UInt8(ascii: "+")
    }

    /// The numbers of a text, in order. A minus right after a letter, a digit or a closing bracket counts as an operator.
    ///
    /// Time is linear in the text.
    static func all(in bytes: [UInt8]) -> [NumberMatch] {
        var found: [NumberMatch] = []
        var position = 0
        while position < bytes.count {
            let previous = position > 0 ? bytes[position - 1] : UInt8(ascii: " ")
            if canStart(bytes[position], after: previous), let match = NumberMatch(in: bytes, at: position) {
                found.append(match)
                position = match.range.upperBound
            } else {
                position += 1
            }
        }
        return found
    }

    private static func canStart(_ byte: UInt8, after previous: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "$"), UInt8(ascii: "\\"): true
        case UInt8(ascii: "."): !isDigit(previous) && previous != UInt8(ascii: ".")
        case UInt8(ascii: "-"), UInt8(ascii: "+"), minusSign[0]:
            !isDigit(previous) && !isLetter(previous) && previous != UInt8(ascii: ")") && previous != UInt8(ascii: "]")
        default: false
        }
    }
}

/// U+2212 in UTF-8.
private let minusSign: [UInt8] = [0xE2, 0x88, 0x92]

private func signLength(in bytes: [UInt8], at position: Int) -> Int {
    guard position < bytes.count else { return 0 }
    switch bytes[position] {
    case UInt8(ascii: "-"), UInt8(ascii: "+"): return 1
    case minusSign[0]: return bytes[position...].starts(with: minusSign) ? minusSign.count : 0
    default: return 0
    }
}

private func currencyLength(in bytes: [UInt8], at position: Int) -> Int {
    guard position < bytes.count else { return 0 }
    if bytes[position] == UInt8(ascii: "$") { return 1 }
    let isEscaped =
        bytes[position] == UInt8(ascii: "\\") && position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "$")
    return isEscaped ? 2 : 0
}

/// Where the digits that start at `start` end; `start` itself where there are none.
private func endOfMagnitude(in bytes: [UInt8], at start: Int) -> Int {
    var end = endOfDigits(in: bytes, at: start)
    if (1...3).contains(end - start) {
        while let separator = groupSeparatorLength(in: bytes, at: end), isGroupOfThree(in: bytes, at: end + separator) {
            end += separator + 3
        }
    }
    if end + 1 < bytes.count, bytes[end] == UInt8(ascii: "."), isDigit(bytes[end + 1]) {
        end = endOfDigits(in: bytes, at: end + 1)
    }
    return end
}

/// What may part groups of three digits: a comma, or what LaTeX writes for it.
private let groupSeparators = ["{,}\\!", ",\\!", "{,}", ",", "\\,"].map { Array($0.utf8) }

private func groupSeparatorLength(in bytes: [UInt8], at position: Int) -> Int? {
    guard position < bytes.count, ",{\\".utf8.contains(bytes[position]) else { return nil }
    return groupSeparators.first { bytes[position...].starts(with: $0) }?.count
}

private func endOfDigits(in bytes: [UInt8], at start: Int) -> Int {
    var end = start
    while end < bytes.count, isDigit(bytes[end]) { end += 1 }
    return end
}

private func isGroupOfThree(in bytes: [UInt8], at start: Int) -> Bool {
    let end = start + 3
    return end <= bytes.count && bytes[start..<end].allSatisfy(isDigit) && (end == bytes.count || !isDigit(bytes[end]))
}

func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

func isLetter(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
}

func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || (byte >= 0x09 && byte <= 0x0D)  // tab, line feed, vertical tab, form feed, return
}
