import TinyFoundation

extension TemplateInterpreter {
    /// The value of an expression.
    ///
    /// - Parameter caller: In a call block, the argument `caller` of the last call in the expression.
    func evaluate(
        _ expression: TemplateExpression, in frame: TemplateFrame, caller: TemplateObject? = nil
    ) throws -> TemplateObject {
        try budget.spend(1)
        switch expression {
        case .literal(let literal): return try literal.object()
        case .name(let name, let place):
            at = place
            return frame.find(name) ?? .undefined(.name(name))
        default:
            return try nested { try compute(expression, in: frame, caller: caller) }
        }
    }

    @inline(never)
    private func compute(
        _ expression: TemplateExpression, in frame: TemplateFrame, caller: TemplateObject?
    ) throws -> TemplateObject {
        switch expression {
        case .literal, .name: return try evaluate(expression, in: frame)
        case .list(let elements): return try list(try evaluate(elements, in: frame))
        case .tuple(let elements): return .tuple(try TemplateList(try evaluate(elements, in: frame)))
        case .dictionary(let pairs, let place): return try dictionary(pairs, at: place, in: frame)
        case .conditional(let test, let then, let otherwise):
            if try evaluate(test, in: frame).isTrue { return try evaluate(then, in: frame) }
            guard let otherwise else {
                return .undefined(
                    .other("the inline if-expression evaluated to false and no else section was defined."))
            }
            return try evaluate(otherwise, in: frame)
        case .or(let terms): return try firstTerm(of: terms, whereTrue: true, in: frame)
        case .and(let terms): return try firstTerm(of: terms, whereTrue: false, in: frame)
        case .not(let term): return .bool(try !evaluate(term, in: frame).isTrue)
        case .negative(let term, let place):
            let value = try evaluate(term, in: frame)
            at = place
            return try negated(value)
        case .positive(let term, let place):
            let value = try evaluate(term, in: frame)
            at = place
            return try unchanged(value)
        case .comparison(let first, let steps): return try compare(first, steps, in: frame)
        case .arithmetic(let first, let steps):
            var value = try evaluate(first, in: frame)
            for step in steps {
                let right = try evaluate(step.right, in: frame)
                at = step.at
                value = try combine(value, step.symbol, right)
            }
            return value
        case .concatenation(let terms, let place):
            var text = ""
            for term in terms {
                let part = try evaluate(term, in: frame).printed(budget)
                at = place
                try budget.build(part.utf8.count)
                text += part
            }
            return .text(text)
        case .postfix(let base, let steps):
            let value = try evaluate(base, in: frame)
            return try apply(steps, to: value, in: frame, caller: caller)
        }
    }

    private func evaluate(_ expressions: [TemplateExpression], in frame: TemplateFrame) throws -> [TemplateObject] {
        try expressions.map { try evaluate($0, in: frame) }
    }

    private func dictionary(
        _ pairs: [TemplateExpression.Pair], at place: Int, in frame: TemplateFrame
    ) throws -> TemplateObject {
        let values = try pairs.map { (try evaluate($0.key, in: frame), try evaluate($0.value, in: frame)) }
        at = place
        try budget.build(pairs.count, times: 64)
        return .dictionary(try TemplateDictionary(values))
    }

    /// The first term that is true (or false), as `or` (or `and`) gives it; else the last.
    private func firstTerm(
        of terms: [TemplateExpression], whereTrue wanted: Bool, in frame: TemplateFrame
    ) throws -> TemplateObject {
        var value = TemplateObject.none
        for term in terms {
            value = try evaluate(term, in: frame)
            if value.isTrue == wanted { return value }
        }
        return value
    }

