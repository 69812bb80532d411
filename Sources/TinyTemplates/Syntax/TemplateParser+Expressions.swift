import TinyFoundation

extension TemplateParser {
    /// An expression, or several with commas between them, which are a tuple.
    ///
    /// - Parameters:
    ///   - isConditionalAllowed: Whether the expression may be `a if b else c`.
    ///   - stop: A name that ends the tuple after a comma.
    ///   - isEmptyAllowed: Whether the tuple may be empty: `()`.
    mutating func tuple(
        isConditionalAllowed: Bool = true, stop: String? = nil, isEmptyAllowed: Bool = false
    ) throws -> TemplateExpression {
        let (elements, isTuple) = try tupleElements(stop) {
            try $0.expression(isConditionalAllowed: isConditionalAllowed)
        }
        if !isTuple, let only = elements.first { return only }
        guard isTuple || isEmptyAllowed else { throw unexpected("expected an expression") }
        return .tuple(elements)
    }

    /// Comma-separated elements up to the end of a tuple, with an optional comma at the end; whether there was a comma.
    mutating func tupleElements<Element>(
        _ stop: String?, _ element: (inout TemplateParser) throws -> Element
    ) throws -> ([Element], isTuple: Bool) {
        var elements: [Element] = []
        var isTuple = false
        while true {
            if !elements.isEmpty { try expect(symbol: ",") }
            if isTupleEnd(stop) { break }
            elements.append(try element(&self))
            guard current.isSymbol(",") else { break }
            isTuple = true
        }
        return (elements, isTuple)
    }

    private func isTupleEnd(_ stop: String?) -> Bool {
        switch current.kind {
        case .variableEnd, .blockEnd, .symbol(")"): true
        case .name(let name): name == stop
        default: false
        }
    }

    mutating func expression(isConditionalAllowed: Bool = true) throws -> TemplateExpression {
        try nested { parser in
            isConditionalAllowed ? try parser.conditional() : try parser.disjunction()
        }
    }

    private mutating func conditional() throws -> TemplateExpression {
        // As in Jinja, a conditional expression may name unknown filters where it is not evaluated.
        let known = unknownNames.count
        let then = try disjunction()
        guard current.isName("if") else { return then }
        defer { unknownNames.removeSubrange(known...) }
        return try conditional(after: then)
    }

    private mutating func conditional(after first: TemplateExpression) throws -> TemplateExpression {
        var result = first
        var count = 0
        while skip(name: "if") {
            count += 1
            guard count <= 32 else { throw TemplateSyntaxFailure(at: current.at, "more than 32 conditions in a row") }
            let test = try disjunction()
            var otherwise: TemplateExpression?
            if skip(name: "else") {
                otherwise = try nested { try $0.conditional() }
            }
            result = .conditional(test: test, then: result, otherwise: otherwise)
        }
        return result
    }

    private mutating func disjunction() throws -> TemplateExpression {
        var terms = [try conjunction()]
        while skip(name: "or") { terms.append(try conjunction()) }
        return terms.count == 1 ? terms[0] : .or(terms)
    }

    private mutating func conjunction() throws -> TemplateExpression {
        var terms = [try negation()]
        while skip(name: "and") { terms.append(try negation()) }
        return terms.count == 1 ? terms[0] : .and(terms)
    }

    private mutating func negation() throws -> TemplateExpression {
        guard skip(name: "not") else { return try comparison() }
        return .not(try nested { try $0.negation() })
    }

    private mutating func comparison() throws -> TemplateExpression {
        let first = try sum()
        var steps: [TemplateExpression.Operand<ComparisonOperator>] = []
        while let symbol = comparisonOperator() {
            let at = advance().at
            if symbol == .notContained { advance() }
            steps.append(.init(symbol: symbol, right: try sum(), at: at))
        }
        return steps.isEmpty ? first : .comparison(first, steps)
    }

    private func comparisonOperator() -> ComparisonOperator? {
        switch current.kind {
        case .symbol("=="): .equal
        case .symbol("!="): .notEqual
        case .symbol("<"): .less
        case .symbol("<="): .lessOrEqual
        case .symbol(">"): .greater
        case .symbol(">="): .greaterOrEqual
        case .name("in"): .contained
        case .name("not") where next.isName("in"): .notContained
        default: nil
        }
    }

    // MARK: Arithmetic, loosest first

    private mutating func sum() throws -> TemplateExpression {
        try chain(of: ["+", "-"]) { try $0.concatenation() }
    }

