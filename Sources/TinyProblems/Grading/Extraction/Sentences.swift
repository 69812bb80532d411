/// Finds sentences in UTF-8 text. All functions take time linear in what they pass over.
enum Sentences {
    /// How a sentence begins that is not part of an answer, lower case.
    private static let pleasantries: [[UInt8]] = [
        "i hope", "hope ", "let me know", "feel free", "if you ", "if there ", "if anything", "if it helps",
        "is there anything",
        "please ", "thank", "good luck", "happy to", "happy ", "glad to", "i'm happy", "i am happy", "i'm glad",
        "i am glad",
        "do you ", "would you like", "want me", "want to", "have a ", "great question", "you're welcome",
        "you are welcome",
        "don't hesitate", "do not hesitate", "does this", "does that", "best of luck", "best regards", "cheers",
        "enjoy",
        "good job", "well done", "i'm here", "i am here", "ask me", "see you", "take care", "any questions",
        "any other",
        "questions?", "keep practicing", "keep it up", "that's it", "contact ", "reach out", "i'd be happy",
        "i would be happy",
        "anything else", "need more help", "need help", "looking forward", "espero", "j'espère", "ich hoffe", "希望",
        "如果",
        "remember, practice", "practice makes", "stay curious", "sure!", "you can reach", "for more", "check out",
        "rate this",
        "was this", "call me", "i can help", "i can also", "i will be", "i'll be",
    ].map { Array($0.utf8) }

    /// A range without the pleasantries at its end: "I hope this helps! Let me know if you need more."
    static func withoutPleasantries(_ range: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
        var range = trimmed(range, in: bytes)
        for _ in 0..<8 {
            let start = startOfLast(in: range, of: bytes)
            guard start > range.lowerBound, isPleasantry(bytes[start..<range.upperBound]) else { break }
            range = trimmed(range.lowerBound..<start, in: bytes)
        }
        return range
    }

    /// Whether a sentence says that there is no answer.
    static func givesUp(_ sentence: ArraySlice<UInt8>) -> Bool {
        guard sentence.count < 400 else { return false }
        let text = String(decoding: sentence, as: UTF8.self).lowercased()
        return [
            "cannot tell", "can't tell", "cannot be determined", "can't be determined", "cannot determine",
            "can't determine",
            "not enough information", "insufficient information", "don't know", "do not know", "i'm not sure",
            "i am not sure",
            "unable to", "cannot solve", "can't solve", "cannot be solved", "need more information",
            "impossible to say",
            "impossible to determine", "cannot answer", "can't answer", "cannot say", "no idea", "cannot find",
            "can't find",
        ].contains(where: text.contains)
    }

    /// Words that open a conclusion, lower case.
    private static let openings: [[UInt8]] = [
        "therefore", "thus", "hence", "so", "then", "finally", "in conclusion", "consequently", "and so", "we get",
        "we have",
        "this gives", "this means", "it follows that", "that is", "which gives", "we find that", "we find",
        "we conclude that",
    ].map { Array($0.utf8) }

    /// A range without the words that open a conclusion.
    static func withoutOpening(_ range: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
        var range = range
        for _ in 0..<3 {
            guard
                let words = openings.first(where: { words in
                    let end = range.lowerBound + words.count
                    return end < range.upperBound && !isLetter(bytes[end])
                        && zip(bytes[range], words).allSatisfy { lowered($0) == $1 }
                })
            else { break }
            var start = range.lowerBound + words.count
            while start < range.upperBound,
                isSpace(bytes[start]) || bytes[start] == UInt8(ascii: ",") || bytes[start] == UInt8(ascii: ":")
            { start += 1 }
            range = start..<range.upperBound
        }
        return range
    }

    private static func isPleasantry(_ sentence: ArraySlice<UInt8>) -> Bool {
        guard sentence.count < 400,
            let first = sentence.firstIndex(where: { isLetter($0) || (0xC3...0xEF).contains($0) && $0 != 0xE2 })
        else { return !sentence.contains { isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "\\") } }
        let start = sentence[first...]
        guard first - sentence.startIndex < 12, !sentence[..<first].contains(where: isDigit) else { return false }
        return pleasantries.contains { words in
            start.count >= words.count && zip(start, words).allSatisfy { lowered($0) == $1 }
        }
    }

    /// Where the last sentence of a range starts.
    static func startOfLast(in range: Range<Int>, of bytes: [UInt8]) -> Int {
        var index = range.upperBound - 1
        while index > range.lowerBound {
            index -= 1
            if bytes[index] == UInt8(ascii: "\n") || isEnd(index, in: bytes) { return index + 1 }
            if bytes[index] == 0xE3, bytes[index...].starts(with: [0xE3, 0x80, 0x82]), index + 3 < range.upperBound {
                return index + 3
            }
        }
        return range.lowerBound
    }

    /// Whether a byte is the point, exclamation or question mark that ends a sentence: white space follows, perhaps behind
    /// marks of emphasis, and it is not part of an abbreviation.
    static func isEnd(_ index: Int, in bytes: [UInt8]) -> Bool {
        guard ".!?".utf8.contains(bytes[index]) else { return false }
        var next = index + 1
        while next < bytes.count, "*_\"'`)".utf8.contains(bytes[next]) { next += 1 }
        guard next >= bytes.count || isSpace(bytes[next]) else { return false }
        if bytes[index] != UInt8(ascii: ".") { return true }
        let abbreviations = [
            "i.e", "e.g", "approx", "p.m", "a.m", "sq", "cu", "vs", "No", "resp", "Mr", "Mrs", "Ms", "Dr",
        ]
        let before = bytes[max(0, index - 6)..<index]
        let isAbbreviation = abbreviations.contains { before.suffix($0.utf8.count).elementsEqual($0.utf8) }
        // `3:30 p.m.` may end a sentence: a capital letter follows then.
        guard isAbbreviation else { return !isEnumeration(index, in: bytes) }
        while next < bytes.count, isSpace(bytes[next]) { next += 1 }
        return next >= bytes.count
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(bytes[next]) && before.last == UInt8(ascii: "m")
    }

    /// Whether a point belongs to `1.` at the start of a line.
    private static func isEnumeration(_ point: Int, in bytes: [UInt8]) -> Bool {
        var index = point
        while index > 0, isDigit(bytes[index - 1]) { index -= 1 }
        guard index < point, point - index <= 2 else { return false }
        while index > 0, bytes[index - 1] == UInt8(ascii: " ") || bytes[index - 1] == UInt8(ascii: "*") { index -= 1 }
        return (index == 0 || bytes[index - 1] == UInt8(ascii: "\n")) && point + 1 < bytes.count
    }

    /// The end of the sentence that starts at a position: the end of its line or its point, outside formulas and braces.
    ///
    /// A sentence that has not ended at `limit` ends there.
    static func end(from start: Int, in bytes: [UInt8], limit: Int = .max) -> Int {
        var index = start
        var depth = 0
        let limit = min(limit, bytes.count)
        while index < limit {
            if let formula = Formula(in: bytes, at: index) {
                index = formula.range.upperBound
                continue
            }
            switch bytes[index] {
            case UInt8(ascii: "\\"): index += 1
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: "\n"): if depth <= 0 || index - start > 2_000 { return index }
            case 0xE3: if bytes[index...].starts(with: [0xE3, 0x80, 0x82]) { return index }
            default: if isEnd(index, in: bytes) { return index }
            }
            index += 1
        }
        return max(start, limit)
    }
}

/// An ASCII letter in lower case; any other byte as it is.
func lowered(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}