    private func compare(
        _ first: TemplateExpression, _ steps: [TemplateExpression.Operand<ComparisonOperator>], in frame: TemplateFrame
    ) throws -> TemplateObject {
        var left = try evaluate(first, in: frame)
        for step in steps {
            let right = try evaluate(step.right, in: frame)
            at = step.at
            guard try holds(left, step.symbol, right) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }

    func holds(_ left: TemplateObject, _ symbol: ComparisonOperator, _ right: TemplateObject) throws -> Bool {
        switch symbol {
        case .equal: return try left.isEqual(to: right, budget)
        case .notEqual: return try !left.isEqual(to: right, budget)
        case .less: return try left.order(to: right, "<", budget) == .less
        case .greater: return try left.order(to: right, ">", budget) == .greater
        case .lessOrEqual:
            let order = try left.order(to: right, "<=", budget)
            return order == .less || order == .equal
        case .greaterOrEqual:
            let order = try left.order(to: right, ">=", budget)
            return order == .greater || order == .equal
        case .contained: return try left.isContained(in: right, self)
        case .notContained: return try !left.isContained(in: right, self)
        }
    }

    // MARK: Postfixes

    /// Applies the steps to a value, one after the other.
    func apply(
        _ steps: [PostfixStep], to base: TemplateObject, in frame: TemplateFrame, caller: TemplateObject? = nil
    ) throws -> TemplateObject {
        var value = base
        for (index, step) in steps.enumerated() {
            try budget.spend(1)
            switch step.kind {
            case .attribute(let name):
                at = step.at
                value = try attribute(name, of: value)
            case .item(let expression):
                let key = try evaluate(expression, in: frame)
                at = step.at
                value = try item(key, of: value)
            case .slice(let from, let to, let by):
                let bounds = (try bound(from, in: frame), try bound(to, in: frame), try bound(by, in: frame))
                at = step.at
                value = try slice(value, from: bounds.0, to: bounds.1, by: bounds.2)
            case .call(let call):
                var arguments = try evaluate(call, in: frame)
                if let caller, index == steps.count - 1 { arguments.named.append(("caller", caller)) }
                at = step.at
                value = try self.call(value, arguments)
            case .filter(let name, let call):
                let arguments = try evaluate(call, in: frame)
                at = step.at
                value = try filter(name, value, arguments)
            case .test(let name, let call, let isNegated):
                let arguments = try evaluate(call, in: frame)
                at = step.at
                value = .bool(try test(name, value, arguments) != isNegated)
            }
        }
        return value
    }

    private func bound(_ expression: TemplateExpression?, in frame: TemplateFrame) throws -> TemplateObject? {
        guard let expression else { return nil }
        return try evaluate(expression, in: frame)
    }

    private func evaluate(_ call: CallSyntax, in frame: TemplateFrame) throws -> TemplateCall {
        var arguments = TemplateCall(interpreter: self, positional: try evaluate(call.positional, in: frame))
        for argument in call.named { arguments.named.append((argument.name, try evaluate(argument.value, in: frame))) }
        if let spread = call.spreadList {
            let more = try elements(of: try evaluate(spread, in: frame))
            try budget.build(more.count, times: 16)
            arguments.positional += more
        }
        guard let spread = call.spreadDictionary else { return arguments }
        guard case .dictionary(let dictionary) = try evaluate(spread, in: frame) else {
            throw invalidOperation("the value after ** is not a dict")
        }
        try budget.build(dictionary.count, times: 32 + arguments.named.count)
        for (key, value) in zip(dictionary.keys, dictionary.values) {
            guard case .string(let name) = key else {
                throw invalidOperation("an argument is named by a \(key.typeName), expected a str")
            }
            guard !arguments.named.contains(where: { $0.name.hasSameScalars(as: name.string) }) else {
                throw invalidOperation("the argument '\(name.string)' is given twice")
            }
            arguments.named.append((name.string, value))
        }
        return arguments
    }

    // MARK: Calls, filters and tests

    func call(_ value: TemplateObject, _ arguments: TemplateCall) throws -> TemplateObject {
        switch value {
        case .macro(let macro): return try nested { try call(macro, arguments) }
        case .function(let function): return try function.body(arguments)
        case .loop(let loop):
            guard let recurse = loop.recurse, arguments.positional.count == 1, arguments.named.isEmpty else {
                throw invalidOperation("a loop is called with one sequence, and must be marked 'recursive'")
            }
            return try recurse(arguments.positional[0])
        case .undefined(let reason): throw reason.error
        default: throw invalidOperation("'\(value.typeName)' object is not callable")
        }
    }

    func filter(_ name: String, _ value: TemplateObject, _ arguments: TemplateCall) throws -> TemplateObject {
        guard let filter = TemplateFilters.all[name] else {
            throw invalidOperation(unknownFilter(name, at: at).message)
        }
        return try filter(value, arguments)
    }

    func test(_ name: String, _ value: TemplateObject, _ arguments: TemplateCall) throws -> Bool {
        guard let test = TemplateTests.all[name] else { throw invalidOperation(unknownTest(name, at: at).message) }
        return try test(value, arguments)
    }
}
