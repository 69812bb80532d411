/// Multiple-choice letters, `A` to `J`.
enum ChoiceLetter {
    /// The letter of a gold answer: `C`, `(C)`, `\text{(C)}`, `(D) Alina`, `C Cecile`; `nil` when it is none.
    static func ofGold(_ gold: String) -> Character? {
        var text = Substring(gold.trimmingSpaces)
        for prefix in ["$", "\\text{", "\\textbf{", "\\mathrm{"] where text.hasPrefix(prefix) {
            text = text.dropFirst(prefix.count)
        }
        let isBracketed = text.first == "("
        if isBracketed { text = text.dropFirst() }
        guard let letter = text.first, isChoice(letter) else { return nil }
        text = text.dropFirst()
        if isBracketed {
            guard text.first == ")" else { return nil }
            return letter
        }
        text = text.drop { "}$)".contains($0) }
        if text.isEmpty { return letter }
        // `C Cecile`: a name behind it.
        let rest = text.drop { ".): ".contains($0) }
        return rest.count < text.count && rest.first?.isUppercase == true
            && rest.allSatisfy { $0.isLetter || $0 == " " }
            ? letter : nil
    }

    /// The letter a response chooses; `nil` when none stands out.
    ///
    /// The first that stands alone after an announcement, else the one the response starts with (`D. …`), else the last in
    /// parentheses.
    static func chosen(in bytes: [UInt8]) -> (letter: Character, range: Range<Int>)? {
        if let start = AnswerPhrase.announcements(in: bytes).last?.start,
            let index = (start..<Sentences.end(from: start, in: bytes)).first(where: { standsAlone($0, in: bytes) })
        {
            if isAlternative(index, in: bytes) { return nil }
            return (Character(Unicode.Scalar(bytes[index])), index..<index + 1)
        }
        if let first = bytes.firstIndex(where: { !isSpace($0) && $0 != UInt8(ascii: "(") }),
            standsAlone(first, in: bytes),
            first + 1 >= bytes.count || ".):,".utf8.contains(bytes[first + 1])
        {
            return (Character(Unicode.Scalar(bytes[first])), first..<first + 1)
        }
        let bracketed = bytes.indices.last {
            $0 > 0 && $0 + 1 < bytes.count && bytes[$0 - 1] == UInt8(ascii: "(") && bytes[$0 + 1] == UInt8(ascii: ")")
                && standsAlone($0, in: bytes)
        }
        return bracketed.map { (Character(Unicode.Scalar(bytes[$0])), $0..<$0 + 1) }
    }

    private static func isChoice(_ letter: Character) -> Bool { letter >= "A" && letter <= "J" }

    /// Whether another letter is named beside this one: `B or D`.
    private static func isAlternative(_ index: Int, in bytes: [UInt8]) -> Bool {
        let links = [" or ", " and ", "/", ", ", " / ", ") or ("].map { Array($0.utf8) }
        return links.contains { link in
            let next = index + 1 + link.count
            return next < bytes.count && bytes[(index + 1)...].starts(with: link) && standsAlone(next, in: bytes)
        }
    }

    private static func standsAlone(_ index: Int, in bytes: [UInt8]) -> Bool {
        func isWord(_ byte: UInt8) -> Bool {
            isLetter(byte) || isDigit(byte) || byte >= 0x80 || byte == UInt8(ascii: "'")
        }
        guard bytes[index] >= UInt8(ascii: "A"), bytes[index] <= UInt8(ascii: "J") else { return false }
        if index > 0, isWord(bytes[index - 1]) { return false }
        return index + 1 >= bytes.count || !isWord(bytes[index + 1])
    }
}
