/// The filters, by name.
enum TemplateFilters {
    typealias Filter = @Sendable (TemplateObject, TemplateCall) throws -> TemplateObject

    static let all: [String: Filter] = [
        // Texts
        "capitalize": mapping { PythonCase.capitalized($0) }, "center": center,
        "e": plain("escape", escape), "escape": plain("escape", escape),
        "forceescape": plain("forceescape") { try escape(.text(try $0.printed($1.budget)), $1) },
        "safe": plain("safe") { .string(TemplateText(try $0.printed($1.budget), isMarkup: true)) },
        "format": format, "indent": indent,
        "lower": mapping { PythonCase.lower($0) }, "upper": mapping { PythonCase.upper($0) },
        "replace": replace, "string": plain("string") { .string(try softText($0, $1.budget)) },
        "striptags": plain("striptags", stripTags), "title": plain("title", title), "trim": trim,
        "truncate": truncate, "urlencode": plain("urlencode", urlEncode), "wordcount": plain("wordcount", countWords),
        "wordwrap": wrapWords,
        "xmlattr": xmlAttributes,
        // Numbers
        "abs": plain("abs", absolute), "filesizeformat": formatFileSize, "float": float, "int": integer, "round": round,
        "sum": sum,
        // Sequences
        "batch": batch, "count": length, "length": length, "first": plain("first", first), "last": plain("last", last),
        "join": join, "list": plain("list") { try $1.interpreter.list(try $1.interpreter.elements(of: $0)) },
        "max": extreme(.greater), "min": extreme(.less), "reverse": plain("reverse", reverse), "slice": slice,
        "sort": sort,
        "unique": unique, "groupby": group,
        "map": map, "select": select(where: true, onAttribute: false),
        "reject": select(where: false, onAttribute: false),
        "selectattr": select(where: true, onAttribute: true), "rejectattr": select(where: false, onAttribute: true),
        // Everything else
        "attr": attribute, "d": standard, "default": standard, "dictsort": sortDictionary,
        "items": plain("items", items),
        "tojson": json,
        "pprint": refused("pprint", "its line breaks are not implemented; use tojson to print a value"),
        "random": refused("random", "a prompt must not be random"),
        "urlize": refused("urlize", "a prompt is not HTML"),
    ]

    /// A filter without arguments.
    private static func plain(_ name: String, _ body: @escaping Filter) -> Filter {
        { value, call in
            _ = try call.positional(of: name, most: 0)
            return try body(value, call)
        }
    }

    private static let length = plain("length") { .integer(try $1.interpreter.length(of: $0)) }

    private static func refused(_ name: String, _ reason: String) -> Filter {
        { _, _ in throw TemplateError(.unsupported, "the filter '\(name)' is refused: \(reason)") }
    }

    private static func attribute(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let name = try call.bound(to: "attr", ["name"], required: 1)[0].text("", of: "attr")
        if case .undefined(let reason) = value { throw reason.error }
        return try call.interpreter.ownAttribute(name, of: value)
            ?? .undefined(.attribute(name, ofType: value.shownType))
    }

    private static func standard(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "default", ["default_value", "boolean"])
        if case .undefined = value { return values[0] ?? .text("") }
        return values[1].flag(false) && !value.isTrue ? values[0] ?? .text("") : value
    }

    private static func items(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        try lazily(value, call.budget) {
            switch value {
            case .undefined: return []
            case .dictionary(let dictionary): return try call.interpreter.elements(of: .view(.items, dictionary))
            default: throw invalidOperation("Can only get item pairs from a mapping.")
            }
        }
    }

    private static func sortDictionary(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "dictsort", ["case_sensitive", "by", "reverse"])
        let by = try values[1].text("key", of: "dictsort")
        guard by == "key" || by == "value" else {
            throw invalidOperation("You can only sort by either \"key\" or \"value\"")
        }
        let dictionary = try value.dictionary(for: "dictsort")
        let isCaseSensitive = values[0].flag(false)
        let keys = (by == "key" ? dictionary.keys : dictionary.values).map { isCaseSensitive ? $0 : lowered($0) }
        let order = try sortedOrder(of: keys, isReversed: values[2].flag(false), call.budget)
        return try call.interpreter.list(order.map(dictionary.item))
    }

    private static func json(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "tojson", ["ensure_ascii", "indent", "separators", "sort_keys"])
        var layout = JSONLayout()
        layout.escapesBeyondASCII = values[0].flag(false)
        switch values[1].unlessNone {
        case nil: break
        case .string(let text)?: layout.indentation = text.string
        case let indent?:
            let width = max(0, try Optional(indent).integer(0, of: "indent"))
            try call.budget.build(width)
            layout.indentation = String(repeating: " ", count: width)
        }
        if let separators = values[2].unlessNone {
            let pair = try call.interpreter.elements(of: separators)
            guard pair.count == 2 else { throw invalidOperation("tojson needs 2 separators, found \(pair.count)") }
            layout.itemSeparator = try Optional(pair[0]).text("", of: "a separator")
            layout.keySeparator = try Optional(pair[1]).text("", of: "a separator")
            try call.budget.build(layout.itemSeparator.utf8.count + layout.keySeparator.utf8.count)
        } else if layout.indentation != nil {
            layout.itemSeparator = ","
        }
        layout.sortsKeys = values[3].flag(false)
        var text = JSONText(layout, call.budget)
        try text.append(value)
        return .text(text.text)
    }

    // MARK: Shared by several filters

    /// A sequence that is computed when its first element is requested.
    static func lazily(
        _ source: TemplateObject, _ budget: TemplateBudget, _ make: @escaping () throws -> [TemplateObject]
    ) throws -> TemplateObject {
        try budget.spend(8)
        var elements: ArraySlice<TemplateObject>?
        return .generator(
            try TemplateGenerator("generator", of: [source]) {
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

    /// A value as a text, as text filters read it.
    static func softText(_ value: TemplateObject, _ budget: TemplateBudget) throws -> TemplateText {
        if case .string(let text) = value { return text }
        return TemplateText(try value.printed(budget))
    }
}

/// The places of values in ascending or descending order; equal values keep their order.
func sortedOrder(of keys: [TemplateObject], isReversed: Bool, _ budget: TemplateBudget) throws -> [Int] {
    try budget.build(keys.count, times: 16)
    return try keys.indices.sorted { a, b in
        let (first, second) = isReversed ? (keys[b], keys[a]) : (keys[a], keys[b])
        return try first.order(to: second, "<", budget) == .less
    }
}
