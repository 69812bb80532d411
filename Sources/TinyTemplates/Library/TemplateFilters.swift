/// The filters, by name.
enum TemplateFilters {
    typealias Filter =
        @Sendable (TemplateInterpreter, TemplateObject, CallArguments) throws(TemplateError) -> TemplateObject

    static let all: [String: Filter] = [
        // Texts
        "capitalize": mapping { PythonCase.capitalized($0) }, "center": center,
        "e": escape, "escape": escape, "forceescape": forceEscape, "safe": markSafe,
        "format": format, "indent": indent,
        "lower": mapping { PythonCase.lower($0) }, "upper": mapping { PythonCase.upper($0) },
        "replace": replace, "string": string, "striptags": stripTags, "title": title, "trim": trim,
        "truncate": truncate, "urlencode": urlEncode, "wordcount": countWords, "wordwrap": wrapWords,
        "xmlattr": xmlAttributes,
        // Numbers
        "abs": absolute, "filesizeformat": formatFileSize, "float": float, "int": integer, "round": round, "sum": sum,
        // Sequences
        "batch": batch, "count": length, "length": length, "first": first, "last": last, "join": join, "list": list,
        "max": extreme(.greater), "min": extreme(.less), "reverse": reverse, "slice": slice, "sort": sort,
        "unique": unique, "groupby": group,
        "map": map, "select": select(where: true, onAttribute: false),
        "reject": select(where: false, onAttribute: false),
        "selectattr": select(where: true, onAttribute: true), "rejectattr": select(where: false, onAttribute: true),
        // Everything else
        "attr": attribute, "d": standard, "default": standard, "dictsort": sortDictionary, "items": items,
        "tojson": json,
        "pprint": refused("pprint", "its line breaks are not reproduced; tojson is the way to print a value"),
        "random": refused("random", "a prompt must not depend on chance"),
        "urlize": refused("urlize", "a prompt is not HTML"),
    ]

    private static func refused(_ name: String, _ reason: String) -> Filter {
        { (_, _, _) throws(TemplateError) in
            throw TemplateError(.unsupported, "the filter '\(name)' is refused: \(reason)")
        }
    }

    @Sendable
    private static func attribute(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let name = try arguments.bound(to: "attr", ["name"], required: 1)[0].text("", of: "attr")
        if case .undefined(let reason) = value { throw reason.error }
        return try interpreter.ownAttribute(name, of: value) ?? .undefined(.attribute(name, ofType: value.shownType))
    }

    @Sendable
    private static func standard(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let values = try arguments.bound(to: "default", ["default_value", "boolean"])
        if case .undefined = value { return values[0] ?? .text("") }
        return values[1].flag(false) && !value.isTrue ? values[0] ?? .text("") : value
    }

    @Sendable
    private static func items(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        _ = try arguments.positional(of: "items", most: 0)
        return try lazily(interpreter, value) { () throws(TemplateError) in
            switch value {
            case .undefined: return []
            case .dictionary(let dictionary): return try interpreter.elements(of: .view(.items, dictionary))
            default: throw TemplateError(.invalidOperation, "Can only get item pairs from a mapping.")
            }
        }
    }

    @Sendable
    private static func sortDictionary(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let values = try arguments.bound(to: "dictsort", ["case_sensitive", "by", "reverse"])
        let by = try values[1].text("key", of: "dictsort")
        guard by == "key" || by == "value" else {
            throw TemplateError(.invalidOperation, "You can only sort by either \"key\" or \"value\"")
        }
        if case .undefined(let reason) = value { throw reason.error }
        guard case .dictionary(let dictionary) = value else {
            throw TemplateError(.invalidOperation, "dictsort needs a dict, found \(value.typeName)")
        }
        let isCaseSensitive = values[0].flag(false)
        let keys = (by == "key" ? dictionary.keys : dictionary.values).map { isCaseSensitive ? $0 : lowered($0) }
        let order = try sortedOrder(of: keys, isReversed: values[2].flag(false), interpreter.budget)
        var items: [TemplateObject] = []
        for position in order { items.append(try dictionary.item(position)) }
        return try interpreter.list(items)
    }

    @Sendable
    private static func json(
        _ interpreter: TemplateInterpreter, _ value: TemplateObject, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let values = try arguments.bound(to: "tojson", ["ensure_ascii", "indent", "separators", "sort_keys"])
        var layout = JSONLayout()
        layout.escapesBeyondASCII = values[0].flag(false)
        switch values[1].unlessNone {
        case nil: break
        case .string(let text)?: layout.indentation = text.string
        case let indent?:
            let width = max(0, try Optional(indent).integer(0, of: "indent"))
            try interpreter.budget.build(width)
            layout.indentation = String(repeating: " ", count: width)
        }
        if let separators = values[2].unlessNone {
            let pair = try interpreter.elements(of: separators)
            guard pair.count == 2 else {
                throw TemplateError(.invalidOperation, "tojson needs 2 separators, found \(pair.count)")
            }
            layout.itemSeparator = try Optional(pair[0]).text("", of: "a separator")
            layout.keySeparator = try Optional(pair[1]).text("", of: "a separator")
            try interpreter.budget.build(layout.itemSeparator.utf8.count + layout.keySeparator.utf8.count)
        } else if layout.indentation != nil {
            layout.itemSeparator = ","
        }
        layout.sortsKeys = values[3].flag(false)
        var text = JSONText(layout, interpreter.budget)
        try text.append(value)
        return .text(text.text)
    }

    // MARK: Shared by several filters

    /// A sequence that is made when its first element is asked for.
    static func lazily(
        _ interpreter: TemplateInterpreter, _ source: TemplateObject,
        _ make: @escaping () throws(TemplateError) -> [TemplateObject]
    ) throws(TemplateError) -> TemplateObject {
        try interpreter.budget.spend(8)
        var elements: ArraySlice<TemplateObject>?
        return .generator(
            try TemplateGenerator("generator", of: [source]) { () throws(TemplateError) in
                if elements == nil { elements = try make()[...] }
                return elements?.popFirst()
            })
    }

    /// A text in lower case, any other value as it is.
    static func lowered(_ value: TemplateObject) -> TemplateObject {
        guard case .string(let text) = value else { return value }
        return .text(PythonCase.lower(text.string))
    }

    /// The keys that an attribute's name leads through: `a.b.0`; none for no attribute.
    static func path(_ attribute: TemplateObject?) -> [TemplateObject] {
        switch attribute.unlessNone {
        case nil: return []
        case .string(let text)?:
            return text.string.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false).map { part in
                let part = String(String.UnicodeScalarView(part))
                return Int(part).map { $0 >= 0 ? .integer($0) : .text(part) } ?? .text(part)
            }
        case let key?: return [key]
        }
    }

    /// A value as a text: what the text filters begin with.
    static func softText(_ value: TemplateObject, _ budget: TemplateBudget) throws(TemplateError) -> TemplateText {
        if case .string(let text) = value { return text }
        return TemplateText(try value.printed(budget))
    }
}

/// The places of values in ascending order (or descending); equal ones keep their order.
func sortedOrder(
    of keys: [TemplateObject], isReversed: Bool, _ budget: TemplateBudget
) throws(TemplateError) -> [Int] {
    try budget.build(keys.count, times: 16)
    var failure: TemplateError?
    let order = keys.indices.sorted { a, b in
        guard failure == nil else { return false }
        do throws(TemplateError) {
            return try isReversed
                ? keys[b].order(to: keys[a], "<", budget) == .less : keys[a].order(to: keys[b], "<", budget) == .less
        } catch {
            failure = error
            return false
        }
    }
    if let failure { throw failure }
    return order
}
