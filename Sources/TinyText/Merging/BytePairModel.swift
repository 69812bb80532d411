/// A byte-pair encoding: a vocabulary, and the merges that build its tokens from symbols.
///
/// Source: Sennrich et al., "Neural machine translation of rare words with subword units", arXiv:1508.07909 §3.2.
struct BytePairModel: Sendable {
    let pairs: PairTable
    let symbols: any SymbolSource
    /// The tokens, if a word that is one as a whole is that token even when the merges would not build it.
    let wholeWords: TokenTable?

    /// The ids of all pieces, in order.
    func ids(of buffer: PieceBuffer) -> [Int] {
        var ids: [Int] = []
        ids.reserveCapacity(buffer.bytes.count / 3 + 8)
        var scratch = MergeScratch()
        var cache = WordCache(textCount: buffer.bytes.count)
        buffer.bytes.withUnsafeBufferPointer { text in
            var start = 0
            for piece in buffer.pieces {
                defer { start = piece.end }
                if let token = piece.token {
                    ids.append(token)
                    continue
                }
                let word = UnsafeBufferPointer(rebasing: text[start..<piece.end])
                let slot = cache.slot(for: word)
                if let seen = cache.ids(in: slot, of: word, in: text) {
                    for index in seen { ids.append(ids[index]) }
                    continue
                }
                let first = ids.count
                append(word, to: &ids, &scratch)
                cache.remember(start..<piece.end, ids: first..<ids.count, in: slot)
            }
        }
        return ids
    }

    private func append(_ word: UnsafeBufferPointer<UInt8>, to ids: inout [Int], _ scratch: inout MergeScratch) {
        if let id = wholeWords?.id(of: symbols.spelling(of: word)) {
            ids.append(id)
            return
        }
        scratch.symbols.removeAll(keepingCapacity: true)
        symbols.appendSymbols(of: word, to: &scratch.symbols)
        scratch.mergeAll(pairs)
        for symbol in scratch.symbols { ids.append(Int(symbol)) }
    }
}

/// Remembers where in a text, and where in its ids, each word was last seen, so that a repeated word is merged once.
///
/// Used for one text: nothing is shared, nothing grows. A slot has the last word that was put there.
struct WordCache {
    private struct Slot {
        var word: Range<Int>
        var ids: Range<Int>
    }

    private var slots: [Slot?]

    /// The words that repeat often are few; a short text needs no more slots than it has words.
    private static let largest = 4096

    init(textCount: Int) {
        slots = Array(repeating: nil, count: min(Self.largest, 1 << (64 - (textCount / 8).leadingZeroBitCount)))
    }

    /// The slot for a word.
    func slot(for word: UnsafeBufferPointer<UInt8>) -> Int {
        Int(truncatingIfNeeded: hash(of: word)) & (slots.count - 1)
    }

    /// Where in the ids the tokens of `word` are already, if they are.
    func ids(in slot: Int, of word: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        guard let seen = slots[slot],
            haveEqualBytes(UnsafeBufferPointer(rebasing: text[seen.word]), word)
        else { return nil }
        return seen.ids
    }

    /// Remembers a word and its tokens.
    mutating func remember(_ word: Range<Int>, ids: Range<Int>, in slot: Int) {
        slots[slot] = Slot(word: word, ids: ids)
    }
}
