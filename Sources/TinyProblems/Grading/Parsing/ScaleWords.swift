/// Words that multiply the number before them, such as `million` in `1.5 million dollars`.
enum ScaleWords {
    private static let factors: [String: Int] = [
        "dozen": 12, "hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000,
        "trillion": 1_000_000_000_000,
    ]

    /// What one word multiplies by, in the singular or the plural; `nil` for any other word.
    static func factor(of word: some StringProtocol) -> Int? {
        let lowered = word.lowercased()
        return factors[lowered.hasSuffix("s") ? String(lowered.dropLast()) : lowered]
    }

    /// What such words make of an answer.
    enum Effect {
        /// They are factors. They may as well be units, as in `5 million` where millions are asked for, unless one is a hundred.
        case product([AnswerToken], mayBeUnits: Bool)
        /// They are part of a number that this grammar does not have: `two hundred fifty`.
        case unreadable
        /// There are none behind a number: in `5 parts per million` and `5 hundred-dollar bills` they belong to the unit, and
        /// `5 dozen (60)` is no product.
        case none
    }

    /// Makes each such word behind a number a factor.
    static func effect(on tokens: [AnswerToken]) -> Effect {
        var result: [AnswerToken] = []
        var mayBeUnits = true, endsScale = false
        for (index, token) in tokens.enumerated() {
            let isBehindNumber = endsScale || result.last?.endsNumber == true
            guard !startsCompound(tokens, at: index), let phrase = Phrase(token.kind, isBehindNumber: isBehindNumber)
            else {
                if endsScale, token.startsNumber { return .unreadable }
                if endsScale, token.kind == .open(.round) || token.kind == .symbol(.power) { return .none }
                if endsScale, token.kind == .symbol(.divide), index + 1 < tokens.count, tokens[index + 1].isLongWord {
                    result.append(AnswerToken(kind: .text("per"), followsSpace: true))  // `million/year`
                } else {
                    result.append(token)
                }
                endsScale = false
                continue
            }
            if let number = phrase.number { result.append(AnswerToken(kind: .text(number), followsSpace: true)) }
            for factor in phrase.factors {
                result.append(AnswerToken(kind: .symbol(.times), followsSpace: true))
                result.append(AnswerToken(kind: .number(Numeral(value: Rational(factor))), followsSpace: true))
                if factor == 100 { mayBeUnits = false }
            }
            if phrase.endsNumber { return .unreadable }
            endsScale = phrase.rest.isEmpty
            if !endsScale { result.append(AnswerToken(kind: .text(phrase.rest), followsSpace: true)) }
        }
        return result.count > tokens.count ? .product(result, mayBeUnits: mayBeUnits) : .none
    }

    /// Whether a word is the first half of one such as `hundred-dollar`.
    private static func startsCompound(_ tokens: [AnswerToken], at index: Int) -> Bool {
        guard index + 2 < tokens.count, case .word = tokens[index + 2].kind else { return false }
        return tokens[index + 1].kind == .symbol(.minus) && !tokens[index + 1].followsSpace
    }

    /// Where the words that multiply the number before a position end: `5 million`, or `5 \text{ million people}` with its
    /// braces; the position itself where none follow.
    static func end(in bytes: [UInt8], from start: Int, to limit: Int) -> Int {
        var end = start, index = start
        while true {
            while index < limit, bytes[index] == UInt8(ascii: " ") { index += 1 }
            if index < limit, bytes[index] == UInt8(ascii: "\\") {
                return endOfText(in: bytes, from: index, to: limit) ?? end
            }
            let word = bytes[index..<limit].prefix(while: isLetter)
            index = word.endIndex
            let isCompound = index + 1 < limit && bytes[index] == UInt8(ascii: "-") && isLetter(bytes[index + 1])
            guard !isCompound, (1...9).contains(word.count), factor(of: String(decoding: word, as: UTF8.self)) != nil
            else { return end }
            end = index
        }
    }

    /// Where the `\text{…}` at a position ends that starts with such a word; `nil` for anything else.
    private static func endOfText(in bytes: [UInt8], from start: Int, to limit: Int) -> Int? {
        let open = bytes[(start + 1)..<limit].prefix(while: isLetter).endIndex
        guard open < limit, bytes[open] == UInt8(ascii: "{"),
            Notation.textual.contains(String(decoding: bytes[(start + 1)..<open], as: UTF8.self)),
            let close = bytes[open..<min(limit, open + 100)].firstIndex(of: UInt8(ascii: "}")),
            Phrase(
                .text(String(decoding: bytes[(open + 1)..<close], as: UTF8.self).trimmingSpaces), isBehindNumber: true)
                != nil
        else { return nil }
        return close + 1
    }
}

/// A word or a text that says a factor: `million`, `thousand dollars`, `one hundred`.
private struct Phrase {
    /// A number in words before the factors.
    var number: String?
    var factors: [Int] = []
    /// What follows them, such as a unit.
    var rest = ""
    /// Whether what follows is the end of a number, as in `one hundred fifty`.
    var endsNumber = false

    init?(_ kind: AnswerToken.Kind, isBehindNumber: Bool) {
        switch kind {
        case .word(let word):
            guard isBehindNumber, let factor = ScaleWords.factor(of: word) else { return nil }
            factors = [factor]
        case .text(let text):
            var words = text.replacing("/", with: " per ").split(separator: " ")[...]
            if !isBehindNumber {
                guard let first = words.first, Notation.numbers[first.lowercased()] != nil else { return nil }
                number = String(words.removeFirst())
            }
            while let word = words.first, let factor = ScaleWords.factor(of: word) {
                factors.append(factor)
                words.removeFirst()
            }
            guard !factors.isEmpty else { return nil }
            endsNumber = words.first.map { AnswerToken.isNumber($0) } ?? false
            rest = words.joined(separator: " ")
        default: return nil
        }
    }
}

extension AnswerToken {
    fileprivate static func isNumber(_ word: some StringProtocol) -> Bool {
        word.contains(where: \.isNumber) || Notation.numbers[word.lowercased()] != nil
    }

    /// Whether it is a word that is no number and no variable.
    fileprivate var isLongWord: Bool {
        if case .word(let word) = kind { word.count > 3 && !Self.isNumber(word) } else { false }
    }

    /// Whether it can be the last of a number.
    fileprivate var endsNumber: Bool {
        switch kind {
        case .number, .close: true
        case .word(let word), .text(let word): Notation.numbers[word.lowercased()] != nil
        default: false
        }
    }

    /// Whether it is a number or starts with one.
    fileprivate var startsNumber: Bool {
        switch kind {
        case .number: true
        case .word(let text), .text(let text): text.split(separator: " ").first.map { Self.isNumber($0) } ?? false
        default: false
        }
    }
}
