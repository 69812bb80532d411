/// Remembers where in a text, and where in its ids, each word was last seen, so that a repeated word is merged once.
///
/// Lives for one text: nothing is shared, nothing grows. A slot holds the word that came last.
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
