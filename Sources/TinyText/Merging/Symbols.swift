/// Cuts a word into the symbols that merging starts from.
///
/// Byte-level models start from bytes, others from characters.
protocol SymbolSource: Sendable {
    /// Appends the ids of the word's symbols.
    func appendSymbols(of word: UnsafeBufferPointer<UInt8>, to symbols: inout [UInt32])
    /// The word as the vocabulary spells it.
    func spelling(of word: UnsafeBufferPointer<UInt8>) -> [UInt8]
}

/// How a symbol that is not in the vocabulary is encoded.
enum MissingSymbol: Sendable {
    /// It is omitted.
    case dropped
    /// The unknown token, once for every symbol, or once for every run of them.
    case unknown(id: UInt32, isFused: Bool)
}

/// The symbols of a word, while they are found one after the other.
///
/// An unknown token is put down when the next symbol of the vocabulary is, as the `tokenizers` library does it: the tokens of
/// bytes that lie between come before it. This matters only where some bytes have a token and others do not.
private struct SymbolList {
    let missing: MissingSymbol
    private var pending: UInt32?

    init(missing: MissingSymbol) { self.missing = missing }

    mutating func appendKnown(_ id: UInt32, to symbols: inout [UInt32]) {
        end(&symbols)
        symbols.append(id)
    }

    mutating func appendMissing(to symbols: inout [UInt32]) {
        guard case .unknown(let id, let isFused) = missing else { return }
        if !isFused { end(&symbols) }
        pending = id
    }

    /// Puts down an unknown token that has not been.
    mutating func end(_ symbols: inout [UInt32]) {
        if let id = pending { symbols.append(id) }
        pending = nil
    }
}

/// One symbol for each byte.
struct ByteSymbols: SymbolSource {
    private let ids: [UInt32?]
    private let missing: MissingSymbol

    init(vocabulary: TokenTable, missing: MissingSymbol) {
        ids = ByteAlphabet.spellings.map { vocabulary.id(of: $0).map { UInt32($0) } }
        self.missing = missing
    }

    func appendSymbols(of word: UnsafeBufferPointer<UInt8>, to symbols: inout [UInt32]) {
        var list = SymbolList(missing: missing)
        for byte in word {
            if let id = ids[Int(byte)] {
                list.appendKnown(id, to: &symbols)
            } else {
                list.appendMissing(to: &symbols)
            }
        }
        list.end(&symbols)
    }

    func spelling(of word: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        ByteAlphabet.spelling(of: word)
    }
}

/// One symbol for each character; one that is not in the vocabulary is spelled in bytes, or is unknown.
struct CharacterSymbols: SymbolSource {
    private let vocabulary: TokenTable
    /// The tokens `<0x00>` to `<0xFF>`; those that are missing make a character that needs them unknown.
    private let bytes: [UInt32?]
    private let missing: MissingSymbol

    /// - Parameter fallsBack: Whether characters that are not in the vocabulary are spelled in the tokens of their bytes.
    init(vocabulary: TokenTable, fallsBack: Bool, missing: MissingSymbol) {
        self.vocabulary = vocabulary
        bytes = (0...255).map { (byte: UInt8) in
            fallsBack ? vocabulary.id(of: ByteToken.spelling(of: byte)).map { UInt32($0) } : nil
        }
        self.missing = missing
    }

    func appendSymbols(of word: UnsafeBufferPointer<UInt8>, to symbols: inout [UInt32]) {
        var list = SymbolList(missing: missing)
        var start = 0
        while start < word.count {
            let end = start + Self.length(of: word[start])
            defer { start = end }
            let character = UnsafeBufferPointer(rebasing: word[start..<min(end, word.count)])
            if let id = vocabulary.id(of: character) {
                list.appendKnown(UInt32(id), to: &symbols)
            } else if character.allSatisfy({ bytes[Int($0)] != nil }) {
                for byte in character { symbols.append(bytes[Int(byte)] ?? 0) }
            } else {
                list.appendMissing(to: &symbols)
            }
        }
        list.end(&symbols)
    }

    func spelling(of word: UnsafeBufferPointer<UInt8>) -> [UInt8] { Array(word) }

    /// Bytes of the character that begins with `lead`, in valid UTF-8.
    private static func length(of lead: UInt8) -> Int {
        switch lead {
        case ..<0xC0: 1
        case ..<0xE0: 2
        case ..<0xF0: 3
        default: 4
        }
    }
}

/// The tokens that stand for single bytes in vocabularies of characters: `<0x0A>` for a line break.
enum ByteToken {
    /// How the token of a byte is spelled.
    static func spelling(of byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return Array("<0x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)], UInt8(ascii: ">")]
    }

    /// The byte that a token stands for, or nil when it is no such token.
    static func byte(spelledBy token: ArraySlice<UInt8>) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token.last == UInt8(ascii: ">") else { return nil }
        return UInt8(String(decoding: token.dropFirst(3).dropLast(), as: UTF8.self), radix: 16)
    }
}
