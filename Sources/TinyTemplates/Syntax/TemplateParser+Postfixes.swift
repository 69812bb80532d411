import TinyFoundation

extension TemplateParser {
    /// `.name`, `.0`, `[index]` or `[from:to:by]`.
    mutating func subscriptStep() throws -> PostfixStep {
        let at = current.at
        if skip(symbol: ".") {
            let token = advance()
            switch token.kind {
            case .name(let name): return PostfixStep(kind: .attribute(name), at: at)
            case .literal(.integer(let index)): return PostfixStep(kind: .item(.literal(.integer(index))), at: at)
            default: throw TemplateSyntaxFailure(at: token.at, "expected a name or a number, found \(token.shown)")
            }
        }
        advance()
        var kinds: [PostfixStep.Kind] = []
        while !current.isSymbol("]") {
            if !kinds.isEmpty { try expect(symbol: ",") }
            kinds.append(try subscriptElement())
        }
        try expect(symbol: "]")
        if kinds.count == 1 { return PostfixStep(kind: kinds[0], at: at) }
        var elements: [TemplateExpression] = []
        for kind in kinds {
            guard case .item(let element) = kind else {
                throw TemplateSyntaxFailure(at: at, "a slice cannot be one of several indices")
            }
            elements.append(element)
        }
        return PostfixStep(kind: .item(.tuple(elements)), at: at)
    }

    private mutating func subscriptElement() throws -> PostfixStep.Kind {
        var from: TemplateExpression?
        if !current.isSymbol(":") {
            let first = try expression()
            guard current.isSymbol(":") else { return .item(first) }
            from = first
        }
        advance()
        func isEnd(_ token: TemplateToken) -> Bool { token.isSymbol("]") || token.isSymbol(",") }
        let to = current.isSymbol(":") || isEnd(current) ? nil : try expression()
        var step: TemplateExpression?
        if skip(symbol: ":"), !isEnd(current) { step = try expression() }
        return .slice(from: from, to: to, by: step)
    }

    /// `(1, name=2, *list, **dictionary)`.
    mutating func callArguments() throws -> CallSyntax {
        let at = current.at
        var call = CallSyntax()
        func ensure(_ isInOrder: Bool) throws {
            guard isInOrder else { throw TemplateSyntaxFailure(at: at, "the arguments of this call are out of order") }
        }
        _ = try elements(until: ")") { parser in
            if parser.skip(symbol: "*") {
                try ensure(call.spreadList == nil && call.spreadDictionary == nil)
                call.spreadList = try parser.expression()
            } else if parser.skip(symbol: "**") {
                try ensure(call.spreadDictionary == nil)
                call.spreadDictionary = try parser.expression()
            } else if case .name(let name) = parser.current.kind, parser.next.isSymbol("=") {
                try ensure(call.spreadDictionary == nil)
                parser.advance()
                parser.advance()
                guard !call.named.contains(where: { $0.name.hasSameScalars(as: name) }) else {
                    throw TemplateSyntaxFailure(at: at, "the argument '\(name)' is given twice")
                }
                call.named.append(.init(name: name, value: try parser.expression()))
            } else {
                try ensure(call.spreadList == nil && call.spreadDictionary == nil && call.named.isEmpty)
                call.positional.append(try parser.expression())
            }
        }
        return call
    }

    /// What follows `|`: a filter's name and arguments.
    mutating func filterStep() throws -> PostfixStep {
        let at = current.at
        let name = try dottedName()
        if !isConditional && TemplateFilters.all[name] == nil {
            unknownNames.append(unknownFilter(name, at: at))
        }
        let call = current.isSymbol("(") ? try callArguments() : CallSyntax()
        return PostfixStep(kind: .filter(name, call), at: at)
    }

    /// `is test`, `is not test(1)`, `is test 1`.
    mutating func testStep() throws -> PostfixStep {
        advance()
        let isNegated = skip(name: "not")
        let at = current.at
        let name = try dottedName()
        if !isConditional && TemplateTests.all[name] == nil {
            unknownNames.append(unknownTest(name, at: at))
        }
        var call = CallSyntax()
        switch current.kind {
        case .symbol("("):
            call = try callArguments()
        case .name("else"), .name("or"), .name("and"):
            break
        case .name("is"):
            throw TemplateSyntaxFailure(at: current.at, "tests with 'is' cannot follow each other")
        case .name, .literal, .symbol("["), .symbol("{"):
            call.positional = [
                try postfixes(of: try nested { try $0.primary() }, withFilters: false)
            ]
        default:
            break
        }
        return PostfixStep(kind: .test(name, call, isNegated: isNegated), at: at)
    }

    private mutating func dottedName() throws -> String {
        var name = try expectName()
        while skip(symbol: ".") { name += "." + (try expectName()) }
        return name
    }
}

/// The error of a filter that does not exist.
func unknownFilter(_ name: String, at: Int) -> TemplateSyntaxFailure {
    TemplateSyntaxFailure(at: at, "there is no filter '\(name)'\(suggestion(name, TemplateFilters.all.keys))")
}

/// The error of a test that does not exist.
func unknownTest(_ name: String, at: Int) -> TemplateSyntaxFailure {
    TemplateSyntaxFailure(at: at, "there is no test '\(name)'\(suggestion(name, TemplateTests.all.keys))")
}

/// `, did you mean 'upper'?`, when a known name is close to an unknown one.
func suggestion(_ name: String, _ known: some Sequence<String>) -> String {
    guard name.utf8.count <= 40, let nearest = nearestName(to: name, in: known.sorted()) else { return "" }
    return "; did you mean '\(nearest)'?"
}
