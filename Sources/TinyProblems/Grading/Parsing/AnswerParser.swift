/// Parses the tokens of an answer, by recursive descent without backtracking.
///
/// ```
/// answer   = item { ("," | ";" | and | or) item }
/// item     = side { relation side } | side "∈" side
/// side     = ratio { "∪" ratio }
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

    /// The tree of a whole answer; `nil` where it is not written in this grammar.
    static func parse(_ tokens: [AnswerToken]) -> AnswerTree? {
        guard !tokens.isEmpty, tokens.count <= maximumTokens else { return nil }
        var parser = AnswerParser(tokens: tokens)
        if let tree = parser.answer(), parser.isAtEnd { return tree }
        return named(tokens)
    }

    /// `… = value`, where the part before the last equals sign uses notation that this grammar does not have, such as `\sum`:
    /// that part is a name for the value.
    private static func named(_ tokens: [AnswerToken]) -> AnswerTree? {
        guard let sign = tokens.lastIndex(where: { $0.kind == .relation(.equal) }), sign > 0,
            tokens[..<sign].contains(where: {
                if case .unsupported(let name) = $0.kind { Notation.unsupported.contains(name) } else { false }
            }),
            !tokens[..<sign].contains(where: { if case .word = $0.kind { true } else { false } })
        else { return nil }
        var parser = AnswerParser(tokens: Array(tokens[(sign + 1)...]))
        guard let value = parser.answer(), parser.isAtEnd, !value.isRelation else { return nil }
        return .relation([.variable("\(tokens[..<sign].map(\.kind))"), value], [.equal])
    }

    private init(tokens: [AnswerToken]) {
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
        return relations.isEmpty ? first : .relation(sides, relations)
    }

    private mutating func side() -> AnswerTree? {
        joined(by: .union, as: AnswerTree.union) { $0.ratio() }
    }

    private mutating func ratio() -> AnswerTree? {
        joined(by: .colon, as: AnswerTree.ratio) { $0.sum() }
    }

    /// One part, or several with a symbol between them.
    private mutating func joined(
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

    private mutating func sum() -> AnswerTree? {
        var terms: [AnswerTree] = []
        while true {
            let sign = next
            switch sign {
            case .symbol(.plus), .symbol(.minus), .symbol(.plusMinus), .symbol(.minusPlus): position += 1
            default: if !terms.isEmpty { return terms.count == 1 ? terms[0] : .sum(terms) }
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
        case .word(let word): word.count <= 3
        case .symbol(.bar): openBars == 0
        default: false
        }
    }

    /// The unit that ends a term: words up to the next separator, with a power. Plain words need a number before them.
    private mutating func unit(after term: AnswerTree) -> Unit? {
        if case .text? = next {} else if !term.contains({ if case .number = $0 { true } else { false } }) { return nil }
        var end = position
        var words = "", letters = ""
        var power = 1
        scan: while end < tokens.count {
            switch tokens[end].kind {
            case .text(let text): words += " " + text
            case .word(let word):
                guard word.count > 3 || Unit.isName(word) else { return nil }
                words += " " + word
            case .name(let name):
                guard name.utf8.count == 1 else { return nil }
                letters += name
            case .symbol(.power):
                guard let (value, length) = smallPower(at: end + 1) else { return nil }
                power = value
                end += length
            case .symbol(.divide):
                guard !words.isEmpty || Unit.isName(letters) else { return nil }
                words += "/"
            case .symbol(.comma), .symbol(.semicolon), .symbol(.and), .symbol(.or), .symbol(.ampersand),
                .symbol(.newline),
                .close, .relation, .symbol(.bar):
                break scan
            default: return nil
            }
            end += 1
        }
        guard !words.isEmpty ? (letters.isEmpty || Unit.isName(letters)) : Unit.isName(letters) else { return nil }
        position = end
        return Unit(words + " " + letters, power: power)
    }

    private func smallPower(at index: Int) -> (value: Int, length: Int)? {
        func value(_ index: Int) -> Int? {
            guard index < tokens.count, case .number(let numeral) = tokens[index].kind else { return nil }
            return numeral.value.integer(upTo: 9)
        }
        if let plain = value(index) { return (plain, 1) }
        guard index + 2 < tokens.count, tokens[index].kind == .open(.group), tokens[index + 2].kind == .close(.group),
            let inner = value(index + 1)
        else { return nil }
        return (inner, 3)
    }
}
