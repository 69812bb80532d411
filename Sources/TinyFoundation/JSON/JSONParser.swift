/// Turns JSON text (RFC 8259) into the entries of a ``JSONDocument``.
struct JSONParser {
    /// Where and why a text is not JSON.
    struct Failure: Error {
        var position: Int
        var reason: String
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var entries: [JSONDocument.Entry] = []

    /// Deeper texts are refused: parsing recurses, and files that are read here nest at most ten.
    private static let deepest = 256

    init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        entries.reserveCapacity(bytes.count / 12)
    }

    mutating func parse() throws(Failure) -> [JSONDocument.Entry] {
        skipSpace()
        try parseValue(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw failure("there is more text after the value") }
        return entries
    }

    private mutating func parseValue(depth: Int) throws(Failure) {
        guard depth < Self.deepest else { throw failure("nested more than \(Self.deepest) levels deep") }
        guard let first = peek() else { throw failure("the text ends where a value is expected") }
        switch first {
        case UInt8(ascii: "\""): try parseString()
        case UInt8(ascii: "{"): try parseContainer(.object, closedBy: UInt8(ascii: "}"), depth: depth)
        case UInt8(ascii: "["): try parseContainer(.array, closedBy: UInt8(ascii: "]"), depth: depth)
        case UInt8(ascii: "t"): try parseWord("true", .true)
        case UInt8(ascii: "f"): try parseWord("false", .false)
        case UInt8(ascii: "n"): try parseWord("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try parseNumber()
        default: throw failure("expected a value")
        }
    }

    private mutating func parseContainer(_ kind: JSONDocument.Kind, closedBy close: UInt8, depth: Int) throws(Failure) {
        let entry = open(kind)
        position += 1
        skipSpace()
        if peek() == close {
            position += 1
            return self.close(entry)
        }
        while true {
            if kind == .object {
                guard peek() == UInt8(ascii: "\"") else { throw failure("expected a member's name") }
                try parseString()
                skipSpace()
                guard peek() == UInt8(ascii: ":") else { throw failure("expected ':'") }
                position += 1
                skipSpace()
            }
            try parseValue(depth: depth + 1)
            skipSpace()
            switch peek() {
            case close:
                position += 1
                return self.close(entry)
            case UInt8(ascii: ","):
                position += 1
                skipSpace()
            default:
                throw failure("expected ',' or '\(Character(Unicode.Scalar(close)))'")
            }
        }
    }

    /// The entry of a string spans its contents, without the quotation marks.
    private mutating func parseString() throws(Failure) {
        position += 1
        let entry = open(.string)
        while true {
            guard let byte = peek() else { throw failure("a string is not closed; a line break in it is written \\n") }
            switch byte {
            case UInt8(ascii: "\""):
                close(entry)
                position += 1
                return
            case UInt8(ascii: "\\"):
                entries[entry].kind = .escapedString
                position += 1
                try skipEscape()
            case 0..<0x20:
                throw failure("a string contains \(controlCharacter(byte)) that is not escaped")
            default:
                position += 1
            }
        }
    }

    private mutating func skipEscape() throws(Failure) {
        switch peek() {
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard let digit = peek(), hexadecimalValue(digit) != nil else {
                    throw failure("expected four hexadecimal digits")
                }
                position += 1
            }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        default:
            throw failure("unknown escape")
        }
    }

    private mutating func parseNumber() throws(Failure) {
        let entry = open(.number)
        if peek() == UInt8(ascii: "-") { position += 1 }
        if peek() == UInt8(ascii: "0") { position += 1 } else { try skipDigits() }
        if peek() == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
            position += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
        close(entry)
    }

    private mutating func skipDigits() throws(Failure) {
        let start = position
        while let byte = peek(), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        guard position > start else { throw failure("expected a digit") }
    }

    private mutating func parseWord(_ word: StaticString, _ kind: JSONDocument.Kind) throws(Failure) {
        let entry = open(kind)
        for offset in 0..<word.utf8CodeUnitCount {
            guard peek() == word.utf8Start[offset] else { throw failure("expected '\(word)'") }
            position += 1
        }
        close(entry)
    }

    private mutating func open(_ kind: JSONDocument.Kind) -> Int {
        entries.append(.init(kind: kind, start: UInt32(position), end: 0, next: 0))
        return entries.count - 1
    }

    private mutating func close(_ entry: Int) {
        entries[entry].end = UInt32(position)
        entries[entry].next = UInt32(entries.count)
    }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func peek() -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private func failure(_ reason: String) -> Failure {
        Failure(position: position, reason: reason)
    }
}

/// `a tab (U+0009, written \t)`, for example.
private func controlCharacter(_ byte: UInt8) -> String {
    let code = (byte < 16 ? "000" : "00") + String(byte, radix: 16, uppercase: true)
    let (name, escape) =
        switch byte {
        case 0x08: ("a backspace", "\\b")
        case 0x09: ("a tab", "\\t")
        case 0x0A: ("a line break", "\\n")
        case 0x0C: ("a form feed", "\\f")
        case 0x0D: ("a carriage return", "\\r")
        default: ("a control character", "\\u\(code)")
        }
    return "\(name) (U+\(code), written \(escape))"
}

/// The value of one hexadecimal digit, or nil for any other character.
package func hexadecimalValue(_ digit: UInt8) -> UInt32? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(digit - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(digit - UInt8(ascii: "A") + 10)
    default: nil
    }
}
