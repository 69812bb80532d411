extension AnswerParser {
    // MARK: Factors

    /// A primary with its exponents and other signs after it.
    mutating func factor() -> AnswerTree? {
        guard var tree = nested({ $0.primary() }) else { return nil }
        while case .symbol(let symbol)? = next {
            guard [.power, .factorial, .degree, .percent].contains(symbol) else { break }
            position += 1
            switch symbol {
            case .power where takeMark(.degree): tree = .degrees(tree)
            case .power:
                guard let exponent = nested({ $0.script() }) else { return nil }
                tree = .power(tree, exponent)
            case .factorial: tree = .function(.factorial, [tree])
            case .degree: tree = .degrees(tree)
            default: tree = .percent(tree)
            }
        }
        return tree
    }

    /// `\circ` or `\prime` as a script, with or without braces.
    private mutating func takeMark(_ symbol: AnswerToken.Symbol) -> Bool {
        if take(.symbol(symbol)) { return true }
        guard next == .open(.group), kind(1) == .symbol(symbol), kind(2) == .close(.group) else { return false }
        position += 3
        return true
    }

    /// An exponent: a group, or a signed primary with its own exponent, as in `2**-3` and `2^3^2`.
    private mutating func script() -> AnswerTree? {
        if next == .open(.group) { return argument() }
        let isNegative = takeSigns()
        guard var tree = nested({ $0.primary() }) else { return nil }
        if take(.symbol(.power)) {
            guard let exponent = nested({ $0.script() }) else { return nil }
            tree = .power(tree, exponent)
        }
        return isNegative ? .negative(tree) : tree
    }

    /// An argument in TeX's manner: a group, or one digit, letter or command.
    mutating func argument() -> AnswerTree? {
        switch next {
        case .open(.group)?:
            position += 1
            return soleItem(before: .group)
        case .number(let numeral)?:
            guard let digits = numeral.digits, digits.utf8.count > 1,
                let value = Rational(digits: String(digits.prefix(1))),
                let rest = Rational(digits: String(digits.dropFirst()))
            else { return primary() }
            tokens[position].kind = .number(Numeral(value: rest, digits: String(digits.dropFirst())))
            return .number(value)
        case .name?: return name()
        default: return primary()
        }
    }

    /// The only item up to a closing bracket.
    private mutating func soleItem(before bracket: AnswerToken.Bracket) -> AnswerTree? {
        guard let parts = items(), take(.close(bracket)), parts.count == 1 else { return nil }
        return parts[0]
    }

    // MARK: Primaries

    private mutating func primary() -> AnswerTree? {
        guard let token = next else { return nil }
        if case .name = token { return name() }
        position += 1
        switch token {
        case .number(let numeral): return number(numeral)
        case .word(let word): return self.word(word)
        case .text(let text): return Notation.numbers[text.lowercased()].map { .number(Rational($0)) } ?? .text(text)
        case .function(let function): return application(of: function)
        case .construct(let construct): return self.construct(construct)
        case .open(.round) where kind(1) == .close(.round) && kind(2) == .symbol(.lower):
            // `(101)_2`
            guard case .number(let numeral)? = next, numeral.digits != nil else { return bracketed(.round) }
            tokens.remove(at: position + 1)
            position += 1
            return number(numeral)
        case .open(let bracket): return bracketed(bracket)
        case .begin(let environment): return matrix(environment)
        case .symbol(.infinity): return .infinity
        case .symbol(.emptySet): return .set([])
        case .symbol(.bar):
            openBars += 1
            defer { openBars -= 1 }
            guard let inner = item(), take(.symbol(.bar)) else { return nil }
            if case .matrix(let rows) = inner { return determinant(of: rows) }
            return .function(.abs, [inner])
        default: return nil
        }
    }

    private mutating func number(_ numeral: Numeral) -> AnswerTree? {
        let whole = AnswerTree.number(numeral.value)
        if let digits = numeral.digits, take(.symbol(.lower)) {
            guard case .number(let base)? = argumentOfBase(), let base = base.integer(upTo: 36) else { return nil }
            return .based(digits, base: base)
        }
        guard numeral.value.isInteger else { return whole }
        if next == .construct(.fraction), let (part, length) = plainFraction() {
            position += length
            return .sum([whole, part])
        }
        // `1 1/2`
        if case .number(let top)? = next, tokens[position].followsSpace, top.value.isInteger,
            kind(1) == .symbol(.divide),
            case .number(let bottom)? = kind(2), bottom.value.isInteger
        {
            position += 3
            return .sum([whole, .quotient(.number(top.value), .number(bottom.value))])
        }
        return whole
    }

    /// A base written as a number, a group of digits or a number's name.
    private mutating func argumentOfBase() -> AnswerTree? {
        if case .number(let numeral)? = next {
            position += 1
            return .number(numeral.value)
        }
        return argument()
    }

    /// A fraction of two integer literals ahead, and its length in tokens: the second half of a mixed number.
    private func plainFraction() -> (AnswerTree, Int)? {
        // `\frac45` is one numeral of two digits.
        if case .number(let numeral)? = kind(1), let digits = numeral.digits, digits.utf8.count == 2,
            let top = Rational(digits: String(digits.prefix(1))),
            let bottom = Rational(digits: String(digits.suffix(1)))
        {
            return (.quotient(.number(top), .number(bottom)), 2)
        }
        guard let (top, first) = literalArgument(at: 1), let (bottom, second) = literalArgument(at: 1 + first) else {
            return nil
        }
        return (.quotient(.number(top), .number(bottom)), 1 + first + second)
    }

    /// A digit, or an integer in braces, `offset` tokens ahead, and its length in tokens.
    private func literalArgument(at offset: Int) -> (Rational, Int)? {
        if case .number(let numeral)? = kind(offset), numeral.digits?.utf8.count == 1 { return (numeral.value, 1) }
        guard kind(offset) == .open(.group), case .number(let numeral)? = kind(offset + 1), numeral.digits != nil,
            kind(offset + 2) == .close(.group)
        else { return nil }
        return (numeral.value, 3)
    }

    private func word(_ word: String) -> AnswerTree {
        if let number = Notation.numbers[word.lowercased()] { return .number(Rational(number)) }
        return word.count <= 3 && !Notation.fillers.contains(word)
            ? .product(word.map { .variable(String($0)) }) : .text(word)
    }

    /// A variable with its subscript and primes; `f(x)` and `I(0)` are names too.
    private mutating func name() -> AnswerTree? {
        guard case .name(var name)? = next else { return nil }
        position += 1
        if let set = numberSet(name) { return set }
        if name == "det", let value = determinantOfArgument() { return value }
        while true {
            if take(.symbol(.lower)) {
                guard let script = spelledScript() else { return nil }
                name += "_" + script
            } else if take(.symbol(.prime)) {
                name += "'"
            } else if next == .symbol(.power),
                kind(1) == .symbol(.prime) || kind(1) == .open(.group) && kind(2) == .symbol(.prime)
            {
                position += 1
                guard takeMark(.prime) else { return nil }
                name += "'"
            } else {
                break
            }
        }
        switch name {
        case "pi": return .constant(.pi)
        case "e": return .constant(.e)
        case "i": return .constant(.i)
        default: break
        }
        if let length = applicationLength(of: name) {
            let spelling = tokens[position..<position + length].map { "\($0.kind)" }.joined()
            position += length
            return .variable(name + spelling)
        }
        return .variable(name)
    }

    /// The tokens of a subscript, as one string.
    private mutating func spelledScript() -> String? {
        guard let token = next else { return nil }
        guard token == .open(.group) else {
            position += 1
            return "\(token)"
        }
        var spelling = ""
        position += 1
        while let inner = next, inner != .close(.group) {
            guard inner != .open(.group) else { return nil }
            spelling += "\(inner)"
            position += 1
        }
        return take(.close(.group)) ? spelling : nil
    }

    /// The length of the parentheses that make a letter a function: `f(…)`, or any letter before a single numeral.
    private func applicationLength(of name: String) -> Int? {
        guard next == .open(.round) else { return nil }
        if case .number? = kind(1), kind(2) == .close(.round) { return 3 }
        if case .name? = kind(1), kind(2) == .close(.round), kind(3) == .relation(.equal) { return 3 }
        guard let letter = name.first, "fghFGH".contains(letter) else { return nil }
        var level = 0
        for index in position..<tokens.count {
            if tokens[index].kind == .open(.round) { level += 1 }
            if tokens[index].kind == .close(.round) { level -= 1 }
            if level == 0 { return index + 1 - position }
        }
        return nil
    }

    // MARK: Functions and constructs

    private mutating func application(of function: MathFunction) -> AnswerTree? {
        var function = function
        var exponent: AnswerTree?
        var base: AnswerTree?
        while true {
            if next == .symbol(.power), exponent == nil {
                position += 1
                guard let script = nested({ $0.script() }) else { return nil }
                if script == .negative(.number(.one)), let inverse = function.inverse {
                    function = inverse
                } else {
                    exponent = script
                }
            } else if next == .symbol(.lower), function == .log, base == nil {
                position += 1
                guard let script = nested({ $0.argumentOfBase() }) else { return nil }
                base = script
            } else {
                break
            }
        }
        guard var arguments = arguments() else { return nil }
        if let base { arguments.append(base) }
        let value = AnswerTree.function(function, arguments)
        return exponent.map { .power(value, $0) } ?? value
    }

    /// Arguments in brackets, or the factors up to the next sign, function or bracket.
    private mutating func arguments() -> [AnswerTree]? {
        if case .open(let bracket)? = next,
            bracket == .round || bracket == .group || bracket == .square || bracket == .curly
        {
            position += 1
            guard let parts = items(), !parts.isEmpty, take(.close(bracket)) else { return nil }
            return parts
        }
        guard var argument = factor() else { return nil }
        while let token = next, startsFactor(token) {
            switch token {
            case .function, .open, .begin: return [argument]
            default: break
            }
            guard let more = factor() else { return nil }
            argument = multiplied(argument, more)
        }
        return [argument]
    }

    private mutating func construct(_ construct: AnswerToken.Construct) -> AnswerTree? {
        switch construct {
        case .root:
            var index = AnswerTree.number(Rational(2))
            if take(.open(.square)) {
                guard let item = soleItem(before: .square) else { return nil }
                index = item
            }
            // `\sqrt10` is meant as a whole, whatever TeX makes of it.
            if case .number(let numeral)? = next {
                position += 1
                return .root(.number(numeral.value), index: index)
            }
            return argument().map { .root($0, index: index) }
        case .fraction:
            let start = position
            guard let top = argument() else { return nil }
            let middle = position
            guard let bottom = argument() else { return nil }
            if isDifferential(start..<middle), isDifferential(middle..<position), position - middle > 3 {
                return .variable("derivative " + tokens[start..<position].map { "\($0.kind)" }.joined())
            }
            return .quotient(top, bottom)
        case .binomial:
            guard let top = argument(), let bottom = argument() else { return nil }
            return .function(.binomial, [top, bottom])
        }
    }

    /// `{d x}`: the numerator or denominator of a derivative.
    private func isDifferential(_ range: Range<Int>) -> Bool {
        range.count > 2 && tokens[range.lowerBound + 1].kind == .name("d")
    }

    // MARK: Brackets

    private mutating func bracketed(_ bracket: AnswerToken.Bracket) -> AnswerTree? {
        let bars = openBars
        openBars = 0
        defer { openBars = bars }
        if bracket == .curly || bracket == .group, let set = setBuilder() { return set }
        guard let parts = items(), case .close(let closing)? = next else { return nil }
        position += 1
        switch (bracket, closing) {
        case (.round, .round), (.square, .square), (.round, .square), (.square, .round):
            // One item in any brackets is that item.
            if parts.count == 1 { return bracket == closing ? parts[0] : nil }
            guard !parts.isEmpty else { return nil }
            return .bracketed(parts, opensClosed: bracket == .square, closesClosed: closing == .square)
        case (.curly, .curly), (.curly, .group): return .set(parts)
        case (.group, .group): return parts.count == 1 ? parts[0] : .list(parts)
        case (.floor, .floor): return parts.count == 1 ? .function(.floor, parts) : nil
        case (.ceiling, .ceiling): return parts.count == 1 ? .function(.ceil, parts) : nil
        default: return nil
        }
    }

    private mutating func matrix(_ environment: String) -> AnswerTree? {
        switch environment {
        case "pmatrix", "bmatrix", "Bmatrix", "matrix", "smallmatrix", "vmatrix": break
        case "array":
            // The columns' alignment.
            guard let end = tokens[position...].firstIndex(where: { $0.kind == .close(.group) }) else { return nil }
            position = end + 1
        default: return nil
        }
        var rows: [[AnswerTree]] = [[]]
        while next != .end(environment) {
            guard let cell = nested({ $0.item() }) else { return nil }
            rows[rows.count - 1].append(cell)
            if take(.symbol(.ampersand)) { continue }
            if take(.symbol(.newline)) {
                if next != .end(environment) { rows.append([]) }
            } else if next != .end(environment) {
                return nil
            }
        }
        position += 1
        guard let width = rows.first?.count, width > 0, rows.allSatisfy({ $0.count == width }) else { return nil }
        return environment == "vmatrix" ? determinant(of: rows) : .matrix(rows)
    }
}
