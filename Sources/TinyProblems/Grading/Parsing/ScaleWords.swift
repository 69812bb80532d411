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

    /// Makes each such word behind a number a factor, and a number in several words one number.
    ///
    /// In `5 parts per million` and `5 hundred-dollar bills` they belong to the unit. What says more than a number and a unit,
    /// such as `5 dozen (60)` and `5 thousand to 7 thousand`, is left alone.
    ///
    /// - Returns: The tokens, and whether the words may as well be units, as in `5 million` where millions are asked for; a hundred
    ///   is none. `nil` where there is no such word behind a number.
    static func multiplied(_ tokens: [AnswerToken]) -> (tokens: [AnswerToken], mayBeUnits: Bool)? {
        let tokens = tokens.withSeparateScales
        guard tokens.contains(where: \.isScale) else { return nil }
        var result: [AnswerToken] = []
        var mayBeUnits = true, index = 0, endsScale = false
        while index < tokens.count {
            let token = tokens[index]
            if let (value, end) = Spelled.number(in: tokens, from: index) {
                result.append(AnswerToken(kind: .number(Numeral(value: Rational(value))), followsSpace: true))
                mayBeUnits = false
                endsScale = true
                index = end
            } else if let factor = token.scale, endsScale || result.last?.endsNumber == true,
                !startsCompound(tokens, at: index)
            {
                result.multiply(by: factor)
                if case .word(let word) = token.kind, word.lowercased() == "hundred" { mayBeUnits = false }
                endsScale = true
                index += 1
            } else {
                if endsScale {
                    guard isUnit(tokens[index...]) else { return nil }
                    endsScale = false
                    // `million/year`
                    if token.kind == .symbol(.divide), index + 1 < tokens.count, tokens[index + 1].isLongWord {
                        result.append(AnswerToken(kind: .text("per"), followsSpace: true))
                        index += 1
                        continue
                    }
                }
                result.append(token)
                index += 1
            }
        }
        return result == tokens ? nil : (result, mayBeUnits)
    }

    /// Whether a word is the first half of one such as `hundred-dollar`.
    private static func startsCompound(_ tokens: [AnswerToken], at index: Int) -> Bool {
        guard index + 2 < tokens.count, case .word = tokens[index + 2].kind else { return false }
        return tokens[index + 1].kind == .symbol(.minus) && !tokens[index + 1].followsSpace
    }

    /// Whether what follows such a word goes on with a unit, or with anything that is neither a number nor an explanation.
    private static func isUnit(_ tokens: ArraySlice<AnswerToken>) -> Bool {
        if [.open(.round), .symbol(.power), .symbol(.and), .symbol(.colon)].contains(tokens.first?.kind) {
            return false
        }
        for token in tokens {
            switch token.kind {
            case .number: return false
            case .word(let text), .text(let text):
                if text.split(separator: " ").contains(where: goesOn) { return false }
            default: return true
            }
        }
        return true
    }

    /// Whether a word behind a number says that there is more to it than a unit.
    private static func goesOn(_ word: Substring) -> Bool {
        let word = word.lowercased()
        return word.contains(where: \.isNumber) || Notation.numbers[word] != nil || factor(of: word) != nil
            || ["th", "ths"].contains { word.hasSuffix($0) && factor(of: word.dropLast($0.count)) != nil }
            || ["and", "plus", "minus", "less", "more", "times", "of", "to", "or", "half"].contains(word)
    }

    // MARK: In sentences

    /// Where the words that multiply the number before a position end: `5 million`, or `5 \text{ million people}` with its
    /// braces; the position itself where none follow, or more of the number follows them.
    static func end(in bytes: [UInt8], from start: Int, to limit: Int) -> Int {
        var end = start, index = start
        while true {
            while index < limit, bytes[index] == UInt8(ascii: " ") { index += 1 }
            if index < limit, bytes[index] == UInt8(ascii: "\\") {
                return endOfText(in: bytes, from: index, to: limit) ?? end
            }
            let word = self.word(in: bytes, from: index, to: limit)
            let after = index + word.utf8.count
            let isCompound = after + 1 < limit && bytes[after] == UInt8(ascii: "-") && isLetter(bytes[after + 1])
            guard !isCompound, factor(of: word) != nil else {
                return isNumber(in: bytes, from: index, to: limit) ? start : end
            }
            (end, index) = (after, after)
        }
    }

    /// Whether a number begins at a position, after a word such as `and`.
    private static func isNumber(in bytes: [UInt8], from start: Int, to limit: Int) -> Bool {
        var index = start
        for _ in 0..<3 {
            let word = self.word(in: bytes, from: index, to: limit)
            if index < limit, isDigit(bytes[index]) { return true }
            if word == "half" || Notation.numbers[word.lowercased()] != nil { return true }
            guard ["and", "plus", "a"].contains(word) else { return false }
            index += word.utf8.count
            while index < limit, bytes[index] == UInt8(ascii: " ") { index += 1 }
        }
        return false
    }

    private static func word(in bytes: [UInt8], from start: Int, to limit: Int) -> String {
        String(decoding: bytes[start..<limit].prefix(20).prefix(while: isLetter), as: UTF8.self)
    }

    /// Where the `\text{…}` at a position ends that starts with such a word; `nil` for anything else.
    private static func endOfText(in bytes: [UInt8], from start: Int, to limit: Int) -> Int? {
        let open = bytes[(start + 1)..<limit].prefix(while: isLetter).endIndex
        guard open < limit, bytes[open] == UInt8(ascii: "{"),
            Notation.textual.contains(String(decoding: bytes[(start + 1)..<open], as: UTF8.self)),
            let close = bytes[open..<min(limit, open + 100)].firstIndex(of: UInt8(ascii: "}")),
            let first = String(decoding: bytes[(open + 1)..<close], as: UTF8.self).split(separator: " ").first,
            factor(of: first) != nil
        else { return nil }
        return close + 1
    }
}

