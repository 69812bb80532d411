/// Names and their values in one scope. A name that is not here is looked for in the scope around.
final class TemplateFrame {
    let parent: TemplateFrame?
    private var values: [String: TemplateObject] = [:]

    init(inside parent: TemplateFrame?) {
        self.parent = parent
    }

    subscript(name: String) -> TemplateObject? {
        get { values[name] }
        set { values[name] = newValue }
    }

    /// The value of a name here or in the nearest scope around that has it.
    func find(_ name: String) -> TemplateObject? {
        var frame: TemplateFrame? = self
        while let current = frame {
            if let value = current.values[name] { return value }
            frame = current.parent
        }
        return nil
    }

    /// Drops everything, so that what refers back to the frame can be freed.
    func clear() { values = [:] }
}

/// The arguments of a call, evaluated.
struct CallArguments {
    var positional: [TemplateObject] = []
    var named: [(name: String, value: TemplateObject)] = []

    /// The arguments in the order of a signature; nil where one is not given.
    ///
    /// - Parameters:
    ///   - function: What messages call the function.
    ///   - parameters: Their names.
    ///   - required: How many have no default.
    func bound(
        to function: String, _ parameters: [String], required: Int = 0
    ) throws(TemplateError) -> [TemplateObject?] {
        guard positional.count <= parameters.count else {
            throw TemplateError(
                .invalidOperation,
                "\(function) takes at most \(parameters.count) arguments, \(positional.count) are given")
        }
        var values: [TemplateObject?] = positional
        values += [TemplateObject?](repeating: nil, count: parameters.count - positional.count)
        for (name, value) in named {
            guard let index = parameters.firstIndex(of: name) else {
                throw TemplateError(
                    .invalidOperation, "\(function) has no argument '\(name)'\(suggestion(name, parameters))")
            }
            guard values[index] == nil else {
                throw TemplateError(.invalidOperation, "\(function) is given its argument '\(name)' twice")
            }
            values[index] = value
        }
        for index in 0..<required where values[index] == nil {
            throw TemplateError(.invalidOperation, "\(function) needs its argument '\(parameters[index])'")
        }
        return values
    }
}

extension TemplateObject? {
    /// A text, or `standard` when the argument is not given or none.
    func text(_ standard: String, of function: String) throws(TemplateError) -> String {
        switch self {
        case nil: return standard
        case .string(let text)?: return text.string
        case let value?:
            throw TemplateError(.invalidOperation, "\(function) needs a str, found \(value.typeName)")
        }
    }

    /// A whole number, or `standard` when the argument is not given.
    func integer(_ standard: Int, of function: String) throws(TemplateError) -> Int {
        switch self?.number {
        case .integer(let value)?: return value
        default:
            guard let self else { return standard }
            if case .undefined(let reason) = self { throw reason.error }
            throw TemplateError(.invalidOperation, "\(function) needs an int, found \(self.typeName)")
        }
    }

    /// A truth value, or `standard` when the argument is not given.
    func flag(_ standard: Bool) -> Bool { self?.isTrue ?? standard }

    /// The argument, with none taken for absent.
    var unlessNone: TemplateObject? {
        guard let self else { return nil }
        if case TemplateObject.none = self { return nil }
        return self
    }
}
