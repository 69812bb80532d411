/// Words as GPT-2 cuts them: a word takes the single space before it, and white space before a word leaves it that space.
///
/// Equivalent to ``expression``, without a regular-expression engine: many times faster, and the same everywhere.
struct GPT2Words: WordScanner {
    static let expression = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    @inline(__always)
    func endOfWord(at start: Int, limit: Int, in text: ScalarText) -> Int {
        if let end = text.end(ofContractionAt: start, limit: limit, ignoringCase: false) { return end }
        var first = text.character(at: start)
        var end = start + first.length
        if text.bytes[start] == UInt8(ascii: " "), end < limit {
            let next = text.character(at: end)
            if !next.kind.isWhiteSpace {
                first = next
                end += next.length
            }
        }
        guard !first.kind.isWhiteSpace else { return text.end(ofSpaceFrom: start, limit: limit) }
        return text.end(ofRunOf: first.kind, from: end, limit: limit)
    }
}

extension ScalarText {
    /// Where an English contraction ('s, 't, 're, 've, 'm, 'll, 'd) that begins at `start` ends, or nil when there is none.
    ///
    /// - Parameter ignoringCase: Whether capitals count, and the long s (U+017F), which is an s under Unicode case folding.
    @inline(__always)
    func end(ofContractionAt start: Int, limit: Int, ignoringCase: Bool) -> Int? {
        guard bytes[start] == UInt8(ascii: "'"), start + 1 < limit else { return nil }
        let toLower: UInt8 = ignoringCase ? 0x20 : 0
        let second = start + 2 < limit ? bytes[start + 2] | toLower : 0
        switch bytes[start + 1] | toLower {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return start + 2
        case UInt8(ascii: "r") where second == UInt8(ascii: "e"), UInt8(ascii: "v") where second == UInt8(ascii: "e"),
            UInt8(ascii: "l") where second == UInt8(ascii: "l"):
            return start + 3
        default:
            let isLongS = ignoringCase && scalar(at: start + 1).value == 0x17F
            return isLongS ? start + 3 : nil
        }
    }
}
