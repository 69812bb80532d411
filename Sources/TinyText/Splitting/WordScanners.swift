import TinyFoundation

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
            return text.endOfWhiteSpace(from: start, limit: limit)
        case .newline:
            return text.endOfWhiteSpace(from: start, limit: limit)
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
}

/// Sets numbers apart from everything else: the `Digits` pre-tokenizer.
struct DigitWords: WordScanner {
    /// Whether every digit is a word of its own, rather than every run of digits.
    var areIndividual: Bool

    func endOfWord(at start: Int, limit: Int, in text: ScalarText) -> Int {
        let first = text.character(at: start)
        var end = start + first.length
        if first.kind == .number {
            return areIndividual ? end : text.end(ofRunOf: .number, from: end, limit: limit)
        }
        while end < limit {
            let next = text.character(at: end)
            guard next.kind != .number else { break }
            end += next.length
        }
        return end
    }
}

/// The regular expressions that this library knows, as scanners that find the same words.
///
/// Expressions are recognised by their exact text: another regular-expression engine could find other words than the one that
/// a tokenizer was trained with.
private let knownExpressions: [String: any WordScanner] = [
    GPT2Words.expression: GPT2Words(),
    Llama3Words(largestNumber: 1).expression: Llama3Words(largestNumber: 1),
    Llama3Words(largestNumber: 3).expression: Llama3Words(largestNumber: 3),
    CasedWords.expression: CasedWords(),
]

/// Cuts behind every occurrence of a text.
struct TextEndWords: WordScanner {
    /// Not empty.
    let text: [UInt8]

    func endOfWord(at start: Int, limit: Int, in scalars: ScalarText) -> Int {
        var position = start
        while limit - position >= text.count {
            if scalars.bytes[position] == text[0], text.indices.allSatisfy({ scalars.bytes[position + $0] == text[$0] })
            {
                return position + text.count
            }
            position += 1
        }
        return limit
    }
}

/// Reads a `Split` pre-tokenizer: by a known expression, or behind a plain text as Gemma's files have it.
///
/// - Throws: ``TextError`` with code `unsupported`, quoting an expression that is not known, or the setting.
func splitByPattern(from value: JSONNode) throws -> any WordScanner {
    guard try !value.flag("invert", absent: false) else {
        throw value.unsupported("is a Split with invert true, expected false")
    }
    let behavior = try value.member("behavior").string()
    if behavior == "MergedWithPrevious", let text = try plainText(ofPattern: value.member("pattern")) {
        return TextEndWords(text: Array(text.utf8))
    }
    guard let pattern = try value.member("pattern").optional("Regex") else {
        throw value.unsupported(
            "is a Split by a plain string with behavior \"\(behavior)\", expected \"MergedWithPrevious\"")
    }
    guard behavior == "Isolated" else {
        throw value.unsupported("is a Split with behavior \"\(behavior)\", expected \"Isolated\"")
    }
    let expression = try pattern.string()
    guard let scanner = knownExpressions[expression] else {
        throw value.unsupported(
            "splits by an unknown expression: \(expression)",
            hint: "the expressions of GPT-2, Qwen2, Llama 3 and Tekken are known, and must match character by character"
        )
    }
    return scanner
}
