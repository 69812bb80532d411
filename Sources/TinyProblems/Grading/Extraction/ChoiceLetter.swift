/// Multiple-choice letters, `A` to `J`.
enum ChoiceLetter {
    private static let commands = ["\\text{", "\\textbf{", "\\mathrm{", "\\mathbf{", "\\textrm{"]

    /// The letter of a gold answer: `C`, `(C)`, `\text{(C)}`, `(D) Alina`, `C Cecile`; `nil` when it is none, or names two.
    static func ofGold(_ gold: String) -> Character? {
        let all = gold.trimmingSpaces
        var text = Substring(all)
        if text.first == "$" { text = text.dropFirst() }
        if let command = commands.first(where: text.hasPrefix) { text = text.dropFirst(command.count) }
        let isBracketed = text.first == "("
        if isBracketed { text = text.dropFirst() }
        guard let letter = text.first, isChoice(letter) else { return nil }
        let position = all.utf8.distance(from: all.startIndex, to: text.startIndex)
        if isAlternative(position, in: Array(all.utf8)) { return nil }
        text = text.dropFirst()
        if isBracketed {
            guard text.first == ")" else { return nil }
            return letter
        }
        text = text.drop { "}$)".contains($0) }
        if text.allSatisfy({ " }$)".contains($0) }) { return letter }
        // `C Cecile`: a name behind it.
        let rest = text.drop { ".): ".contains($0) }
        return rest.count < text.count && rest.first?.isUppercase == true
            && rest.allSatisfy { $0.isLetter || $0 == " " }
            ? letter : nil
    }

    /// The letter of a predicted answer that is no more than one; `nil` where another letter stands alone beside it.
    static func ofAnswer(_ answer: String) -> Character? {
        let answer = withoutWord(answer)
        let bytes = Array(answer.utf8)
        guard bytes.count <= 16, let first = bytes.indices.first(where: { standsAlone($0, in: bytes) }),
            !isAlternative(first, in: bytes), bytes.indices.count(where: { isBracketed($0, in: bytes) }) < 2
        else { return nil }
        return ofGold(answer)
    }

    /// `Option B` and `\text{Option B}` without the word.
    private static func withoutWord(_ answer: String) -> String {
        for command in [""] + commands {
            for word in ["Option ", "option ", "Choice ", "choice "] where answer.hasPrefix(command + word) {
                return command + answer.dropFirst(command.count + word.count)
            }
        }
        return answer
    }

    /// A letter and the value that it labels: `(C) 12`, `\textbf{(C)}\ 12`, `C. 12`; `nil` for anything else, such as `(C)`,
    /// `(A)B`, `(C) - 12` or `(C) 12 (D) 13`.
    static func labelled(_ answer: String) -> (letter: Character, value: String)? {
        var text = Substring(answer.trimmingSpaces)
        if text.first == "$" { text = text.dropFirst() }
        let command = commands.first(where: text.hasPrefix)
        text = text.dropFirst(command?.count ?? 0)
        let isBracketed = text.first == "("
        if isBracketed { text = text.dropFirst() }
        guard let letter = text.popFirst(), isChoice(letter) else { return nil }
        let isMarked = isBracketed ? text.first == ")" : text.first == ")" || text.first == "."
        guard isMarked || !isBracketed && command != nil && text.first == "}" else { return nil }
        if isMarked { text = text.dropFirst() }
        var value = withoutSpaces(text)
        var isApart = value.count < text.count || value.first == "$"
        if command != nil, value.first == "}" {
            let rest = value.dropFirst()
            value = withoutSpaces(rest)
            isApart = isMarked || value.count < rest.count
        } else if let command {
            // `\textbf{(C) 12}`
            value = command + value
        }
        guard isApart, startsValue(value) else { return nil }
        let bytes = Array(value.utf8)
        return bytes.indices.contains { standsAlone($0, in: bytes) } ? nil : (letter, String(value))
    }

