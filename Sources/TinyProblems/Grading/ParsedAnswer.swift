/// An answer, parsed in every way that comparison needs.
struct ParsedAnswer {
    /// Its readings: more than one where a comma may group digits or separate numbers.
    let readings: [(tokens: [AnswerToken], tree: AnswerTree?)]
    /// The answer as written.
    let text: String
    private let isWords: Bool

    init(_ answer: String) {
        var readings: [(tokens: [AnswerToken], tree: AnswerTree?)] = []
        var commas: [AnswerTokeniser.CommaReading] = [.grouping]
        while let reading = commas.popLast() {
            guard let tokeniser = AnswerTokeniser(answer, commas: reading) else { break }
            let tree = AnswerParser.parse(tokeniser.tokens)
            readings.append((tokeniser.tokens, tree))
            guard reading == .grouping else { continue }
            // A single `58,500` is a number and no list.
            if tokeniser.hasGroupingComma, tree?.isNumeral != true || Self.hasBrackets(tokeniser.tokens) {
                commas.append(.separating)
            }
            if Self.isDecimalComma(answer) { commas.append(.decimal) }
        }
        self.readings = readings
        text = answer
        isWords = readings.first.map { Self.isWords($0.tokens) } ?? false
    }

    /// Whether it has no tokens.
    var isEmpty: Bool { readings.allSatisfy(\.tokens.isEmpty) }

    /// Whether some reading could be parsed.
    var isReadable: Bool { readings.contains { $0.tree != nil } }

    /// Whether a prediction is equivalent to this gold answer.
    func accepts(_ prediction: ParsedAnswer, options: GradingOptions) -> Bool {
        if isEmpty || prediction.isEmpty { return false }
        for reading in readings {
            for other in prediction.readings {
                if reading.tokens == other.tokens { return true }
                guard let gold = reading.tree, let tree = other.tree else { continue }
                var comparison = AnswerComparison(options: options)
                if comparison.isEqual(gold, tree) { return true }
            }
        }
        guard isWords && prediction.isWords else { return false }
        let words = TextAnswer(text)
        return words == TextAnswer(prediction.text) && words.hasWord
    }

    private static func hasBrackets(_ tokens: [AnswerToken]) -> Bool {
        tokens.contains { if case .open = $0.kind { true } else { false } }
    }

    /// `1,22`: digits, a comma, two digits or more than three. One digit or three after a comma are lists and thousands.
    private static func isDecimalComma(_ answer: String) -> Bool {
        guard answer.utf8.count <= 40, answer.utf8.contains(UInt8(ascii: ",")) else { return false }
        let parts = answer.filter { !"$ -+".contains($0) }.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isDigit) }) else { return false }
        return parts[1].utf8.count == 2 || parts[1].utf8.count > 3
    }

    /// Whether answers can be compared by spelling: no notation in which position or braces matter.
    private static func isWords(_ tokens: [AnswerToken]) -> Bool {
        tokens.allSatisfy { token in
            switch token.kind {
            case .construct, .begin, .end, .relation, .symbol(.power), .symbol(.lower), .symbol(.divide),
                .symbol(.factorial):
                false
            case .unsupported(let name): !Notation.unsupported.contains(name)
            default: true
            }
        }
    }
}
