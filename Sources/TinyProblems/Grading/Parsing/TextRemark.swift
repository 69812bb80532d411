/// Text beside mathematics, as in `5\text{ cm}`: a unit or a label, or a remark that changes what is said.
enum TextRemark {
    /// Words that take back or leave open what stands beside them.
    private static let doubts: Set<String> = ["or", "not", "wrong", "maybe", "but", "because"]
    /// Words with a number behind them that belongs to the value, or says it again: `52 (base 8)`, `5 out of 12`,
    /// `1/3 (approximately 0.333)`.
    private static let beforeNumbers: Set<String> = [
        "base", "mod", "modulo", "per", "every", "of", "nearest", "multiplicity", "case", "part", "step", "option",
        "choice",
        "problem", "approximately", "about", "approx", "roughly", "nearly",
    ]
    /// How words begin that say how a value is rounded: `2 decimal places`, `3 s.f.`.
    private static let places = ["decimal", "significant", "digit", "place", "d.p", "dp", "s.f", "sf", "sig"]

    /// Whether a text is no unit and no label: it has a word of doubt, or a number of its own.
    static func isDoubtful(_ text: String) -> Bool {
        let words = text.lowercased().split { $0.isWhitespace || ",;()[]".contains($0) }
        return words.indices.contains { index in
            if doubts.contains(words[index].trimmingPoints) { return true }
            let previous = index > 0 ? words[index - 1].trimmingPoints : ""
            let next = index + 1 < words.count ? words[index + 1] : ""
            if places.contains(where: next.hasPrefix) { return false }
            if Notation.numbers[String(words[index])] != nil { return previous == "to" }
            return isNumber(words[index]) && !beforeNumbers.contains(previous)
        }
    }

    /// Whether a word starts with a digit and is no ordinal: `7`, `-7.5`, `$7`, `7cm`; not `2nd`, `m^2`.
    private static func isNumber(_ word: Substring) -> Bool {
        let rest = word.drop { "-−+$\\.".contains($0) }
        guard let first = rest.first, first.isASCII, first.isNumber else { return false }
        return !["st", "nd", "rd", "th"].contains(String(rest.drop(while: \.isNumber)))
    }
}

extension [AnswerToken] {
    /// Whether text beside other tokens is doubtful. The answer is then compared token by token only.
    var hasDoubtfulText: Bool {
        count > 1 && contains { if case .text(let text) = $0.kind { TextRemark.isDoubtful(text) } else { false } }
    }
}

extension Substring {
    /// Without points and exclamation marks at the ends.
    fileprivate var trimmingPoints: String {
        var text = self
        while let last = text.last, ".!?:".contains(last) { text = text.dropLast() }
        return String(text)
    }
}
