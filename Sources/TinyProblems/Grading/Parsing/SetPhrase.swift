/// Sets of real numbers in words: "all real numbers except 2", "no real solutions".
enum SetPhrase {
    private static let maximumLength = 300

    private static let openings = [
        "the domain is ", "the range is ", "the solution set is ", "the solution is ", "the answer is ", "the set of ",
        "set of ",
        "x is ", "x can be ", "there are ", "there is ", "it has ", "the equation has ", "the inequality has ", "the ",
    ]
    private static let empty: Set<String> = [
        "no solution", "no solutions", "no real solution", "no real solutions", "empty set", "null set",
        "no real roots",
        "no real root", "no solution exists", "no solutions exist", "no real solutions exist", "no real values",
        "no such real numbers",
    ]
    private static let kinds: [(adjective: String, notation: String)] = [
        ("", "\\mathbb{R}"), ("positive ", "(0, \\infty)"), ("negative ", "(-\\infty, 0)"),
        ("nonnegative ", "[0, \\infty)"), ("non-negative ", "[0, \\infty)"), ("nonpositive ", "(-\\infty, 0]"),
        ("nonzero ", "\\mathbb{R} \\setminus \\{0\\}"), ("non-zero ", "\\mathbb{R} \\setminus \\{0\\}"),
    ]
    private static let nouns = ["real numbers", "real number", "real values", "real value", "reals", "real"]
    private static let variables = ["values of x", "values for x", "of x", "for x", "x"]
    private static let exceptions = [
        "except for", "except when", "except where", "except", "excluding", "other than", "but not", "not equal to",
        "different from", "besides", "apart from", "not including", "without",
    ]
    private static let conditions = ["such that", "where", "with", "for which", "satisfying", "when", "so that", "if"]
    private static let bounds: [(words: String, low: String, high: String)] = [
        ("greater than or equal to", "[", "\\infty)"), ("at least", "[", "\\infty)"), ("greater than", "(", "\\infty)"),
        ("larger than", "(", "\\infty)"), ("less than or equal to", "(-\\infty", "]"), ("at most", "(-\\infty", "]"),
        ("less than", "(-\\infty", ")"), ("smaller than", "(-\\infty", ")"),
    ]

    /// The set in mathematical notation; `nil` where the text is no such phrase.
    static func notation(of text: String) -> String? {
        guard text.utf8.count <= maximumLength, text.utf8.contains(where: isLetter) else { return nil }
        let words = plain(text)
        var rest = Substring(words)
        while let opening = openings.first(where: rest.hasPrefix) { rest = rest.dropFirst(opening.count) }
        if empty.contains(String(rest)) { return "\\emptyset" }
        guard let quantifier = ["all ", "any ", "every ", "each ", "real "].first(where: rest.hasPrefix) else {
            return nil
        }
        if quantifier != "real " { rest = rest.dropFirst(quantifier.count) }
        guard let kind = kinds.last(where: { rest.hasPrefix($0.adjective) }) else { return nil }
        rest = rest.dropFirst(kind.adjective.count)
        guard let noun = nouns.first(where: { isPrefix($0, of: rest) }) else { return nil }
        rest = trimmed(rest.dropFirst(noun.count))
        if let variable = variables.first(where: { isPrefix($0, of: rest) }) {
            let following = trimmed(rest.dropFirst(variable.count))
            // `x ≠ 2` stays whole.
            if following.isEmpty || following.first?.isLetter == true { rest = following }
        }
        return rest.isEmpty ? kind.notation : restricted(kind.notation, by: rest)
    }

    private static func restricted(_ set: String, by clause: Substring) -> String? {
        func value(_ words: String) -> String? {
            guard isPrefix(words, of: clause) else { return nil }
            let value = trimmed(clause.dropFirst(words.count))
            return value.isEmpty || value.contains("<") || value.contains(">") ? nil : String(value)
        }
        for words in exceptions {
            guard var value = value(words).map({ Substring($0) }) else { continue }
            if let equals = value.firstIndex(of: "="), value[..<equals].allSatisfy({ $0.isLetter || $0 == " " }) {
                value = value[value.index(after: equals)...]
            }
            return "\(set) \\setminus \\{\(value)\\}"
        }
        if let words = conditions.first(where: { isPrefix($0, of: clause) }) {
            return condition(clause.dropFirst(words.count), in: set)
        }
        for bound in bounds {
            guard let end = value(bound.words), !end.contains(" ") else { continue }
            let interval =
                bound.high.hasPrefix("\\") ? "\(bound.low)\(end), \(bound.high)" : "\(bound.low), \(end)\(bound.high)"
            return "\(interval) \\cap \(set)"
        }
        return condition(clause, in: set)
    }

    private static func condition(_ clause: Substring, in set: String) -> String? {
        let clause = trimmed(clause)
        let isRelation = ["<", ">", "≠", "≤", "≥", "\\ne", "\\le", "\\ge", "!="].contains(where: clause.contains)
        guard isRelation else { return nil }
        return "\\{x \\in \(set) \\mid \(clause)\\}"
    }

    // MARK: Text

    /// Whether a phrase starts with whole words.
    private static func isPrefix(_ words: String, of text: Substring) -> Bool {
        text.hasPrefix(words) && text.dropFirst(words.count).first?.isLetter != true
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, " ,:".contains(first) { text = text.dropFirst() }
        while let last = text.last, " ,.;".contains(last) { text = text.dropLast() }
        return text
    }

    /// The text in lower case with single spaces, without dollar signs and the commands that set words.
    private static func plain(_ text: String) -> String {
        var result = ""
        var rest = Substring(text.lowercased())
        // Braces of commands that set words, which end with the text they hold.
        var depth = 0, textual: [Int] = []
        while let character = rest.first {
            if character == "\\" {
                let name = rest.dropFirst().prefix { $0.isLetter }
                let following = rest.dropFirst(1 + name.count)
                if Notation.textual.contains(String(name)), following.first == "{" {
                    depth += 1
                    textual.append(depth)
                    rest = following.dropFirst()
                    continue
                }
                if Notation.ignored.contains(String(name)) {
                    rest = following
                    continue
                }
                let isSpace = name.isEmpty && following.first.map { " ,;:!()[]".contains($0) } ?? false
                result += isSpace ? " " : String(rest.prefix(name.isEmpty ? 2 : 1 + name.count))
                rest = isSpace || name.isEmpty ? following.dropFirst() : following
                continue
            }
            rest = rest.dropFirst()
            if character == "{" { depth += 1 }
            if character == "}" {
                depth -= 1
                if textual.last == depth + 1 {
                    textual.removeLast()
                    continue
                }
            }
            if character == "$" || character == "*" { continue }
            if !character.isWhitespace || result.last != " " { result.append(character.isWhitespace ? " " : character) }
        }
        return String(trimmed(Substring(result)))
    }
}
