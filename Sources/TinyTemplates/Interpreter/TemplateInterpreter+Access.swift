extension TemplateInterpreter {
    /// `value.name`: the attribute, or the item with this key when there is no attribute.
    func attribute(_ name: String, of value: TemplateObject) throws -> TemplateObject {
        if case .undefined(let reason) = value { throw reason.error }
        if let found = try ownAttribute(name, of: value) { return found }
        if case .dictionary(let dictionary) = value, let item = dictionary[name] { return item }
        return .undefined(.attribute(name, ofType: value.shownType))
    }

    /// `value[key]`: the item, or the attribute with this name when there is no item.
    func item(_ key: TemplateObject, of value: TemplateObject) throws -> TemplateObject {
        switch value {
        case .undefined(let reason): throw reason.error
        case .dictionary(let dictionary):
            if let item = dictionary[key] { return item }
        case .list(let list), .tuple(let list):
            if let index = index(key, count: list.elements.count) { return list.elements[index] }
        case .range(let range):
            if let index = index(key, count: range.count) { return .integer(range[index]) }
        case .string(let text):
            if case .integer? = key.number {
                try budget.spend(text.string.utf8.count / 16)
                let scalars = text.string.unicodeScalars
                if let index = index(key, count: scalars.count) {
                    return text.with(String(scalars[scalars.index(scalars.startIndex, offsetBy: index)]))
                }
            }
        default: break
        }
        guard case .string(let name) = key else {
            return .undefined(.element(try key.represented(budget), ofType: value.shownType))
        }
        if let found = try ownAttribute(name.string, of: value) { return found }
        return .undefined(.attribute(name.string, ofType: value.shownType))
    }

    /// The place of an element, counted from the end when the key is negative.
    private func index(_ key: TemplateObject, count: Int) -> Int? {
        guard case .integer(let index)? = key.number else { return nil }
        let place = index < 0 ? index + count : index
        return (0..<count).contains(place) ? place : nil
    }

    /// Methods of a value, and attributes of Jinja's own objects.
    ///
    /// Attributes that change a list or dictionary, and those of Python itself, are undefined as in Jinja's sandbox.
    func ownAttribute(_ name: String, of value: TemplateObject) throws -> TemplateObject? {
        if name.hasPrefix("__"), name.hasSuffix("__"), name.utf8.count > 4 {
            return .undefined(.hidden(name, ofType: value.typeName))
        }
        switch value {
        case .namespace(let namespace): return namespace[name]
        case .loop(let loop): return try loop.attribute(name)
        case .function(let function): return function.attributes[name].map { $0() }
        case .macro(let macro): return name == "name" ? .text(macro.syntax.name ?? "") : nil
        case .string(let text):
            guard let method = TextMethods.all[name] else { return nil }
            return .function(try TemplateFunction(name, of: [value]) { try method(text, $0) })
        case .list, .tuple, .dictionary, .range, .view:
            if case .tuple(let list) = value, let index = list.names.firstIndex(of: name) {
                return list.elements[index]
            }
            guard let method = ContainerMethods.find(name, of: value) else { return nil }
            guard case .usable(let body) = method else { return .undefined(.hidden(name, ofType: value.typeName)) }
            return .function(try TemplateFunction(name, of: [value]) { try body(value, $0) })
        default: return nil
        }
    }

    /// The attribute that filters look up: `a.b.0`, items before attributes.
    ///
    /// - Parameter standard: What stands for an item that is undefined; nil for none.
    func path(
        _ path: [TemplateObject], of value: TemplateObject, standard: TemplateObject? = nil
    ) throws -> TemplateObject {
        var value = value
        for key in path {
            value = try item(key, of: value)
            if case .undefined = value, let standard { value = standard }
        }
        return value
    }

    // MARK: Slices

    /// `value[from:to:by]`.
    func slice(
        _ value: TemplateObject, from: TemplateObject?, to: TemplateObject?, by: TemplateObject?
    ) throws -> TemplateObject {
        switch value {
        case .undefined(let reason): throw reason.error
        case .list(let list):
            return try self.list(places(from, to, by, count: list.elements.count).indices(list.elements))
        case .tuple(let list):
            return try tuple(places(from, to, by, count: list.elements.count).indices(list.elements))
        case .string(let text):
            try budget.build(text.string.utf8.count, times: 4)
            let scalars = Array(text.string.unicodeScalars)
            return text.with(String(scalars: try places(from, to, by, count: scalars.count).indices(scalars)))
        case .range(let range):
            let places = try places(from, to, by, count: range.count)
            let start = range.start &+ places.start &* range.step
            let (step, overflow) = range.step.multipliedReportingOverflow(by: places.step)
            let count = places.count
            let stop = start &+ (overflow ? 0 : step) &* count
            return .range(TemplateRange(start: start, step: overflow ? 1 : step, count: count, stop: stop))
        default: throw invalidOperation("'\(value.typeName)' object cannot be sliced")
        }
    }

    /// The places that a slice takes.
    private struct Places {
        var start: Int
        var step: Int
        var count: Int

        func indices<Element>(_ elements: [Element]) -> [Element] {
            if step == 1 { return Array(elements[start..<start + count]) }
            return (0..<count).map { elements[start &+ $0 &* step] }
        }
    }

    private func places(
        _ from: TemplateObject?, _ to: TemplateObject?, _ by: TemplateObject?, count: Int
    ) throws -> Places {
        let step = try bound(by) ?? 1
        guard step != 0 else { throw invalidOperation("slice step cannot be zero") }
        let (lowest, highest) = step > 0 ? (0, count) : (-1, count - 1)
        func clamped(_ bound: Int?, _ standard: Int) -> Int {
            guard let bound else { return standard }
            return min(max(bound < 0 ? bound + count : bound, lowest), highest)
        }
        let start = clamped(try bound(from), step > 0 ? lowest : highest)
        let stop = clamped(try bound(to), step > 0 ? highest : lowest)
        let distance = step > 0 ? stop - start : start - stop
        guard distance > 0 else { return Places(start: max(0, min(start, count)), step: 1, count: 0) }
        // At most `count`, so that it fits whatever the step is.
        return Places(start: start, step: step, count: Int((UInt(distance) - 1) / step.magnitude) + 1)
    }

    private func bound(_ value: TemplateObject?) throws -> Int? {
        switch value {
        case nil, TemplateObject.none?: return nil
        case .bool(let flag)?: return flag ? 1 : 0
        case .integer(let number)?: return number
        default: throw invalidOperation("slice indices must be integers or None")
        }
    }
}
