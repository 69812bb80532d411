/// A byte-pair encoding: a vocabulary, and the merges that build its tokens from symbols.
///
/// Source: Sennrich et al., "Neural machine translation of rare words with subword units", arXiv:1508.07909 §3.2.
struct BytePairModel: Sendable {
    let vocabulary: TokenTable
    let pairs: PairTable
    let symbols: any SymbolSource
    /// Whether a word that is a token as a whole is that token, even if the merges would not build it.
    let takesWholeWords: Bool

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
        if takesWholeWords, let id = vocabulary.id(of: symbols.spelling(of: word)) {
            ids.append(id)
            return
        }
        scratch.symbols.removeAll(keepingCapacity: true)
        symbols.appendSymbols(of: word, to: &scratch.symbols)
        scratch.mergeAll(pairs)
        for symbol in scratch.symbols { ids.append(Int(symbol)) }
    }
}
