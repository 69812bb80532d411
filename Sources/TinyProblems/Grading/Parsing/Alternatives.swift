/// An answer that is written in two ways: `\frac12 \text{ or } 0.5`, `\frac12 \text{ (or } 0.5\text{)}`, `1/2 (or 0.5)`.
enum Alternatives {
    /// Longer answers have none.
    private static let maximumLength = 400
    /// What stands between two alternatives, apart from the plain word.
    private static let links = [
        "\\text{ or }", "\\text{ or}", "\\text{or }", "\\text{or}", "\\mbox{ or }", "\\mbox{or}", "\\lor",
    ]
    /// What encloses an alternative in brackets.
    private static let brackets = [("\\text{ (or }", "\\text{)}"), ("\\text{(or }", "\\text{)}"), ("(or ", ")")]

    /// The alternatives of an answer, two to four; none where it has no "or".
    static func of(_ answer: String) -> [String] {
        guard answer.utf8.count <= maximumLength, answer.contains("or") else { return [] }
        var text = answer.trimmingSpaces
        for (open, close) in brackets where text.contains(open) && text.hasSuffix(close) {
            text = String(text.dropLast(close.count)).replacing(open, with: " or ", maxReplacements: 1)
            break
        }
        for link in links { text = text.replacing(link, with: " or ") }
        let parts = text.split(separator: " or ").map { part in
            let part = part.trimmingSpaces
            return part.last == "," ? String(part.dropLast()).trimmingSpaces : part
        }
        return (2...4).contains(parts.count) && parts.allSatisfy { !$0.isEmpty } ? parts : []
    }
}
