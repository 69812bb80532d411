/// Parses the tokens of an answer, by recursive descent with at most a few steps back.
///
/// ```
/// answer   = item { ("," | ";" | and | or) item }
/// item     = side { relation side } | side "∈" side
/// side     = a ratio, or sets with operations between them; see AnswerParser+Sets.swift
/// ratio    = sum { ":" sum }
/// sum      = [sign] term { sign term }
/// term     = factor { ["·" | "/" | mod] factor } [unit]
/// factor   = primary { "^" script | "!" | "°" | "%" | "′" | "_" script }
/// ```
///
/// Nesting deeper than ``maximumDepth`` and more tokens than ``maximumTokens`` are refused: such an answer is compared
/// letter by letter.
struct AnswerParser {
    static let maximumDepth = 40
    static let maximumTokens = 1_500

    var tokens: [AnswerToken]
    var position = 0
    private var depth = 0
    /// How many `|` are open.
    var openBars = 0
    /// How often a rule may still be tried and given up: each failure reads what is inside it again.
    var trials = 4
    /// Whether a determinant was read: another with it as an entry would grow without bound.
    var hasDeterminant = false
    /// Whether letters behind a number may be a unit, as in `5 m/s`; else they are variables.
    private var readsUnits = true
    /// Whether letters were read as a unit.
    private(set) var hasLetterUnit = false

    /// The trees of a whole answer: two where letters may be a unit or variables, none where it is not written in this
    /// grammar.
    ///
    /// - Parameter hasRemarks: Whether text may say more than a unit or a label, as that of a gold answer may.
    static func readings(of tokens: [AnswerToken], hasRemarks: Bool = false) -> [AnswerTree] {
        guard !tokens.isEmpty, tokens.count <= maximumTokens, hasRemarks || !tokens.hasDoubtfulText else { return [] }
        if let label = labelLength(of: tokens) {
            return readings(of: Array(tokens[label...]), hasRemarks: hasRemarks)
        }
        // `x + 2 = 5 \implies x = 3`: the end of a derivation is the answer.
        if let arrow = tokens.lastIndex(where: { $0.kind == .symbol(.implies) }) {
            return readings(of: Array(tokens[(arrow + 1)...]), hasRemarks: hasRemarks)
        }
        if let set = conditions(tokens) { return [set] }
        var parser = AnswerParser(tokens: tokens)
        if let tree = parser.answer(), parser.isAtEnd {
            guard parser.hasLetterUnit else { return [tree] }
            var second = AnswerParser(tokens: tokens)
            second.readsUnits = false
            if let other = second.answer(), second.isAtEnd { return [tree, other] }
            return [tree]
        }
        if !hasRemarks, let value = residue(tokens) { return [value] }
        return named(tokens).map { [$0] } ?? []
    }

    /// `N ≡ 113 (mod 1000)` as `N = 113`, of a prediction: a gold answer is as much about the modulus. `nil` for anything else.
    private static func residue(_ tokens: [AnswerToken]) -> AnswerTree? {
        guard tokens.count == 7, case .name(let name) = tokens[0].kind, tokens[1].kind == .relation(.equal),
            case .number(let value) = tokens[2].kind, tokens[3].kind == .open(.round),
            tokens[4].kind == .symbol(.modulo), case .number(let modulus) = tokens[5].kind,
            tokens[6].kind == .close(.round), let bound = modulus.value.integer(upTo: 1_000_000_000),
            let residue = value.value.integer(upTo: 1_000_000_000), residue < bound
        else { return nil }
        return .relation([.variable(name), .number(value.value)], [.equal])
    }

    /// `… = value`, where the part before the last equals sign is not written in this grammar: notation such as `\sum`, or
    /// words without numbers. That part is a name for the value.
    private static func named(_ tokens: [AnswerToken]) -> AnswerTree? {
        guard let sign = tokens.lastIndex(where: { $0.kind == .relation(.equal) }), sign > 0 else { return nil }
        let name = tokens[..<sign]
        let isNotation = name.contains {
            if case .unsupported(let name) = $0.kind { Notation.unsupported.contains(name) } else { false }
        }
        let isWords = name.contains { if case .word = $0.kind { true } else { false } }
        let hasNumbers = name.contains { if case .number = $0.kind { true } else { false } }
        let isNamed = name.contains { if case .name = $0.kind { true } else { false } }
        // Of a sentence with several equations, the last is not the whole.
        let isSentence = isWords && name.contains { $0.kind == .relation(.equal) }
        guard !isSentence, isWords ? !hasNumbers : isNotation || isNamed else { return nil }
        var parser = AnswerParser(tokens: Array(tokens[(sign + 1)...]))
        guard let value = parser.answer(), parser.isAtEnd, !value.isRelation else { return nil }
        return .relation([.variable("\(tokens[..<sign].map(\.kind))"), value], [.equal])
    }

