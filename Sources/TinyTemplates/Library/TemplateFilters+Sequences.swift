extension TemplateFilters {
    @Sendable
    static func length(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        _ = try arguments.positional(of: "length", most: 0)
        return .integer(try interpreter.length(of: value))
    }

    @Sendable
    static func list(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        _ = try arguments.positional(of: "list", most: 0)
        return try interpreter.list(try interpreter.elements(of: value))
    }

    @Sendable
    static func first(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        _ = try arguments.positional(of: "first", most: 0)
        return try interpreter.generator(over: value).next()
            ?? .undefined(.other("No first item, sequence was empty."))
    }

    @Sendable
    static func last(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        _ = try arguments.positional(of: "last", most: 0)
        switch value {
        case .generator, .loop: throw TemplateError(.invalidOperation, "'\(value.typeName)' object is not reversible")
        default:
            return try interpreter.elements(of: value).last
                ?? .undefined(.other("No last item, sequence was empty."))
        }
    }

    @Sendable
    static func join(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let values = try arguments.bound(to: "join", ["d", "attribute"])
        let budget = interpreter.budget
        let separator = try values[0].map { (value) throws(TemplateError) in try value.printed(budget) } ?? ""
        let path = path(values[1])
        let elements = try interpreter.generator(over: value)
        var result = ""
        var isFirst = true
        while let element = try elements.next() {
            let part = try interpreter.path(path, of: element).printed(budget)
            try budget.build(part.utf8.count + separator.utf8.count)
            if !isFirst { result += separator }
            isFirst = false
            result += part
        }
        return .text(result)
    }

    @Sendable
    static func reverse(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        _ = try arguments.positional(of: "reverse", most: 0)
        if case .string(let text) = value {
            try interpreter.budget.build(text.string.utf8.count)
            return text.with(String(scalars: text.string.unicodeScalars.reversed()))
        }
        let reversed = Array(try interpreter.elements(of: value).reversed())
        if case .generator = value { return try interpreter.list(reversed) }
        return try lazily(interpreter, value) { () throws(TemplateError) in reversed }
    }

    // MARK: Order

    @Sendable
    static func sort(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let values = try arguments.bound(to: "sort", ["reverse", "case_sensitive", "attribute"])
        let isCaseSensitive = values[1].flag(false)
        let paths: [[TemplateObject]]
        if case .string(let text)? = values[2] {
            paths = text.string.unicodeScalars.split(separator: ",", omittingEmptySubsequences: false).map {
                path(.text(String(String.UnicodeScalarView($0))))
            }
        } else {
            paths = [path(values[2])]
        }
        let elements = try interpreter.elements(of: value)
        var keys: [TemplateObject] = []
        for element in elements {
            var key: [TemplateObject] = []
            for path in paths {
                let part = try interpreter.path(path, of: element)
                key.append(isCaseSensitive ? part : lowered(part))
            }
            keys.append(try interpreter.list(key))
        }
        let order = try sortedOrder(of: keys, isReversed: values[0].flag(false), interpreter.budget)
        return try interpreter.list(order.map { elements[$0] })
    }

    static func extreme(_ wanted: TemplateObject.Order) -> Filter {
        { (interpreter, value, arguments) throws(TemplateError) in
            let values = try arguments.bound(to: "min or max", ["case_sensitive", "attribute"])
            let path = path(values[1]), isCaseSensitive = values[0].flag(false)
            func key(_ element: TemplateObject) throws(TemplateError) -> TemplateObject {
                let key = try interpreter.path(path, of: element)
                return isCaseSensitive ? key : lowered(key)
            }
            let elements = try interpreter.generator(over: value)
            guard var best = try elements.next() else {
                return .undefined(.other("No aggregated item, sequence was empty."))
            }
            var bestKey = try key(best)
            while let element = try elements.next() {
                let next = try key(element)
                if try next.order(to: bestKey, wanted == .less ? "<" : ">", interpreter.budget) == wanted {
                    (best, bestKey) = (element, next)
                }
            }
            return best
        }
    }

    @Sendable
    static func unique(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let values = try arguments.bound(to: "unique", ["case_sensitive", "attribute"])
        let path = path(values[1]), isCaseSensitive = values[0].flag(false)
        let elements = LazyElements(value)
        var seen: Set<DictionaryKey> = []
        return .generator(
            try TemplateGenerator("generator", of: [value]) { () throws(TemplateError) in
                while let element = try elements.next(interpreter) {
                    let key = try interpreter.path(path, of: element)
                    try interpreter.budget.build(64)
                    if seen.insert(try DictionaryKey.required(isCaseSensitive ? key : lowered(key))).inserted {
                        return element
                    }
                }
                return nil
            })
    }

    @Sendable
    static func group(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let values = try arguments.bound(to: "groupby", ["attribute", "default", "case_sensitive"], required: 1)
        let path = path(values[0]), isCaseSensitive = values[2].flag(false)
        func key(_ element: TemplateObject) throws(TemplateError) -> TemplateObject {
            var value = element
            for part in path {
                value = try interpreter.item(part, of: value)
                if case .undefined = value, let standard = values[1].unlessNone { value = standard }
            }
            return value
        }
        let elements = try interpreter.elements(of: value)
        var keys: [TemplateObject] = []
        for element in elements { keys.append(isCaseSensitive ? try key(element) : lowered(try key(element))) }
        var groups: [(key: TemplateObject, elements: [TemplateObject])] = []
        for place in try sortedOrder(of: keys, isReversed: false, interpreter.budget) {
            if let last = groups.last, try last.key.isEqual(to: keys[place], interpreter.budget) {
                groups[groups.count - 1].elements.append(elements[place])
            } else {
                groups.append((keys[place], [elements[place]]))
            }
        }
        var result: [TemplateObject] = []
        for group in groups {
            let shown = try isCaseSensitive ? group.key : key(group.elements[0])
            let members = try interpreter.list(group.elements)
            result.append(.tuple(try TemplateList([shown, members], names: ["grouper", "list"])))
        }
        return try interpreter.list(result)
    }

    // MARK: Parts

    @Sendable
    static func batch(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let values = try arguments.bound(to: "batch", ["linecount", "fill_with"], required: 1)
        let size = try values[0].integer(0, of: "batch")
        return try lazily(interpreter, value) { () throws(TemplateError) in
            var batches: [TemplateObject] = []
            var batch: [TemplateObject] = []
            for element in try interpreter.elements(of: value) {
                if batch.count == size {
                    batches.append(try interpreter.list(batch))
                    batch = []
                }
                batch.append(element)
            }
            guard !batch.isEmpty else { return batches }
            if let fill = values[1].unlessNone, batch.count < size {
                try interpreter.budget.build(size - batch.count, times: 16)
                batch += [TemplateObject](repeating: fill, count: size - batch.count)
            }
            batches.append(try interpreter.list(batch))
            return batches
        }
    }

    @Sendable
    static func slice(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let values = try arguments.bound(to: "slice", ["slices", "fill_with"], required: 1)
        let count = try values[0].integer(0, of: "slice")
        return try lazily(interpreter, value) { () throws(TemplateError) in
            let elements = try interpreter.elements(of: value)
            guard count != 0 else { throw TemplateError(.invalidOperation, "integer division or modulo by zero") }
            guard count > 0 else { return [] }
            try interpreter.budget.build(count, times: 64)
            let (size, larger) = elements.count.quotientAndRemainder(dividingBy: count)
            var slices: [TemplateObject] = []
            var start = 0
            for index in 0..<count {
                let end = start + size + (index < larger ? 1 : 0)
                var slice = Array(elements[start..<end])
                if let fill = values[1].unlessNone, index >= larger { slice.append(fill) }
                slices.append(try interpreter.list(slice))
                start = end
            }
            return slices
        }
    }

    // MARK: Filters over elements

    @Sendable
    static func map(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        if !value.isTrue { return try lazily(interpreter, value) { () throws(TemplateError) in [] } }
        var call: (TemplateObject) throws(TemplateError) -> TemplateObject
        if arguments.positional.isEmpty, arguments.named.contains(where: { $0.name == "attribute" }) {
            let values = try arguments.bound(to: "map", ["attribute", "default"])
            let path = path(values[0]), standard = values[1].unlessNone
            call = { (element) throws(TemplateError) in
                var value = element
                for key in path {
                    value = try interpreter.item(key, of: value)
                    if case .undefined = value, let standard { value = standard }
                }
                return value
            }
        } else {
            guard let first = arguments.positional.first else {
                throw TemplateError(.invalidOperation, "map requires a filter argument")
            }
            let name = try Optional(first).text("", of: "map")
            let rest = CallArguments(positional: Array(arguments.positional.dropFirst()), named: arguments.named)
            call = { (element) throws(TemplateError) in try interpreter.filter(name, element, rest) }
        }
        let elements = LazyElements(value)
        return .generator(
            try TemplateGenerator("generator", of: [value] + arguments.positional) { () throws(TemplateError) in
                guard let element = try elements.next(interpreter) else { return nil }
                return try call(element)
            })
    }

    static func select(where wanted: Bool, onAttribute: Bool) -> Filter {
        { (interpreter, value, arguments) throws(TemplateError) in
            if !value.isTrue { return try lazily(interpreter, value) { () throws(TemplateError) in [] } }
            var positional = arguments.positional[...]
            var path: [TemplateObject] = []
            if onAttribute {
                guard let attribute = positional.popFirst() else {
                    throw TemplateError(.invalidOperation, "Missing parameter for attribute name")
                }
                path = Self.path(attribute)
            }
            let test = try positional.popFirst().map { (name) throws(TemplateError) in
                try Optional(name).text("", of: "select")
            }
            let rest = CallArguments(positional: Array(positional), named: arguments.named)
            let elements = LazyElements(value)
            return .generator(
                try TemplateGenerator("generator", of: [value] + rest.positional) { () throws(TemplateError) in
                    while let element = try elements.next(interpreter) {
                        let value = try interpreter.path(path, of: element)
                        let holds = try test.map { (test) throws(TemplateError) in
                            try interpreter.test(test, value, rest)
                        }
                        if holds ?? value.isTrue == wanted { return element }
                    }
                    return nil
                })
        }
    }
}

/// The elements of a value, which is not looked at before the first is asked for.
private final class LazyElements {
    private let value: TemplateObject
    private var source: TemplateGenerator?

    init(_ value: TemplateObject) {
        self.value = value
    }

    func next(_ interpreter: TemplateInterpreter) throws(TemplateError) -> TemplateObject? {
        if let source { return try source.next() }
        let source = try interpreter.generator(over: value)
        self.source = source
        return try source.next()
    }
}
