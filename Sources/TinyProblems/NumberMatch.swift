/// Where a number stands in UTF-8 text.
///
/// Grammar: an optional sign and an optional `$` (or LaTeX's `\$`) in either order, then digits. Digits come plain or in
/// groups of three with commas, with an optional fraction; a fraction may stand alone (`.5`). A comma that does not start
/// a group of exactly three digits, and a point without a digit after it, end the number before them.
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

    /// The last number of a text. A minus right after a letter, a digit or a closing bracket is taken for an operator.
    ///
    /// Time is linear in the text.
    static func last(in bytes: [UInt8]) -> NumberMatch? {
        var found: NumberMatch?
        var position = 0
        while position < bytes.count {
            let previous = position > 0 ? bytes[position - 1] : UInt8(ascii: " ")
            if canStart(bytes[position], after: previous), let match = NumberMatch(in: bytes, at: position) {
                found = match
                position = match.range.upperBound
            } else {
                position += 1
            }
        }
        return found
    }

    static func canStart(_ byte: UInt8, after previous: UInt8) -> Bool {
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
        while end < bytes.count, bytes[end] == UInt8(ascii: ","), isGroupOfThree(in: bytes, at: end + 1) { end += 4 }
    }
    if end + 1 < bytes.count, bytes[end] == UInt8(ascii: "."), isDigit(bytes[end + 1]) {
        end = endOfDigits(in: bytes, at: end + 1)
    }
    return end
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
