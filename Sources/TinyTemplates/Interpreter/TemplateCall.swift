/// A call of a function, filter, test or method: its evaluated arguments, and the interpreter that makes it.
struct TemplateCall {
    let interpreter: TemplateInterpreter
    var positional: [TemplateObject] = []
    var named: [(name: String, value: TemplateObject)] = []

    /// What the rendering may still use.
    var budget: TemplateBudget { interpreter.budget }

    /// A call with the same named arguments and other positional ones.
    func with(positional: some Sequence<TemplateObject>) -> TemplateCall {
        TemplateCall(interpreter: interpreter, positional: Array(positional), named: named)
    }

    /// The arguments in the order of a signature; nil where one is not given.
    ///
    /// - Parameters:
    ///   - function: The name of the function in messages.
    ///   - parameters: Their names.
    ///   - required: The number of parameters without a default, which come first.
    func bound(to function: String, _ parameters: [String], required: Int = 0) throws -> [TemplateObject?] {
        guard positional.count <= parameters.count else {
            throw invalidOperation(
                "\(function) takes at most \(parameters.count) arguments, \(positional.count) are given")
        }
        var values: [TemplateObject?] = positional
        values += [TemplateObject?](repeating: nil, count: parameters.count - positional.count)
        for (name, value) in named {
            guard let index = parameters.firstIndex(of: name) else {
                throw invalidOperation("\(function) has no argument '\(name)'\(suggestion(name, parameters))")
            }
            guard values[index] == nil else {
                throw invalidOperation("\(function) is given its argument '\(name)' twice")
            }
            values[index] = value
        }
        for index in 0..<required where values[index] == nil {
            throw invalidOperation("\(function) needs its argument '\(parameters[index])'")
        }
        return values
    }

    /// The arguments of a function whose parameters have no names; nil where one is not given.
    func positional(of function: String, least: Int = 0, most: Int) throws -> [TemplateObject?] {
        guard named.isEmpty else {
            throw invalidOperation("\(function) has no argument with the name '\(named[0].name)'")
        }
        guard (least...most).contains(positional.count) else {
            let wanted = least == most ? "\(most)" : "\(least) to \(most)"
            throw invalidOperation("\(function) takes \(wanted) arguments, \(positional.count) are given")
        }
        return positional.map { $0 } + [TemplateObject?](repeating: nil, count: max(1, most) - positional.count)
    }
}

extension TemplateObject {
    /// The dictionary that a function needs.
    func dictionary(for function: String) throws -> TemplateDictionary {
        if case .undefined(let reason) = self { throw reason.error }
        guard case .dictionary(let dictionary) = self else {
            throw invalidOperation("\(function) needs a dict, found \(typeName)")
        }
        return dictionary
    }

    /// The text that a function needs.
    func text(for function: String) throws -> TemplateText {
        if case .undefined(let reason) = self { throw reason.error }
        guard case .string(let text) = self else {
            throw invalidOperation("\(function) needs a str, found \(typeName)")
        }
        return text
    }
}

extension TemplateObject? {
    /// A text, or `standard` when the argument is not given or none.
    func text(_ standard: String, of function: String) throws -> String {
        switch self {
        case nil: return standard
        case .string(let text)?: return text.string
        case let value?:
            throw invalidOperation("\(function) needs a str, found \(value.typeName)")
        }
    }

    /// An integer, or `standard` when the argument is not given.
    func integer(_ standard: Int, of function: String) throws -> Int {
        switch self?.number {
        case .integer(let value)?: return value
        default:
            guard let self else { return standard }
            if case .undefined(let reason) = self { throw reason.error }
            throw invalidOperation("\(function) needs an int, found \(self.typeName)")
        }
    }

    /// A truth value, or `standard` when the argument is not given.
    func flag(_ standard: Bool) -> Bool { self?.isTrue ?? standard }

    /// The argument; nil when it is none.
    var unlessNone: TemplateObject? {
        guard let self else { return nil }
        if case TemplateObject.none = self { return nil }
        return self
    }
}