/// Numbers in several words: `two hundred fifty`, `2 million four hundred thousand`.
private enum Spelled {
    /// The number that starts at a token and goes on behind a word such as `hundred`, and the index behind it; `nil` where there
    /// is none.
    static func number(in tokens: [AnswerToken], from start: Int) -> (value: Int, end: Int)? {
        guard start < tokens.count, let first = tokens[start].wholeNumber, first < 1_000,
            start == 0 || tokens[start - 1].wholeNumber == nil
        else { return nil }
        var total = 0, current: Int? = first, last = Int.max, index = start + 1
        var hasMore = false, followsScale = false
        while index < tokens.count {
            let token = tokens[index]
            if let factor = token.scale {
                guard let value = current, value > 0 else { return nil }
                if factor == 100 {
                    guard value < 100 else { return nil }
                    current = value * factor
                } else {
                    guard factor < last else { return nil }
                    (total, current, last) = (total + value * factor, nil, factor)
                }
                followsScale = true
            } else if followsScale, token.kind == .symbol(.and), index + 1 < tokens.count,
                tokens[index + 1].isNumberWord
            {
                // `two hundred and fifty`
            } else if followsScale, let number = token.wholeNumber {
                guard number < (current == nil ? 1_000 : 100) else { return nil }
                current = (current ?? 0) + number
                (hasMore, followsScale) = (true, false)
            } else {
                break
            }
            index += 1
        }
        return hasMore ? (total + (current ?? 0), index) : nil
    }
}

extension [AnswerToken] {
    /// The tokens with `5 \text{ thousand dollars}` as `5`, `thousand`, `\text{ dollars}`, and `\text{one hundred}` as two words.
    fileprivate var withSeparateScales: [AnswerToken] {
        var result: [AnswerToken] = []
        for token in self {
            guard case .text(let text) = token.kind else {
                result.append(token)
                continue
            }
            let words = text.replacing("/", with: " per ").split(separator: " ")
            let spelled = words.prefix { Notation.numbers[$0.lowercased()] != nil || ScaleWords.factor(of: $0) != nil }
            let isBehindNumber = result.last?.endsNumber == true
            guard spelled.contains(where: { ScaleWords.factor(of: $0) != nil }),
                isBehindNumber || Notation.numbers[words[0].lowercased()] != nil
            else {
                result.append(token)
                continue
            }
            result += spelled.map { AnswerToken(kind: .word(String($0)), followsSpace: true) }
            let rest = words.dropFirst(spelled.count).joined(separator: " ")
            if !rest.isEmpty { result.append(AnswerToken(kind: .text(rest), followsSpace: true)) }
        }
        return result
    }

    /// Multiplies the number at the end, or a fraction of two numbers; of any other quotient, its divisor.
    fileprivate mutating func multiply(by factor: Int) {
        let product = [
            AnswerToken(kind: .symbol(.times), followsSpace: true),
            AnswerToken(kind: .number(Numeral(value: Rational(factor))), followsSpace: true),
        ]
        let divisor = count - 1
        let isDivisor = divisor > 0 && self[divisor].isNumber && self[divisor - 1].kind == .symbol(.divide)
        let isFraction =
            count <= 5
            && allSatisfy {
                $0.isNumber || [.symbol(.divide), .symbol(.minus), .symbol(.plus)].contains($0.kind)
            }
        guard isDivisor, !isFraction else {
            self += product
            return
        }
        insert(AnswerToken(kind: .open(.round)), at: divisor)
        self += product + [AnswerToken(kind: .close(.round))]
    }
}

extension AnswerToken {
    /// The factor of a word such as `million`.
    fileprivate var scale: Int? { if case .word(let word) = kind { ScaleWords.factor(of: word) } else { nil } }

    fileprivate var isScale: Bool { scale != nil }

    fileprivate var isNumberWord: Bool {
        switch kind {
        case .word(let word): Notation.numbers[word.lowercased()] != nil
        case .number(let numeral): numeral.digits == nil && numeral.value.integer(upTo: 99) != nil  // `seventy-two`
        default: false
        }
    }

    /// A number from 0, in digits or a word.
    fileprivate var wholeNumber: Int? {
        switch kind {
        case .number(let numeral): numeral.value.integer(upTo: 999).flatMap { $0 < 0 ? nil : $0 }
        case .word(let word): word.lowercased() == "hundred" ? nil : Notation.numbers[word.lowercased()]
        default: nil
        }
    }

    /// Whether it is a number of one token.
    fileprivate var isNumber: Bool {
        switch kind {
        case .number: true
        case .word(let word), .text(let word): Notation.numbers[word.lowercased()] != nil
        default: false
        }
    }

    /// Whether it can be the last of a number.
    fileprivate var endsNumber: Bool { if case .close = kind { true } else { isNumber } }

    /// Whether it is a word that is no number and no variable.
    fileprivate var isLongWord: Bool {
        if case .word(let word) = kind { word.count > 2 && Notation.numbers[word.lowercased()] == nil } else { false }
    }
}
