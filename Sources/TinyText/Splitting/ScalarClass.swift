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
