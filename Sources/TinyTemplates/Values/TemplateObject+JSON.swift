import TinyFoundation

extension JSONValue {
    /// The value as the interpreter has it.
    func object() throws -> TemplateObject {
        switch self {
        case .null: return .none
        case .bool(let flag): return .bool(flag)
        case .integer(let number): return .integer(number)
        case .wideInteger(let digits): return .wideInteger(digits)
        case .number(let number): return .float(number)
        case .string(let text): return .text(text)
        case .array(let elements): return .list(try TemplateList(elements.map { try $0.object() }))
        case .object(let members):
            return .dictionary(try TemplateDictionary(members.map { (.text($0.name), try $0.value.object()) }))
        }
    }
}

/// The layout of `tojson`; the defaults are those of chat templates.
struct JSONLayout {
    var escapesBeyondASCII = false
    /// What each level is indented by; nil keeps everything on one line.
    var indentation: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false
}

/// Writes values as Python's `json.dumps` does.
struct JSONText {
    private let layout: JSONLayout
    private let budget: TemplateBudget
    private(set) var text = ""

    init(_ layout: JSONLayout, _ budget: TemplateBudget) {
        self.layout = layout
        self.budget = budget
    }

    mutating func append(_ value: TemplateObject, depth: Int = 0) throws {
        try budget.spend(1)
        switch value {
        case .none: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .integer(let number): text += String(number)
        case .wideInteger(let digits): text += digits
        case .float(let number): text += Self.text(of: number)
        case .string(let string): try append(quoted: string.string)
        case .list(let list), .tuple(let list):
            try append(count: list.elements.count, "[", "]", depth) { json, index in
                try json.append(list.elements[index], depth: depth + 1)
            }
        case .dictionary(let dictionary):
            let order = try order(of: dictionary)
            try append(count: dictionary.count, "{", "}", depth) { json, index in
                try json.append(quoted: try Self.name(dictionary.keys[order[index]]))
                json.text += json.layout.keySeparator
                try json.append(dictionary.values[order[index]], depth: depth + 1)
            }
        default: throw invalidOperation("Object of type \(value.typeName) is not JSON serializable")
        }
    }

    private mutating func append(
        count: Int, _ open: String, _ close: String, _ depth: Int,
        _ element: (inout JSONText, Int) throws -> Void
    ) throws {
        text += open
        for index in 0..<count {
            if index > 0 { text += layout.itemSeparator }
            try breakLine(depth + 1)
            try element(&self, index)
        }
        if count > 0 { try breakLine(depth) }
        text += close
    }

    private mutating func breakLine(_ depth: Int) throws {
        guard let indentation = layout.indentation else { return }
        try budget.build(indentation.utf8.count * depth + 1)
        text += "\n"
        for _ in 0..<depth { text += indentation }
    }

    private func order(of dictionary: TemplateDictionary) throws -> [Int] {
        guard layout.sortsKeys else { return Array(0..<dictionary.count) }
        return try sortedOrder(of: dictionary.keys, isReversed: false, budget)
    }

    private static func text(of number: Double) -> String {
        number.isNaN ? "NaN" : number.isInfinite ? number < 0 ? "-Infinity" : "Infinity" : pythonText(of: number)
    }

    private static func name(_ key: TemplateObject) throws -> String {
        switch key {
        case .string(let text): return text.string
        case .none: return "null"
        case .bool(let flag): return flag ? "true" : "false"
        case .integer(let number): return String(number)
        case .wideInteger(let digits): return digits
        case .float(let number): return text(of: number)
        default: throw invalidOperation("keys must be str, int, float, bool or None, not \(key.typeName)")
        }
    }

    private mutating func append(quoted string: String) throws {
        try budget.build(string.utf8.count)
        let layout = layout
        text.append(string, quotedBy: "\"") { scalar in
            switch scalar {
            case "\u{08}": return "\\b"
            case "\u{0C}": return "\\f"
            default:
                guard scalar.value < 0x20 || layout.escapesBeyondASCII && scalar.value >= 0x7F else { return nil }
                return String(scalar).utf16.map { unit in
                    let digits = String(unit, radix: 16)
                    return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
                }.joined()
            }
        }
    }
}
