import TinyFoundation

extension TemplateInterpreter {
    /// How a run of statements ended.
    enum Flow {
        case finished, leaveLoop, nextIteration
    }

    func execute(_ statements: [TemplateStatement], in frame: TemplateFrame) throws -> Flow {
        try nested {
            for statement in statements {
                let flow = try execute(statement, in: frame)
                if flow != .finished { return flow }
            }
            return .finished
        }
    }

    private func execute(_ statement: TemplateStatement, in frame: TemplateFrame) throws -> Flow {
        try budget.spend(1)
        switch statement {
        case .text(let text):
            try write(text)
        case .output(let expression):
            let value = try evaluate(expression, in: frame)
            try write(try value.printed(budget))
        case .condition(let branches, let otherwise):
            for branch in branches where try evaluate(branch.test, in: frame).isTrue {
                return try execute(branch.body, in: frame)
            }
            return try execute(otherwise, in: frame)
        case .loop(let loop):
            return try run(loop, in: frame)
        case .assign(let target, let expression, let at):
            try assign(try evaluate(expression, in: frame), to: target, in: frame, at: at)
        case .assignBlock(let target, let filters, let body, let at):
            let inner = TemplateFrame(inside: frame)
            let (text, flow) = try capture(body, filters, in: inner)
            if flow != .finished { return flow }
            try assign(text, to: target, in: frame, at: at)
        case .with(let bindings, let body):
            let inner = TemplateFrame(inside: frame)
            for binding in bindings {
                try assign(try evaluate(binding.value, in: frame), to: binding.target, in: inner, at: binding.at)
            }
            return try execute(body, in: inner)
        case .macro(let syntax):
            guard let name = syntax.name else { return .finished }
            frame[name] = .macro(try own(TemplateMacro(syntax, frame: frame)))
        case .callBlock(let call, let syntax):
            let caller = TemplateObject.macro(try own(TemplateMacro(syntax, frame: frame)))
            try write(try evaluate(call, in: frame, caller: caller).printed(budget))
        case .filterBlock(let filters, let body):
            let (text, flow) = try capture(body, filters, in: TemplateFrame(inside: frame))
            if flow != .finished { return flow }
            try write(try text.printed(budget))
        case .generation(let syntax):
            let start = output.utf8.count
            _ = try execute(syntax.body, in: TemplateFrame(inside: frame))
            if captures == 0 { generated.append(start..<output.utf8.count) }
        case .leaveLoop: return .leaveLoop
        case .nextIteration: return .nextIteration
        }
        return .finished
    }

    private func capture(
        _ body: [TemplateStatement], _ filters: [PostfixStep], in frame: TemplateFrame
    ) throws -> (TemplateObject, Flow) {
        var flow = Flow.finished
        let text = try captured { flow = try execute(body, in: frame) }
        guard flow == .finished else { return (.none, flow) }
        return (try apply(filters, to: .text(text), in: frame), flow)
    }

    // MARK: Loops

    private func run(_ loop: LoopSyntax, in frame: TemplateFrame) throws -> Flow {
        let iterable = try evaluate(loop.iterable, in: frame)
        at = loop.at
        guard loop.isRecursive else { return try run(loop, over: iterable, depth0: 0, in: frame) }
        try write(try captured { _ = try run(loop, over: iterable, depth0: 0, in: frame) })
        return .finished
    }

    private func run(
        _ loop: LoopSyntax, over iterable: TemplateObject, depth0: Int, in frame: TemplateFrame
    ) throws -> Flow {
        let state = try state(of: loop, over: iterable, depth0: depth0, in: frame)
        if loop.isRecursive {
            state.recurse = { [unowned self] inner in
                let text = try self.nested {
                    try self.captured { _ = try self.run(loop, over: inner, depth0: depth0 + 1, in: frame) }
                }
                return .text(text)
            }
        }
        // As in Jinja, `else` runs when no iteration came to its end: a loop that was left at once counts as empty.
        var isEmpty = true
        iterations: while let element = try state.next() {
            let inner = TemplateFrame(inside: frame)
            inner["loop"] = .loop(state)
            try assign(element, to: loop.target, in: inner, at: loop.at)
            switch try execute(loop.body, in: inner) {
            case .finished: isEmpty = false
            case .leaveLoop: break iterations
            case .nextIteration: continue
            }
        }
        guard isEmpty, !loop.otherwise.isEmpty else { return .finished }
        return try execute(loop.otherwise, in: TemplateFrame(inside: frame))
    }

