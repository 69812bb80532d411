/// The methods of lists, tuples, dictionaries and their kin.
enum ContainerMethods {
    typealias Body =
        @Sendable (TemplateInterpreter, TemplateObject, CallArguments) throws(TemplateError) -> TemplateObject

    /// A method, or the name of one that would change its object.
    enum Method {
        case usable(Body)
        case refused
    }

    static func find(_ name: String, of value: TemplateObject) -> Method? {
        switch value {
        case .list:
            if changingList.contains(name) { return .refused }
            return name == "copy" ? .usable(copy) : sequence[name].map { .usable($0) }
        case .tuple, .range: return sequence[name].map { .usable($0) }
        case .dictionary:
            return changingDictionary.contains(name) ? .refused : dictionary[name].map { .usable($0) }
        default: return nil
        }
    }

    private static let changingList: Set<String> = [
        "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove",
    ]
    private static let changingDictionary: Set<String> = ["clear", "pop", "popitem", "setdefault", "update"]
    private static let sequence: [String: Body] = ["count": count, "index": index]
    private static let dictionary: [String: Body] = [
        "get": get, "keys": view(.keys), "values": view(.values), "items": view(.items), "copy": copy,
    ]

    @Sendable
    private static func copy(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        _ = try arguments.positional(of: "copy", most: 0)
        return value
    }

    @Sendable
    private static func count(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let wanted = try arguments.positional(of: "count", least: 1, most: 1)[0] ?? .none
        var count = 0
        for element in try interpreter.elements(of: value) {
            if try element.isEqual(to: wanted, interpreter.budget) { count += 1 }
        }
        return .integer(count)
    }

    @Sendable
    private static func index(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let values = try arguments.positional(of: "index", least: 1, most: 3)
        let elements = try interpreter.elements(of: value)
        func place(_ bound: TemplateObject?, _ standard: Int) throws(TemplateError) -> Int {
            let index = try bound.integer(standard, of: "index")
            return min(max(0, index < 0 ? index + elements.count : index), elements.count)
        }
        let start = try place(values[1], 0), end = try place(values[2], elements.count)
        for index in start..<max(start, end) {
            if try elements[index].isEqual(to: values[0] ?? .none, interpreter.budget) { return .integer(index) }
        }
        throw TemplateError(.invalidOperation, "the value is not in the \(value.typeName)")
    }

    @Sendable
    private static func get(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let values = try arguments.positional(of: "get", least: 1, most: 2)
        guard case .dictionary(let dictionary) = value, let key = values[0] else { return .none }
        _ = try DictionaryKey.required(key)
        return dictionary[key] ?? values[1] ?? .none
    }

    private static func view(_ kind: DictionaryView) -> Body {
        { (interpreter, value, arguments) throws(TemplateError) in
            _ = try arguments.positional(of: kind.rawValue, most: 0)
            guard case .dictionary(let dictionary) = value else { return .none }
            return .view(kind, dictionary)
        }
    }
}
