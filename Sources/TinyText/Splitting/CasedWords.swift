import TinyFoundation

/// Words as Mistral's Tekken cuts them: as Llama 3 does, but a capital after a small letter begins a word, accents that are
/// characters of their own belong to words, every digit is a word, and slashes follow punctuation.
///
/// Equivalent to ``expression``, without a regular-expression engine.
struct CasedWords: WordScanner {
    /// The regular expression with these words as its matches.
    static let expression =
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"#
        + #"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"#
        + #"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    func endOfWord(at start: Int, limit: Int, in text: ScalarText) -> Int {
        let first = text.character(at: start), next = start + first.length
        switch first.kind {
        case .letter: return letters(from: start, limit: limit, in: text).end
        case .number: return next
        case .newline: return text.endOfWhiteSpace(from: start, limit: limit)
        case .other, .space:
            let word = letters(from: next, limit: limit, in: text)
            if word.hasSmall { return word.end }
            // A mark alone is a word before capitals are.
            let own = letters(from: start, limit: limit, in: text)
            if own.hasSmall { return own.end }
            if word.end > next { return word.end }
            if first.kind == .other { return endOfPunctuation(from: next, limit: limit, in: text) }
            if next < limit, text.character(at: next).kind == .other, text.bytes[start] == UInt8(ascii: " ") {
                return endOfPunctuation(from: next, limit: limit, in: text)
            }
            return text.endOfWhiteSpace(from: start, limit: limit)
        }
    }

    /// The letters from a position on that are one word: capitals, then small ones; those without case and marks are both.
    ///
    /// - Returns: Where they end, and whether one of them can be a small one: such words are found before others.
    private func letters(from start: Int, limit: Int, in text: ScalarText) -> (end: Int, hasSmall: Bool) {
        var end = start
        var lastSmall: Int?  // where the last of the capitals that can be a small one ends
        while end < limit {
            let (letter, length) = Self.letter(at: end, in: text)
            guard letter == .capital || letter == .both else { break }
            end += length
            if letter == .both { lastSmall = end }
        }
        let capitals = end
        while end < limit {
            let (letter, length) = Self.letter(at: end, in: text)
            guard letter == .small || letter == .both else { break }
            end += length
        }
        if end > capitals { return (end, true) }
        return lastSmall.map { ($0, true) } ?? (capitals, false)
    }

    private enum Letter {
        case capital, small, both, none
    }

    private static func letter(at position: Int, in text: ScalarText) -> (Letter, length: Int) {
        let (value, length) = text.scalar(at: position)
        switch value {
        case 0x41...0x5A: return (.capital, length)
        case 0x61...0x7A: return (.small, length)
        case 0..<0x80: return (.none, length)
        default: break
        }
        switch Unicode.Scalar(value)?.properties.generalCategory {
        case .uppercaseLetter, .titlecaseLetter: return (.capital, length)
        case .lowercaseLetter: return (.small, length)
        case .modifierLetter, .otherLetter, .nonspacingMark, .spacingMark, .enclosingMark: return (.both, length)
        default: return (.none, length)
        }
    }

    private func endOfPunctuation(from position: Int, limit: Int, in text: ScalarText) -> Int {
        var end = text.end(ofRunOf: .other, from: position, limit: limit)
        while end < limit, [UInt8(ascii: "\r"), UInt8(ascii: "\n"), UInt8(ascii: "/")].contains(text.bytes[end]) {
            end += 1
        }
        return end
    }
}
