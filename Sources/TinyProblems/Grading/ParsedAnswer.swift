/// An answer, parsed in every way that comparison needs.
struct ParsedAnswer {
    /// A way to read it.
    struct Reading {
        let tokens: [AnswerToken]
        let tree: AnswerTree?
        var words = Words.none
    }

    /// What words such as `million` are in a reading.
    enum Words {
        case none
        /// `5 million` is 5000000.
        case factors
        /// `5 million` is 5, of what the question asks for.
        case units

        /// Whether readings may be compared. Where both answers have such words, they are no units: 5 million is not 5 thousand.
        func isComparable(to other: Words) -> Bool {
            self == .none || other == .none || self == .factors && other == .factors
        }
    }

    /// Its readings: more than one where a comma may group digits or separate numbers, or a word may multiply or be a unit.
    let readings: [Reading]
    /// The answer as written.
    let text: String
    /// Whether its parts were labelled (a), (b) ….
    let hasPartLabels: Bool
    private let isWords: Bool

    /// Reads an answer.
    ///
    /// - Parameter isGold: Whether nobody is paid for it, so that text in it may say anything.
    init(_ written: String, isGold: Bool = false) {
        let undressed = Self.undressed(written)
        let labelled = PartLabels.tuple(of: undressed)
        let answer = labelled ?? undressed
        hasPartLabels = labelled != nil
        var readings: [Reading] = []
        func parsed(_ tokens: [AnswerToken]) -> [AnswerTree] { AnswerParser.readings(of: tokens, hasRemarks: isGold) }
        func add(_ tokens: [AnswerToken], all: Bool = false) {
            let trees = parsed(tokens)
            func add(_ tokens: [AnswerToken], _ trees: [AnswerTree], _ words: Words) {
                readings.append(Reading(tokens: tokens, tree: trees.first, words: words))
                guard all else { return }
                for tree in trees.dropFirst() { readings.append(Reading(tokens: tokens, tree: tree, words: words)) }
            }
            guard let multiplied = ScaleWords.multiplied(tokens) else { return add(tokens, trees, .none) }
            let products = parsed(multiplied.tokens)
            if products.isEmpty { return add(tokens, trees, .none) }
            if multiplied.mayBeUnits {
                // The end of `2 million / 2 = 1 million` alone, where units cannot be counted with.
                let end = tokens.lastIndex { $0.kind == .relation(.equal) }.map { Array(tokens[($0 + 1)...]) }
                if trees.isEmpty, let end {
                    add(end, parsed(end), .units)
                } else {
                    add(tokens, trees, .units)
                }
            }
            add(multiplied.tokens, products, .factors)
        }
        var commas: [AnswerTokeniser.CommaReading] = [.grouping]
        while let reading = commas.popLast() {
            guard let tokeniser = AnswerTokeniser(answer, commas: reading) else { break }
            if reading == .grouping, tokeniser.hasGroupingComma, tokeniser.tokens.isTupleWithoutSpaces {
                commas.append(.separating)
                continue
            }
            let tree = parsed(tokeniser.tokens).first
            add(tokeniser.tokens, all: true)
            if let line = tokeniser.lastLine, parsed(line).first != nil { add(line) }
            guard reading == .grouping else { continue }
            // A single `58,500` is a number and no list.
            if tokeniser.hasGroupingComma, tree?.isNumeral != true || Self.hasBrackets(tokeniser.tokens) {
                commas.append(.separating)
            }
            // `2{,}5`, for a gold answer 2,5.
            if answer.contains("{,}"),
                let tokeniser = AnswerTokeniser(answer.replacing("{,}", with: ","), commas: .separating)
            {
                add(tokeniser.tokens)
            }
            if Self.isDecimalComma(answer) { commas.append(.decimal) }
            if let plain = Self.withoutEuropeanMarks(answer), let tokeniser = AnswerTokeniser(plain) {
                add(tokeniser.tokens)
            }
        }
        // "all real numbers except 2"
        if let notation = SetPhrase.notation(of: answer), let tokeniser = AnswerTokeniser(notation) {
            add(tokeniser.tokens)
        }
        self.readings = readings
        text = answer
        isWords = readings.first.map { Self.isWords($0.tokens) } ?? false
    }

    /// Whether it has the sign of a currency that is no delimiter of mathematics.
    private var isMoney: Bool { ["\\$", "€", "£"].contains { text.contains($0) } }

    /// Whether it is a quantity of something else than money.
    private var hasOtherUnit: Bool {
        if case .quantity(_, let unit)? = readings.first?.tree { unit.isKnown && !unit.isMoney } else { false }
    }

    /// Whether it has no tokens.
    var isEmpty: Bool { readings.allSatisfy(\.tokens.isEmpty) }

    /// Whether some reading could be parsed.
    var isReadable: Bool { readings.contains { $0.tree != nil } }