    private mutating func concatenation() throws -> TemplateExpression {
        let at = current.at
        var terms = [try product()]
        while skip(symbol: "~") { terms.append(try product()) }
        return terms.count == 1 ? terms[0] : .concatenation(terms, at: at)
    }

    private mutating func product() throws -> TemplateExpression {
        try chain(of: ["*", "/", "//", "%"]) { try $0.power() }
    }

    private mutating func power() throws -> TemplateExpression {
        try chain(of: ["**"]) { try $0.unary() }
    }

    private mutating func chain(
        of symbols: [String], _ operand: (inout TemplateParser) throws -> TemplateExpression
    ) throws -> TemplateExpression {
        let first = try operand(&self)
        var steps: [TemplateExpression.Operand<ArithmeticOperator>] = []
        while case .symbol(let text) = current.kind, symbols.contains(text),
            let symbol = ArithmeticOperator(rawValue: text)
        {
            let at = advance().at
            steps.append(.init(symbol: symbol, right: try operand(&self), at: at))
        }
        return steps.isEmpty ? first : .arithmetic(first, steps)
    }

    // MARK: Signs, names and what follows them

    private mutating func unary(withFilters: Bool = true) throws -> TemplateExpression {
        let at = current.at
        let base: TemplateExpression
        if skip(symbol: "-") {
            base = .negative(
                try nested { try $0.unary(withFilters: false) }, at: at)
        } else if skip(symbol: "+") {
            base = .positive(
                try nested { try $0.unary(withFilters: false) }, at: at)
        } else {
            base = try primary()
        }
        return try postfixes(of: base, withFilters: withFilters)
    }

    /// A chain in which only `.name`, `[index]` and calls follow until the first filter or test, and from there on only
    /// filters, tests and calls. A negated test ends one flat chain and begins another.
    mutating func postfixes(of base: TemplateExpression, withFilters: Bool) throws -> TemplateExpression {
        var steps: [PostfixStep] = []
        var inFilters = false
        while true {
            if !inFilters, current.isSymbol(".") || current.isSymbol("[") {
                steps.append(try subscriptStep())
            } else if current.isSymbol("(") {
                let at = current.at
                steps.append(PostfixStep(kind: .call(try callArguments()), at: at))
            } else if withFilters, current.isSymbol("|") {
                inFilters = true
                advance()
                steps.append(try filterStep())
            } else if withFilters, current.isName("is") {
                inFilters = true
                steps.append(try testStep())
            } else {
                return steps.isEmpty ? base : .postfix(base, steps)
            }
        }
    }

    mutating func primary() throws -> TemplateExpression {
        let token = current
        switch token.kind {
        case .name(let name):
            advance()
            switch name {
            case "true", "True": return .literal(.bool(true))
            case "false", "False": return .literal(.bool(false))
            case "none", "None": return .literal(.null)
            default:
                if name == "caller" || name == "kwargs" || name == "varargs" {
                    for macro in specialNames.indices { specialNames[macro].insert(name) }
                }
                return .name(name, at: token.at)
            }
        case .literal(.string(var text)):
            advance()
            while case .literal(.string(let more)) = current.kind {
                text.unicodeScalars.append(contentsOf: more.unicodeScalars)
                advance()
            }
            return .literal(.string(text))
        case .literal(let number):
            advance()
            return .literal(number)
        case .symbol("("):
            advance()
            let inner = try tuple(isEmptyAllowed: true)
            try expect(symbol: ")")
            return inner
        case .symbol("["):
            return .list(try elements(until: "]") { try $0.expression() })
        case .symbol("{"):
            let pairs = try elements(until: "}") { parser in
                let key = try parser.expression()
                try parser.expect(symbol: ":")
                return TemplateExpression.Pair(key: key, value: try parser.expression())
            }
            return .dictionary(pairs, at: token.at)
        default: throw unexpected("expected an expression")
        }
    }

    /// An opening bracket, comma-separated elements with an optional comma at the end, and the closing bracket.
    mutating func elements<Element>(
        until end: String, _ element: (inout TemplateParser) throws -> Element
    ) throws -> [Element] {
        advance()
        var elements: [Element] = []
        while !current.isSymbol(end) {
            if !elements.isEmpty { try expect(symbol: ",") }
            if current.isSymbol(end) { break }
            elements.append(try element(&self))
        }
        try expect(symbol: end)
        return elements
    }
}
