/// Words as Llama 3 and Qwen2 cut them: a word takes one character of white space or punctuation before it, numbers are
/// limited to some digits, and line breaks close the white space before them.
///
/// Equivalent to ``expression``, without a regular-expression engine.
struct Llama3Words: WordScanner {
    /// How many digits a word may have: 3 for Llama 3, 1 for Qwen2.
    var largestNumber: Int

    /// The regular expression with these words as its matches.
    var expression: String {
        let number = largestNumber == 1 ? #"\p{N}"# : #"\p{N}{1,\#(largestNumber)}"#
        return #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + number
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    @inline(__always)
    func endOfWord(at start: Int, limit: Int, in text: ScalarText) -> Int {
        if let end = text.end(ofContractionAt: start, limit: limit, ignoringCase: true) { return end }
        let first = text.character(at: start)
        let end = start + first.length
        switch first.kind {
        case .letter:
            return text.end(ofRunOf: .letter, from: end, limit: limit)
        case .number:
            return endOfNumber(from: end, limit: limit, in: text)
        case .other, .space:
            let next = end < limit ? text.character(at: end) : nil
            if let next, next.kind == .letter {
                return text.end(ofRunOf: .letter, from: end + next.length, limit: limit)
            }
            if first.kind == .other { return endOfPunctuation(from: end, limit: limit, in: text) }
            if let next, next.kind == .other, text.bytes[start] == UInt8(ascii: " ") {
                return endOfPunctuation(from: end + next.length, limit: limit, in: text)
            }
            return endOfWhiteSpace(from: start, limit: limit, in: text)
        case .newline:
            return endOfWhiteSpace(from: start, limit: limit, in: text)
        }
    }

    private func endOfNumber(from position: Int, limit: Int, in text: ScalarText) -> Int {
        var end = position
        for _ in 1..<largestNumber where end < limit {
            let next = text.character(at: end)
            guard next.kind == .number else { break }
            end += next.length
        }
        return end
    }

    private func endOfPunctuation(from position: Int, limit: Int, in text: ScalarText) -> Int {
        let end = text.end(ofRunOf: .other, from: position, limit: limit)
        return text.end(ofRunOf: .newline, from: end, limit: limit)
    }

    /// Up to and with the last line break of the run, when it has one.
    private func endOfWhiteSpace(from start: Int, limit: Int, in text: ScalarText) -> Int {
        var end = start
        var afterLineBreak: Int?
        while end < limit {
            let next = text.character(at: end)
            guard next.kind.isWhiteSpace else { break }
            end += next.length
            if next.kind == .newline { afterLineBreak = end }
        }
        return afterLineBreak ?? text.end(ofSpaceFrom: start, limit: limit)
    }
}