    /// Whether it is not read because of a remark in it: `5\text{ or 7}`.
    var isDoubtful: Bool { !isReadable && readings.contains(where: \.tokens.hasDoubtfulText) }

    /// Whether a prediction is equivalent to this gold answer.
    func accepts(_ prediction: ParsedAnswer, options: GradingOptions) -> Bool {
        if isEmpty || prediction.isEmpty { return false }
        // `\$5` and `5 hours`
        if isMoney && prediction.hasOtherUnit || prediction.isMoney && hasOtherUnit { return false }
        for reading in readings {
            for other in prediction.readings where reading.words.isComparable(to: other.words) {
                if reading.tokens == other.tokens { return true }
                guard let gold = reading.tree, let tree = other.tree else { continue }
                var comparison = AnswerComparison(options: options)
                if comparison.holds(tree) && comparison.isEqual(gold, tree) { return true }
            }
        }
        guard isWords && prediction.isWords else { return false }
        let words = TextAnswer(text)
        return words == TextAnswer(prediction.text) && words.hasWord
    }

    /// Whether it is words in every reading.
    var isOnlyWords: Bool {
        readings.allSatisfy { if case .text? = $0.tree { true } else { $0.tree == nil } } && isReadable
    }

    /// How many parts it has, where it is a list, a set or a tuple of 2 to 8.
    var partCount: Int? {
        for reading in readings {
            switch reading.tree {
            // An interval has no parts to be given one by one.
            case .bracketed where reading.tree?.isCertainlySet == true: return nil
            case .list(let parts), .set(let parts), .bracketed(let parts, _, _):
                return (2...8).contains(parts.count) ? parts.count : nil
            default: continue
            }
        }
        return nil
    }

    /// Whether a text is one number with a comma that may be a decimal comma. `3,0` are two numbers, `3,00` is a price.
    static func isDecimal(_ text: String) -> Bool {
        digitsBehindComma(in: text).map { $0.count != 3 && $0 != "0" } ?? (withoutEuropeanMarks(text) != nil)
    }

    /// The digits behind the comma of a text of digits with one comma; `nil` for any other text.
    private static func digitsBehindComma(in text: String) -> Substring? {
        guard text.utf8.count <= 40 else { return nil }
        let parts = text.filter { !"$ -+".contains($0) }.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isDigit) }) else { return nil }
        return parts[1]
    }

    /// `1.234,50` as `1234.50`, with words such as `million` behind it; `nil` for anything else.
    private static func withoutEuropeanMarks(_ text: String) -> String? {
        let written = text.prefix { !$0.isLetter && !"€$£\\".contains($0) }
        let parts = written.trimmingSpaces.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.allSatisfy(isDigit), !parts[1].isEmpty else { return nil }
        let groups = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        guard groups.count > 1, (1...3).contains(groups[0].utf8.count),
            groups.dropFirst().allSatisfy({ $0.utf8.count == 3 }), groups.allSatisfy({ $0.utf8.allSatisfy(isDigit) })
        else { return nil }
        let bytes = Array(text.utf8), start = written.utf8.count
        let words = bytes[start..<ScaleWords.end(in: bytes, from: start, to: bytes.count)]
        return "\(groups.joined()).\(parts[1]) \(String(decoding: words, as: UTF8.self))"
    }

    /// A text without Markdown emphasis and quotation marks around it.
    private static func undressed(_ text: String) -> String {
        var bytes = Array(text.utf8)
        if let arrow = ["=>", "->", "→", "⇒"].first(where: { text.trimmingSpaces.hasPrefix($0) }) {
            bytes = Array(text.trimmingSpaces.utf8.dropFirst(arrow.utf8.count))
            return String(decoding: bytes, as: UTF8.self)
        }
        guard let first = bytes.first(where: { !isSpace($0) }), "*_`\"'".utf8.contains(first) else { return text }
        return String(decoding: bytes[TinyProblems.undressed(0..<bytes.count, in: bytes)], as: UTF8.self)
    }

    private static func hasBrackets(_ tokens: [AnswerToken]) -> Bool {
        tokens.contains { if case .open = $0.kind { true } else { false } }
    }

    /// `1,22`: digits, a comma, two digits or more than three. One digit or three after a comma are lists and thousands.
    private static func isDecimalComma(_ answer: String) -> Bool {
        digitsBehindComma(in: answer).map { $0.count == 2 || $0.count > 3 } ?? false
    }

    /// Whether answers can be compared by spelling: no notation in which position or braces matter.
    private static func isWords(_ tokens: [AnswerToken]) -> Bool {
        tokens.allSatisfy { token in
            switch token.kind {
            case .construct, .begin, .end, .relation, .symbol(.emptySet), .symbol(.power), .symbol(.lower),
                .symbol(.divide),
                .symbol(.factorial):
                false
            case .unsupported(let name): !Notation.unsupported.contains(name)
            default: true
            }
        }
    }
}
