/// An answer in words, normalised so that case, white space and typefaces do not matter.
struct TextAnswer: Hashable, Sendable {
    private let spelling: String

    /// Letters, digits and inner signs of a text, lower case.
    ///
    /// White space is removed, except between two digits, where it separates numbers.
    init(_ text: String) {
        var spelling = ""
        var previous: Character?
        var isSpace = false
        for character in Self.withoutCommands(text) {
            if character.isWhitespace || "{}$~\\\"".contains(character) {
                isSpace = isSpace || character.isWhitespace
                continue
            }
            if isSpace, let previous, previous.isNumber, character.isNumber { spelling.append(" ") }
            spelling.append(character)
            previous = character
            isSpace = false
        }
        let ends = Set(".,;:!?'\u{2018}\u{2019}\u{201C}\u{201D}*")
        while let last = spelling.last, ends.contains(last) { spelling.removeLast() }
        while let first = spelling.first, ends.contains(first) { spelling.removeFirst() }
        if spelling.count > 2, spelling.first == "(", spelling.last == ")" {
            spelling = String(spelling.dropFirst().dropLast())
        }
        self.spelling = spelling.lowercased()
    }

    /// Whether it holds a word of at least two letters.
    var hasWord: Bool {
        var run = 0
        for character in spelling {
            run = character.isLetter ? run + 1 : 0
            if run >= 2 { return true }
        }
        return false
    }

    /// The text without commands that only change its appearance.
    private static func withoutCommands(_ text: String) -> String {
        guard text.contains("\\") else { return text }
        var result = ""
        var rest = Substring(text)
        while let slash = rest.firstIndex(of: "\\") {
            result += rest[..<slash]
            rest = rest[rest.index(after: slash)...]
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            let isDropped = [Notation.textual, Notation.typefaces, Notation.ignored].contains {
                $0.contains(String(name))
            }
            if !isDropped && !name.isEmpty { result += "\\" + name }
            rest = rest.dropFirst(name.count)
            if name.isEmpty, let symbol = rest.first, " ,;:!>\\".contains(symbol) {
                if symbol == " " { result += " " }
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }
}
