/// Valid UTF-8 whose characters can be classified; lives only inside ``withText(_:_:)``.
struct ScalarText {
    /// The text.
    let bytes: UnsafeBufferPointer<UInt8>
    private let basicPlane: UnsafeBufferPointer<ScalarClass>

    /// Opens `bytes`, which must be valid UTF-8, for the duration of `body`.
    static func withText<Result>(_ bytes: [UInt8], _ body: (ScalarText) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { bytes in
            ScalarClass.ofBasicPlane.withUnsafeBufferPointer { classes in
                body(ScalarText(bytes: bytes, basicPlane: classes))
            }
        }
    }

    /// The scalar that begins at `position`, and its length in bytes.
    @inline(__always)
    func scalar(at position: Int) -> (value: UInt32, length: Int) {
        let first = UInt32(bytes[position])
        if first < 0x80 { return (first, 1) }
        if first < 0xE0 { return ((first & 0x1F) << 6 | continuation(position + 1), 2) }
        if first < 0xF0 {
            return ((first & 0x0F) << 12 | continuation(position + 1) << 6 | continuation(position + 2), 3)
        }
        let high = (first & 0x07) << 18 | continuation(position + 1) << 12
        return (high | continuation(position + 2) << 6 | continuation(position + 3), 4)
    }

    /// The class of the character that begins at `position`, and its length in bytes.
    @inline(__always)
    func character(at position: Int) -> (kind: ScalarClass, length: Int) {
        let (value, length) = scalar(at: position)
        if length < 4 { return (basicPlane[Int(value)], length) }
        return (Unicode.Scalar(value).map(ScalarClass.init) ?? .other, length)
    }

    /// Where the character before `position` begins; `position` must not be 0.
    func start(before position: Int) -> Int {
        var start = position - 1
        while bytes[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    /// Where the run of characters of one class that reaches `position` ends.
    @inline(__always)
    func end(ofRunOf kind: ScalarClass, from position: Int, limit: Int) -> Int {
        var end = position
        while end < limit {
            let next = character(at: end)
            guard next.kind == kind else { break }
            end += next.length
        }
        return end
    }

    /// The white space that begins at `start`, cut as `\s+(?!\S)|\s+` cuts it: before another word the last character of a
    /// longer run is left over.
    func end(ofSpaceFrom start: Int, limit: Int) -> Int {
        var end = start
        var last = start
        while end < limit {
            let next = character(at: end)
            guard next.kind.isWhiteSpace else { return last > start ? last : end }
            last = end
            end += next.length
        }
        return end
    }

    /// The white space that begins at `start`, up to and with its last line break, when it has one.
    func endOfWhiteSpace(from start: Int, limit: Int) -> Int {
        var end = start
        var afterLineBreak: Int?
        while end < limit {
            let next = character(at: end)
            guard next.kind.isWhiteSpace else { break }
            end += next.length
            if next.kind == .newline { afterLineBreak = end }
        }
        return afterLineBreak ?? self.end(ofSpaceFrom: start, limit: limit)
    }

    @inline(__always)
    private func continuation(_ position: Int) -> UInt32 {
        UInt32(bytes[position] & 0x3F)
    }
}

/// The classes of characters that the splitting rules of tokenizers tell apart.
enum ScalarClass: UInt8, Sendable {
    /// General category L.
    case letter
    /// General category N.
    case number
    /// Carriage return and line feed.
    case newline
    /// White space other than the two above.
    case space
    /// Everything else: marks, punctuation, symbols, controls.
    case other

    init(_ scalar: Unicode.Scalar) {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            self = .letter
        case .decimalNumber, .letterNumber, .otherNumber:
            self = .number
        default:
            self = scalar == "\r" || scalar == "\n" ? .newline : scalar.properties.isWhitespace ? .space : .other
        }
    }

    /// Whether `\s` matches it.
    var isWhiteSpace: Bool { self == .space || self == .newline }

    /// The class of every scalar below U+10000: asking for the general category costs tens of
    /// nanoseconds, this table a load.
    static let ofBasicPlane: [ScalarClass] = (0..<0x10000).map { (value: UInt32) in
        Unicode.Scalar(value).map(ScalarClass.init) ?? .other
    }
}
