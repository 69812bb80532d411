extension TemplateFilters {
    static func first(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        return try call.interpreter.generator(over: value).next()
            ?? .undefined(.other("No first item, sequence was empty."))
    }

    static func last(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        switch value {
        case .generator, .loop: throw invalidOperation("'\(value.typeName)' object is not reversible")
        default:
            return try call.interpreter.elements(of: value).last
                ?? .undefined(.other("No last item, sequence was empty."))
        }
    }

    static func join(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "join", ["d", "attribute"])
        let budget = call.budget
        let separator = try values[0].map { value in try value.printed(budget) } ?? ""
        let path = path(values[1])
        let elements = try call.interpreter.generator(over: value)
        var result = ""
        var isFirst = true
        while let element = try elements.next() {
            let part = try call.interpreter.path(path, of: element).printed(budget)
            try budget.build(part.utf8.count + separator.utf8.count)
            if !isFirst { result += separator }
            isFirst = false
            result += part
        }
        return .text(result)
    }

    static func reverse(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        if case .string(let text) = value {
            try call.budget.build(text.string.utf8.count)
            return text.with(String(scalars: text.string.unicodeScalars.reversed()))
        }
        let reversed = Array(try call.interpreter.elements(of: value).reversed())
        if case .generator = value { return try call.interpreter.list(reversed) }
        return try lazily(value, call.budget) { reversed }
    }

    // MARK: Order

    /// What elements are compared by: themselves or an attribute, in lower case unless `caseSensitive`.
    private static func key(
        attribute: TemplateObject?, caseSensitive: TemplateObject?, _ call: TemplateCall
    ) -> (TemplateObject) throws -> TemplateObject {
        let path = path(attribute), isCaseSensitive = caseSensitive.flag(false)
        return { element in
            let key = try call.interpreter.path(path, of: element)
            return isCaseSensitive ? key : lowered(key)
        }
    }

    static func sort(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "sort", ["reverse", "case_sensitive", "attribute"])
        var attributes = [values[2]]
        if case .string(let text)? = values[2] {
            attributes = text.string.unicodeScalars.split(separator: ",", omittingEmptySubsequences: false).map {
                .text(String($0))
            }
        }
        let parts = attributes.map { key(attribute: $0, caseSensitive: values[1], call) }
        let elements = try call.interpreter.elements(of: value)
        let keys = try elements.map { element in try call.interpreter.list(parts.map { try $0(element) }) }
        let order = try sortedOrder(of: keys, isReversed: values[0].flag(false), call.budget)
        return try call.interpreter.list(order.map { elements[$0] })
    }

    static func extreme(_ wanted: TemplateObject.Order) -> Filter {
        { value, call in
            let values = try call.bound(to: "min or max", ["case_sensitive", "attribute"])
            let key = key(attribute: values[1], caseSensitive: values[0], call)
            let elements = try call.interpreter.generator(over: value)
            guard var best = try elements.next() else {
                return .undefined(.other("No aggregated item, sequence was empty."))
            }
            var bestKey = try key(best)
            while let element = try elements.next() {
                let next = try key(element)
                if try next.order(to: bestKey, wanted == .less ? "<" : ">", call.budget) == wanted {
                    (best, bestKey) = (element, next)
                }
            }
            return best
        }
    }

    static func unique(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "unique", ["case_sensitive", "attribute"])
        let key = key(attribute: values[1], caseSensitive: values[0], call)
        let elements = LazyElements(value)
        var seen: Set<DictionaryKey> = []
        return .generator(
            try TemplateGenerator("generator", of: [value]) {
                while let element = try elements.next(call.interpreter) {
                    let key = try key(element)
                    try call.budget.build(64)
                    if seen.insert(try DictionaryKey.required(key)).inserted { return element }
                }
                return nil
            })
    }

    static func group(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "groupby", ["attribute", "default", "case_sensitive"], required: 1)
        let path = path(values[0]), isCaseSensitive = values[2].flag(false)
        func key(_ element: TemplateObject) throws -> TemplateObject {
            try call.interpreter.path(path, of: element, standard: values[1].unlessNone)
        }
        let elements = try call.interpreter.elements(of: value)
        let keys = try elements.map { try isCaseSensitive ? key($0) : lowered(key($0)) }
        var groups: [(key: TemplateObject, elements: [TemplateObject])] = []
        for place in try sortedOrder(of: keys, isReversed: false, call.budget) {
            if let last = groups.last, try last.key.isEqual(to: keys[place], call.budget) {
                groups[groups.count - 1].elements.append(elements[place])
            } else {
                groups.append((keys[place], [elements[place]]))
            }
        }
        return try call.interpreter.list(
            groups.map { group in
                let shown = try isCaseSensitive ? group.key : key(group.elements[0])
                let members = try call.interpreter.list(group.elements)
                return .tuple(try TemplateList([shown, members], names: ["grouper", "list"]))
            })
    }

    // MARK: Parts

    static func batch(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "batch", ["linecount", "fill_with"], required: 1)
        let size = try values[0].integer(0, of: "batch")
        return try lazily(value, call.budget) {
            var batches: [TemplateObject] = []
            var batch: [TemplateObject] = []
            for element in try call.interpreter.elements(of: value) {
                if batch.count == size {
                    batches.append(try call.interpreter.list(batch))
                    batch = []
                }
                batch.append(element)
            }
            guard !batch.isEmpty else { return batches }
            if let fill = values[1].unlessNone, batch.count < size {
                try call.budget.build(size - batch.count, times: 16)
                batch += [TemplateObject](repeating: fill, count: size - batch.count)
            }
            batches.append(try call.interpreter.list(batch))
            return batches
        }
    }

    static func slice(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "slice", ["slices", "fill_with"], required: 1)
        let count = try values[0].integer(0, of: "slice")
        return try lazily(value, call.budget) {
            let elements = try call.interpreter.elements(of: value)
            guard count != 0 else { throw invalidOperation("integer division or modulo by zero") }
            guard count > 0 else { return [] }
            try call.budget.build(count, times: 64)
            let (size, larger) = elements.count.quotientAndRemainder(dividingBy: count)
            var slices: [TemplateObject] = []
            var start = 0
            for index in 0..<count {
                let end = start + size + (index < larger ? 1 : 0)
                var slice = Array(elements[start..<end])
                if let fill = values[1].unlessNone, index >= larger { slice.append(fill) }
                slices.append(try call.interpreter.list(slice))
                start = end
            }
            return slices
        }
    }

    // MARK: Filters over elements

    static func map(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        if !value.isTrue { return try lazily(value, call.budget) { [] } }
        let change: (TemplateObject) throws -> TemplateObject
        if call.positional.isEmpty, call.named.contains(where: { $0.name == "attribute" }) {
            let values = try call.bound(to: "map", ["attribute", "default"])
            let path = path(values[0]), standard = values[1].unlessNone
            change = { try call.interpreter.path(path, of: $0, standard: standard) }
        } else {
            guard let first = call.positional.first else { throw invalidOperation("map requires a filter argument") }
            let name = try Optional(first).text("", of: "map")
            let rest = call.with(positional: call.positional.dropFirst())
            change = { try call.interpreter.filter(name, $0, rest) }
        }
        let elements = LazyElements(value)
        return .generator(
            try TemplateGenerator("generator", of: [value] + call.positional) {
                guard let element = try elements.next(call.interpreter) else { return nil }
                return try change(element)
            })
    }

    static func select(where wanted: Bool, onAttribute: Bool) -> Filter {
        { value, call in
            if !value.isTrue { return try lazily(value, call.budget) { [] } }
            var positional = call.positional[...]
            var path: [TemplateObject] = []
            if onAttribute {
                guard let attribute = positional.popFirst() else {
                    throw invalidOperation("Missing parameter for attribute name")
                }
                path = Self.path(attribute)
            }
            let test = try positional.popFirst().map { try Optional($0).text("", of: "select") }
            let rest = call.with(positional: positional)
            let elements = LazyElements(value)
            return .generator(
                try TemplateGenerator("generator", of: [value] + rest.positional) {
                    while let element = try elements.next(call.interpreter) {
                        let value = try call.interpreter.path(path, of: element)
                        let holds = try test.map { try call.interpreter.test($0, value, rest) }
                        if holds ?? value.isTrue == wanted { return element }
                    }
                    return nil
                })
        }
    }
}

/// The elements of a value, which is not read before the first element is requested.
private final class LazyElements {
    private let value: TemplateObject
    private var source: TemplateGenerator?

    init(_ value: TemplateObject) {
        self.value = value
    }

    func next(_ interpreter: TemplateInterpreter) throws -> TemplateObject? {
        if let source { return try source.next() }
        let source = try interpreter.generator(over: value)
        self.source = source
        return try source.next()
    }
}