    private func state(
        of loop: LoopSyntax, over iterable: TemplateObject, depth0: Int, in frame: TemplateFrame
    ) throws -> LoopState {
        let source = try generator(over: iterable)
        guard let test = loop.test else {
            var length: Int?
            if case .generator = iterable {} else { length = try self.length(of: iterable) }
            return LoopState(source, length: length, depth0: depth0, budget)
        }
        let filtered = try TemplateGenerator("generator", of: [.generator(source)]) {
            [unowned self] in
            while let element = try source.next() {
                let inner = TemplateFrame(inside: frame)
                try self.assign(element, to: loop.target, in: inner, at: loop.at)
                if try self.evaluate(test, in: inner).isTrue { return element }
            }
            return nil
        }
        return LoopState(filtered, length: nil, depth0: depth0, budget)
    }

    // MARK: Assignments

    func assign(_ value: TemplateObject, to target: AssignmentTarget, in frame: TemplateFrame, at: Int) throws {
        switch target {
        case .name(let name):
            frame[name] = value
        case .attribute(let name, let attribute, let place):
            self.at = place
            guard case .namespace(let namespace)? = frame.find(name) else {
                throw invalidOperation("cannot assign attribute on non-namespace object: '\(name)' is no namespace")
            }
            try TemplateGlobals.checkAttribute(attribute)
            try budget.build(namespace.names.count + 16)
            namespace[attribute] = value
        case .tuple(let targets):
            self.at = at
            let elements = try elements(of: value)
            if case .undefined(let reason) = value, !targets.isEmpty { throw reason.error }
            guard elements.count == targets.count else {
                throw invalidOperation("\(elements.count) values cannot be assigned to \(targets.count) names")
            }
            for (element, target) in zip(elements, targets) { try assign(element, to: target, in: frame, at: at) }
        }
    }

    // MARK: Macros

    func call(_ macro: TemplateMacro, _ arguments: TemplateCall) throws -> TemplateObject {
        let syntax = macro.syntax
        let shown = syntax.name.map { "'\($0)'" } ?? "of the call block"
        let frame = TemplateFrame(inside: macro.frame)
        var named = arguments.named
        for (index, parameter) in syntax.parameters.enumerated() {
            if index < arguments.positional.count {
                frame[parameter.name] = arguments.positional[index]
            } else if let given = named.firstIndex(where: { $0.name.hasSameScalars(as: parameter.name) }) {
                frame[parameter.name] = named.remove(at: given).value
            } else if let standard = parameter.standard {
                frame[parameter.name] = try evaluate(standard, in: frame)
            } else {
                frame[parameter.name] = .undefined(.other("parameter '\(parameter.name)' was not provided"))
            }
        }
        let hasCaller = syntax.parameters.contains { $0.name == "caller" }
        if syntax.specialNames.contains("caller") && !hasCaller {
            if let given = named.firstIndex(where: { $0.name == "caller" }) {
                frame["caller"] = named.remove(at: given).value
            } else {
                frame["caller"] = .undefined(.other("No caller defined"))
            }
        }
        if syntax.specialNames.contains("kwargs") {
            frame["kwargs"] = .dictionary(try TemplateDictionary(named.map { (.text($0.name), $0.value) }))
        } else if let (name, _) = named.first {
            throw invalidOperation("macro \(shown) takes no keyword argument '\(name)'")
        }
        let rest = arguments.positional.dropFirst(syntax.parameters.count)
        if syntax.specialNames.contains("varargs") {
            frame["varargs"] = .tuple(try TemplateList(Array(rest)))
        } else if !rest.isEmpty {
            throw invalidOperation("macro \(shown) takes not more than \(syntax.parameters.count) argument(s)")
        }
        return .text(try captured { _ = try execute(syntax.body, in: frame) })
    }
}
