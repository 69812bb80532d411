/// Cuts a word into the symbols that merging starts from.
///
/// Byte-level models start from bytes, others from characters.
protocol SymbolSource: Sendable {
    /// Appends the ids of the word's symbols.
    func appendSymbols(of word: UnsafeBufferPointer<UInt8>, to symbols: inout [UInt32])
    /// The word as the vocabulary spells it.
    func spelling(of word: UnsafeBufferPointer<UInt8>) -> [UInt8]
}

/// What becomes of a symbol that is not in the vocabulary.
enum MissingSymbol: Sendable {
    /// Nothing: it is left out.
    case dropped
    /// The unknown token, once for every symbol, or once for every run of them.
    case unknown(id: UInt32, isFused: Bool)

    /// Appends what stands for a missing symbol.
    func append(to symbols: inout [UInt32], isAfterUnknown: inout Bool) {
        guard case .unknown(let id, let isFused) = self else { return }
        if !(isFused && isAfterUnknown) { symbols.append(id) }
        isAfterUnknown = true
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
        var isAfterUnknown = false
        for byte in word {
            if let id = ids[Int(byte)] {
                symbols.append(id)
                isAfterUnknown = false
            } else {
                missing.append(to: &symbols, isAfterUnknown: &isAfterUnknown)
            }
        }
    }

    func spelling(of word: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        ByteAlphabet.spelling(of: word)
    }
}