    /// The length of a label in words, such as `\text{Domain: }`, before an answer; `nil` without one.
    private static func labelLength(of tokens: [AnswerToken]) -> Int? {
        guard tokens.count > 1 else { return nil }
        switch tokens[0].kind {
        case .text(let text):
            if tokens[1].kind == .symbol(.colon) { return 2 }
            if case .relation = tokens[1].kind { return nil }
            let isEquation = tokens.dropFirst().contains { if case .relation = $0.kind { true } else { false } }
            return isEquation || [":", " is", " are", "="].contains(where: text.hasSuffix) ? 1 : nil
        case .name("A"):
            // `A: 72`, as the other half of `Q:`
            if tokens.count > 2, tokens[1].kind == .symbol(.colon), case .number = tokens[2].kind { return 2 }
            return nil
        case .word(let word): return word.count > 3 && tokens.count > 2 && tokens[1].kind == .symbol(.colon) ? 2 : nil
        default: return nil
        }
    }

    init(tokens: [AnswerToken]) {
        self.tokens = tokens
    }

    // MARK: Looking ahead

    var isAtEnd: Bool { position >= tokens.count }

    var next: AnswerToken.Kind? { position < tokens.count ? tokens[position].kind : nil }

    func kind(_ offset: Int) -> AnswerToken.Kind? {
        position + offset < tokens.count ? tokens[position + offset].kind : nil
    }

    mutating func take(_ kind: AnswerToken.Kind) -> Bool {
        guard next == kind else { return false }
        position += 1
        return true
    }

    /// Runs a rule one level deeper; `nil` past ``maximumDepth``.
    mutating func nested(_ rule: (inout AnswerParser) -> AnswerTree?) -> AnswerTree? {
        guard depth < Self.maximumDepth else { return nil }
        depth += 1
        defer { depth -= 1 }
        return rule(&self)
    }

    // MARK: Lists and relations

    private mutating func answer() -> AnswerTree? {
        guard let groups = groups() else { return nil }
        let parts = groups.count == 1 ? groups[0] : groups.map { $0.count == 1 ? $0[0] : tuple($0) }
        return parts.count == 1 ? parts[0] : .list(parts)
    }

    private func tuple(_ parts: [AnswerTree]) -> AnswerTree {
        .bracketed(parts, opensClosed: false, closesClosed: false)
    }

    /// Items between separators; semicolons and line breaks part groups of items.
    private mutating func groups() -> [[AnswerTree]]? {
        var groups: [[AnswerTree]] = []
        var current: [AnswerTree] = []
        while true {
            guard let item = nested({ $0.item() }) else { return nil }
            current.append(item)
            let (isSeparated, endsGroup) = separators()
            if endsGroup {
                groups.append(current)
                current = []
            }
            // `3 ft 6 in` are two quantities.
            if !isSeparated, case .quantity(_, let unit) = item, unit.isKnown, case .number? = next { continue }
            if !isSeparated || isAtEnd || isAtClose { break }
        }
        if !current.isEmpty { groups.append(current) }
        return groups
    }

    private var isAtClose: Bool {
        if case .close? = next { true } else { false }
    }

    private mutating func separators() -> (isSeparated: Bool, endsGroup: Bool) {
        var result = (isSeparated: false, endsGroup: false)
        while case .symbol(let symbol)? = next {
            switch symbol {
            case .comma, .and, .or: break
            case .semicolon, .newline: result.endsGroup = true
            default: return result
            }
            result.isSeparated = true
            position += 1
        }
        return result
    }

    /// Items of a bracket, whatever separates them.
    mutating func items() -> [AnswerTree]? {
        if isAtClose { return [] }
        return groups()?.flatMap { $0 }
    }

    mutating func item() -> AnswerTree? {
        if next == .relation(.equal) || next == .relation(.approximately) { position += 1 }
        guard let first = side() else { return nil }
        var sides = [first], relations: [Relation] = []
        while case .relation(let relation)? = next {
            position += 1
            guard let other = side() else { return nil }
            sides.append(other)
            relations.append(relation)
        }
        if take(.symbol(.element)) {
            guard relations.isEmpty, let set = side() else { return nil }
            return .membership(first, set)
        }
        if take(.symbol(.notElement)) {
            guard relations.isEmpty, let set = side() else { return nil }
            return .membership(first, .difference(.variable("mathbb R"), set))
        }
        return relations.isEmpty ? first : .relation(sides, relations)
    }

    mutating func ratio() -> AnswerTree? {
        let start = position
        guard let tree = joined(by: .colon, as: { .ratio($0, isTime: false) }, part: { $0.sum() }) else { return nil }
        guard case .ratio(let parts, _) = tree, isTime(start..<position) else { return tree }
        return .ratio(parts, isTime: true)
    }

