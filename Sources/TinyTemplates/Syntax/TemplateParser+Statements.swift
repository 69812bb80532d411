import TinyFoundation

extension TemplateParser {
    /// Statements up to a block that begins with one of `ends`, which becomes the current token.
    mutating func statements(until ends: Set<String>, of opening: TemplateToken?) throws -> [TemplateStatement] {
        var statements: [TemplateStatement] = []
        while true {
            switch current.kind {
            case .data(let text):
                statements.append(.text(text))
                advance()
            case .variableBegin:
                advance()
                statements.append(.output(try tuple()))
                try expect(.variableEnd, "'}}'")
            case .blockBegin:
                advance()
                if case .name(let name) = current.kind, ends.contains(name) { return statements }
                statements.append(contentsOf: try nested { try $0.statement(ends) })
                try expect(.blockEnd, "'%}'")
            default:
                guard let opening else { return statements }
                throw TemplateSyntaxFailure(at: opening.at, "this \(opening.shown) block is not closed")
            }
        }
    }

    /// The body of a block: what follows its tag, up to one of `ends`.
    private mutating func body(until ends: Set<String>, of opening: TemplateToken) throws -> [TemplateStatement] {
        _ = skip(symbol: ":")
        try expect(.blockEnd, "'%}'")
        return try statements(until: ends, of: opening)
    }

    /// A body whose only end is `end`, which is consumed.
    private mutating func closedBody(
        until end: String, of opening: TemplateToken, isConditional: Bool = false
    ) throws -> [TemplateStatement] {
        let outer = self.isConditional
        self.isConditional = isConditional
        let statements = try body(until: [end], of: opening)
        advance()
        self.isConditional = outer
        return statements
    }

    private mutating func statement(_ ends: Set<String>) throws -> [TemplateStatement] {
        let tag = current
        guard case .name(let name) = tag.kind else { throw unexpected("expected the name of a statement") }
        advance()
        switch name {
        case "if": return [try condition(tag)]
        case "for": return [try loop(tag)]
        case "set": return [try assignment(tag)]
        case "with": return [try with(tag)]
        case "macro": return [try macro(tag)]
        case "call": return [try callBlock(tag)]
        case "filter": return [.filterBlock(try filters(), body: try closedBody(until: "endfilter", of: tag))]
        case "generation": return [.generation(try macro(named: nil, parameters: [], until: "endgeneration", of: tag))]
        case "print": return try output()
        case "break", "continue":
            guard loopDepth > 0 else { throw TemplateSyntaxFailure(at: tag.at, "'\(name)' is outside of a loop") }
            return [name == "break" ? .leaveLoop : .nextIteration]
        case "include", "import", "from", "extends", "block":
            throw TemplateSyntaxFailure(
                at: tag.at, "'\(name)' is refused: a chat template cannot read other templates", isRefusal: true)
        case "autoescape":
            throw TemplateSyntaxFailure(at: tag.at, "'autoescape' is refused: a prompt is not HTML", isRefusal: true)
        default:
            let wanted = ends.sorted().map { "'\($0)'" }.joined(separator: " or ")
            throw TemplateSyntaxFailure(
                at: tag.at,
                wanted.isEmpty ? "there is no statement '\(name)'" : "expected \(wanted), found '\(name)'")
        }
    }

    private mutating func output() throws -> [TemplateStatement] {
        var statements: [TemplateStatement] = []
        while current.kind != .blockEnd {
            if !statements.isEmpty { try expect(symbol: ",") }
            statements.append(.output(try expression()))
        }
        return statements
    }

    private mutating func condition(_ tag: TemplateToken) throws -> TemplateStatement {
        let outer = isConditional
        isConditional = true
        defer { isConditional = outer }
        var branches: [TemplateStatement.Branch] = []
        while true {
            let test = try tuple(isConditionalAllowed: false)
            branches.append(.init(test: test, body: try body(until: ["elif", "else", "endif"], of: tag)))
            let end = advance()
            if end.isName("elif") { continue }
            guard end.isName("else") else { return .condition(branches, otherwise: []) }
            let otherwise = try body(until: ["endif"], of: tag)
            advance()
            return .condition(branches, otherwise: otherwise)
        }
    }

    private mutating func loop(_ tag: TemplateToken) throws -> TemplateStatement {
        loopsAround += 1
        defer { loopsAround -= 1 }
        let target = try assignmentTarget(stop: "in")
        guard skip(name: "in") else { throw unexpected("expected 'in'") }
        let iterable = try tuple(isConditionalAllowed: false, stop: "recursive")
        let outer = isConditional
        isConditional = false
        let test = skip(name: "if") ? try expression() : nil
        let isRecursive = skip(name: "recursive")
        loopDepth += 1
        let statements = try body(until: ["endfor", "else"], of: tag)
        loopDepth -= 1
        var otherwise: [TemplateStatement] = []
        if advance().isName("else") {
            otherwise = try body(until: ["endfor"], of: tag)
            advance()
        }
        isConditional = outer
        return .loop(
            LoopSyntax(
                target: target, iterable: iterable, test: test, isRecursive: isRecursive, body: statements,
                otherwise: otherwise, at: tag.at))
    }

