/// The methods of lists, tuples, ranges and dictionaries.
enum ContainerMethods {
    typealias Body = @Sendable (TemplateObject, TemplateCall) throws -> TemplateObject

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

    private static func copy(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        _ = try call.positional(of: "copy", most: 0)
        return value
    }

    private static func count(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let wanted = try call.positional(of: "count", least: 1, most: 1)[0] ?? .none
        var count = 0
        for element in try call.interpreter.elements(of: value) {
            if try element.isEqual(to: wanted, call.budget) { count += 1 }
        }
        return .integer(count)
    }

    private static func index(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.positional(of: "index", least: 1, most: 3)
        let elements = try call.interpreter.elements(of: value)
        func place(_ bound: TemplateObject?, _ standard: Int) throws -> Int {
            let index = try bound.integer(standard, of: "index")
            return min(max(0, index < 0 ? index + elements.count : index), elements.count)
        }
        let start = try place(values[1], 0), end = try place(values[2], elements.count)
        for index in start..<max(start, end) {
            if try elements[index].isEqual(to: values[0] ?? .none, call.budget) { return .integer(index) }
        }
        throw invalidOperation("the value is not in the \(value.typeName)")
    }

    private static func get(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.positional(of: "get", least: 1, most: 2)
        guard case .dictionary(let dictionary) = value, let key = values[0] else { return .none }
        _ = try DictionaryKey.required(key)
        return dictionary[key] ?? values[1] ?? .none
    }

    private static func view(_ kind: DictionaryView) -> Body {
        { value, call in
            _ = try call.positional(of: kind.rawValue, most: 0)
            guard case .dictionary(let dictionary) = value else { return .none }
            return .view(kind, dictionary)
        }
    }
}