    /// Whether tokens are `8:05` or `1:02:30`: two digits below 60 behind each colon.
    private func isTime(_ range: Range<Int>) -> Bool {
        tokens[range].enumerated().allSatisfy { index, token in
            guard index % 2 == 0 else { return token.kind == .symbol(.colon) }
            guard case .number(let numeral) = token.kind, let digits = numeral.digits else { return false }
            return index == 0
                ? digits.utf8.count <= 2 : digits.utf8.count == 2 && numeral.value.integer(upTo: 59) != nil
        }
    }

    /// One part, or several with a symbol between them.
    mutating func joined(
        by symbol: AnswerToken.Symbol, as whole: ([AnswerTree]) -> AnswerTree, part: (inout Self) -> AnswerTree?
    ) -> AnswerTree? {
        var parts: [AnswerTree] = []
        repeat {
            guard let next = part(&self) else { return nil }
            parts.append(next)
        } while take(.symbol(symbol))
        return parts.count == 1 ? parts[0] : whole(parts)
    }

    // MARK: Arithmetic

    mutating func sum() -> AnswerTree? {
        var terms: [AnswerTree] = []
        while true {
            let sign = next
            switch sign {
            case .symbol(.plus), .symbol(.minus), .symbol(.plusMinus), .symbol(.minusPlus): position += 1
            default: if !terms.isEmpty { return terms.count == 1 ? terms[0] : Self.difference(terms) ?? .sum(terms) }
            }
            // Further signs, as in `1 + -2`.
            let isNegative = takeSigns() != (sign == .symbol(.minus))
            guard let term = term() else { return nil }
            switch sign {
            case .symbol(.plusMinus): terms.append(.plusMinus(term, isSwapped: isNegative))
            case .symbol(.minusPlus): terms.append(.plusMinus(term, isSwapped: !isNegative))
            default: terms.append(isNegative ? .negative(term) : term)
            }
        }
    }

    private mutating func term() -> AnswerTree? {
        let start = next
        guard var current = factor() else { return nil }
        // A plain word is an answer of its own, no factor.
        if case .word? = start, case .text = current { return current }
        while let token = next {
            switch token {
            case .symbol(.divide) where isUnitText(kind(1)):
                // `12/\text{hour}`
                guard let unit = unit(after: current) else { return nil }
                return .quantity(current, unit)
            case .symbol(let symbol) where symbol == .times || symbol == .divide || symbol == .modulo:
                position += 1
                let isNegative = takeSigns()
                guard let factor = factor() else { return nil }
                let right = isNegative ? AnswerTree.negative(factor) : factor
                switch symbol {
                case .times: current = multiplied(current, right)
                case .divide: current = .quotient(current, right)
                default: current = .function(.modulo, [current, right])
                }
            default:
                if let unit = unit(after: current) { return .quantity(current, unit) }
                guard startsFactor(token) else { return current }
                if case .number = token, case .number? = position > 0 ? tokens[position - 1].kind : nil { return nil }
                guard let right = factor() else { return nil }
                current = multiplied(current, right)
            }
        }
        return current
    }

    /// Takes all signs ahead; whether they amount to a minus.
    mutating func takeSigns() -> Bool {
        var isNegative = false
        while next == .symbol(.minus) || next == .symbol(.plus) {
            if next == .symbol(.minus) { isNegative.toggle() }
            position += 1
        }
        return isNegative
    }

    func multiplied(_ a: AnswerTree, _ b: AnswerTree) -> AnswerTree {
        if case .product(let parts) = a { return .product(parts + [b]) }
        return .product([a, b])
    }

    /// Whether a token can follow a factor and multiply it.
    func startsFactor(_ kind: AnswerToken.Kind) -> Bool {
        switch kind {
        case .number, .name, .function, .open, .construct, .begin, .symbol(.infinity): true
        case .word(let word): word.count <= 3 && !Notation.fillers.contains(word)
        case .symbol(.bar): openBars == 0
        default: false
        }
    }

    private func isUnitText(_ kind: AnswerToken.Kind?) -> Bool {
        if case .text(let text)? = kind { Unit(text).isKnown } else { false }
    }

    /// The unit that ends a term: words up to the next separator, with powers. Plain words need a number before them.
    private mutating func unit(after term: AnswerTree) -> Unit? {
        if case .text? = next {} else if !term.contains({ if case .number = $0 { true } else { false } }) { return nil }
        guard let phrase = UnitPhrase(tokens, from: position) else { return nil }
        if phrase.isLetters {
            guard readsUnits else { return nil }
            hasLetterUnit = true
        }
        position = phrase.end
        return Unit(phrase.text)
    }
}