    private mutating func assignment(_ tag: TemplateToken) throws -> TemplateStatement {
        let target = try assignmentTarget(withAttributes: true)
        if skip(symbol: "=") { return .assign(target, try tuple(), at: tag.at) }
        let steps = current.isSymbol("|") ? try filters() : []
        return .assignBlock(target, filters: steps, body: try closedBody(until: "endset", of: tag), at: tag.at)
    }

    private mutating func with(_ tag: TemplateToken) throws -> TemplateStatement {
        var bindings: [TemplateStatement.Binding] = []
        while current.kind != .blockEnd {
            if !bindings.isEmpty { try expect(symbol: ",") }
            let target = try assignmentTarget(isParameter: true)
            let at = current.at
            try expect(symbol: "=")
            bindings.append(.init(target: target, value: try expression(), at: at))
        }
        return .with(bindings, body: try closedBody(until: "endwith", of: tag))
    }

    // MARK: Macros

    private mutating func macro(_ tag: TemplateToken) throws -> TemplateStatement {
        let name = try expectName()
        let parameters = try parameters()
        return .macro(try macro(named: name, parameters: parameters, until: "endmacro", of: tag))
    }

    private mutating func callBlock(_ tag: TemplateToken) throws -> TemplateStatement {
        let parameters = current.isSymbol("(") ? try parameters() : []
        let call = try expression()
        guard case .postfix(_, let steps) = call, steps.last?.isCall == true else {
            throw TemplateSyntaxFailure(at: tag.at, "a call block needs a call, as in {% call name() %}")
        }
        return .callBlock(call, try macro(named: nil, parameters: parameters, until: "endcall", of: tag))
    }

    private mutating func macro(
        named name: String?, parameters: [MacroSyntax.Parameter], until end: String, of tag: TemplateToken
    ) throws -> MacroSyntax {
        let outerLoops = loopDepth
        loopDepth = 0
        specialNames.append([])
        let body = try closedBody(until: end, of: tag)
        loopDepth = outerLoops
        let special = specialNames.removeLast()
        return MacroSyntax(name: name, parameters: parameters, body: body, specialNames: special, at: tag.at)
    }

    private mutating func parameters() throws -> [MacroSyntax.Parameter] {
        try expect(symbol: "(")
        var parameters: [MacroSyntax.Parameter] = []
        while !current.isSymbol(")") {
            if !parameters.isEmpty { try expect(symbol: ",") }
            let at = current.at
            let name = try expectName()
            guard !parameters.contains(where: { $0.name.hasSameScalars(as: name) }) else {
                throw TemplateSyntaxFailure(at: at, "the parameter '\(name)' occurs twice")
            }
            var standard: TemplateExpression?
            if skip(symbol: "=") {
                standard = try expression()
            } else if parameters.last?.standard != nil {
                throw TemplateSyntaxFailure(at: at, "the parameter '\(name)' needs a default, as the one before it has")
            }
            parameters.append(.init(name: name, standard: standard))
        }
        try expect(symbol: ")")
        return parameters
    }

    private mutating func filters() throws -> [PostfixStep] {
        _ = skip(symbol: "|")
        var steps = [try filterStep()]
        while skip(symbol: "|") { steps.append(try filterStep()) }
        return steps
    }

    // MARK: Targets

    private mutating func assignmentTarget(
        withAttributes: Bool = false, isParameter: Bool = false, stop: String? = nil
    ) throws -> AssignmentTarget {
        let (targets, isTuple) = try tupleElements(stop) {
            try $0.singleTarget(withAttributes: withAttributes, isParameter: isParameter)
        }
        guard isTuple || !targets.isEmpty else { throw unexpected("expected a name to assign to") }
        return isTuple ? .tuple(targets) : targets[0]
    }

    private mutating func singleTarget(withAttributes: Bool, isParameter: Bool) throws -> AssignmentTarget {
        let token = current
        if skip(symbol: "(") {
            if skip(symbol: ")") { return .tuple([]) }
            let inner = try nested { parser in
                try parser.assignmentTarget(isParameter: isParameter)
            }
            try expect(symbol: ")")
            return inner
        }
        guard case .name(let name) = token.kind else { throw unexpected("expected a name to assign to") }
        guard !["true", "false", "none", "True", "False", "None"].contains(name) else {
            throw TemplateSyntaxFailure(at: token.at, "'\(name)' cannot be assigned to")
        }
        advance()
        if withAttributes, skip(symbol: ".") { return .attribute(of: name, try expectName(), at: token.at) }
        guard name != "loop" || loopsAround == 0 || isParameter else {
            throw TemplateSyntaxFailure(
                at: token.at, "'loop' is the variable of the enclosing loop and cannot be assigned to")
        }
        return .name(name)
    }
}