    /// A text without white space at its start, plain or as a command.
    private static func withoutSpaces(_ text: Substring) -> Substring {
        let commands = ["\\qquad", "\\quad", "\\enspace", "\\ ", "\\,", "\\;", "\\:", "\\!", "~"]
        var text = text.drop(while: \.isWhitespace)
        while let command = commands.first(where: text.hasPrefix) {
            text = text.dropFirst(command.count).drop(while: \.isWhitespace)
        }
        return text
    }

    /// Whether a text can be a value, and not the other side of an operation: `- 12`, `\cup B`.
    static func startsValue(_ text: Substring) -> Bool {
        guard let first = text.first, !"^_!'=/*+<>|,;:.)]}&".contains(first) else { return false }
        if "-−".contains(first) { return text.dropFirst().first?.isWhitespace == false }
        guard first == "\\" else { return true }
        let name = String(text.dropFirst().prefix { $0.isASCII && $0.isLetter })
        switch Notation.symbols[name] {
        case .symbol(let symbol)?: return symbol == .emptySet || symbol == .infinity || symbol == .bar
        case .relation?: return false
        default: return true
        }
    }

    /// The letter a response chooses; `nil` when none stands out.
    ///
    /// The first that stands alone after an announcement, else the one the response starts with (`D. …`), else the last in
    /// parentheses. One that another letter follows or precedes at once, as in `A, B`, is no choice.
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
            if isAlternative(first, in: bytes) { return nil }
            return (Character(Unicode.Scalar(bytes[first])), first..<first + 1)
        }
        let bracketed = bytes.indices.last { isBracketed($0, in: bytes) }
        guard let bracketed else { return nil }
        let previous = bytes[..<bracketed].indices.last { standsAlone($0, in: bytes) }
        if let previous, isAlternative(previous, in: bytes) { return nil }
        return (Character(Unicode.Scalar(bytes[bracketed])), bracketed..<bracketed + 1)
    }

    private static func isChoice(_ letter: Character) -> Bool { letter >= "A" && letter <= "J" }

    /// Whether another letter is named right behind this one: `B or D`, `B, D`, `(B)(D)`, `\text{(B)}/\text{(D)}`, `(A)BCD`.
    private static func isAlternative(_ index: Int, in bytes: [UInt8]) -> Bool {
        var next = index + 1, isLinked = false
        scan: while next < bytes.count {
            switch bytes[next] {
            case UInt8(ascii: ","), UInt8(ascii: "/"), UInt8(ascii: "&"), UInt8(ascii: ";"):
                isLinked = true
                next += 1
            case UInt8(ascii: "\\"):
                next += 1
                let end = bytes[next...].firstIndex { !isLetter($0) } ?? bytes.count
                next = max(end, min(next + 1, bytes.count))
            case let byte where " )(}{$*_~".utf8.contains(byte): next += 1
            default:
                let end = bytes[next...].firstIndex { !isLetter($0) } ?? bytes.count
                let word = String(decoding: bytes[next..<end], as: UTF8.self)
                if bytes[next - 1] == UInt8(ascii: ")"), word.count > 1, word.allSatisfy(isChoice) { return true }
                guard word == "or" || word == "and" else { break scan }
                isLinked = true
                next = end
            }
        }
        guard next < bytes.count, standsAlone(next, in: bytes) else { return false }
        let rest = bytes[(next + 1)...]
        // `(D) A = 5` and `(D) B cells` name one; `A B` and `(A) (B)` two.
        let isLast = rest.allSatisfy { " .)}$".utf8.contains($0) }
        guard isLinked || isLast || bytes[next - 1] == UInt8(ascii: "(") else { return false }
        // `D, I think` and `D, and A is wrong`
        let word = rest.drop(while: isSpace).prefix(while: isLetter)
        let isClause =
            rest.first.map(isSpace) == true && word.first.map { lowered($0) == $0 } == true
            && !["or", "and"].contains(String(decoding: word, as: UTF8.self))
        return !isClause
    }

    private static func isBracketed(_ index: Int, in bytes: [UInt8]) -> Bool {
        index > 0 && index + 1 < bytes.count && bytes[index - 1] == UInt8(ascii: "(")
            && bytes[index + 1] == UInt8(ascii: ")")
            && standsAlone(index, in: bytes)
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
