/// Cuts a word into the symbols that merging starts from.
///
/// Byte-level models start from bytes; a model that starts from characters is another conforming type.
protocol SymbolSource: Sendable {
    /// Appends the ids of the word's symbols.
    func appendSymbols(of word: UnsafeBufferPointer<UInt8>, to symbols: inout [UInt32])
    /// The word as the vocabulary spells it.
    func spelling(of word: UnsafeBufferPointer<UInt8>) -> [UInt8]
}

/// One symbol for each byte.
struct ByteSymbols: SymbolSource {
    /// What becomes of a byte that is not in the vocabulary.
    enum Missing: Sendable {
        /// Nothing: it is left out.
        case dropped
        /// The unknown token, once for every byte, or once for every run of them.
        case unknown(id: UInt32, isFused: Bool)
    }

    private let ids: [UInt32?]
    private let missing: Missing

    init(vocabulary: TokenTable, missing: Missing) {
        ids = ByteAlphabet.spellings.map { vocabulary.id(of: $0).map { UInt32($0) } }
        self.missing = missing
    }

    func appendSymbols(of word: UnsafeBufferPointer<UInt8>, to symbols: inout [UInt32]) {
        var isAfterUnknown = false
        for byte in word {
            if let id = ids[Int(byte)] {
                symbols.append(id)
                isAfterUnknown = false
            } else if case .unknown(let id, let isFused) = missing {
                if !(isFused && isAfterUnknown) { symbols.append(id) }
                isAfterUnknown = true
            }
        }
    }

    func spelling(of word: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        ByteAlphabet.spelling(of: word)
    }
}
