/// One value of a ``JSONDocument``, with the path that leads to it for messages.
struct JSONValue {
    let document: JSONDocument
    let index: Int
    /// `model.vocab`, for example; empty for the root.
    let path: String

    private var node: JSONDocument.Node { document.nodes[index] }

    var isNull: Bool { node.kind == .null }

    // MARK: Optional readings

    /// The member with this name, or nil when there is none or it is null.
    func optional(_ name: String) throws(TextError) -> JSONValue? {
        guard node.kind == .object else { throw wrongKind("an object") }
        var child = index + 1
        while child < node.next {
            let key = JSONValue(document: document, index: child, path: path)
            let value = Int(document.nodes[child].next)
            if key.hasText(name) {
                let found = JSONValue(document: document, index: value, path: path.isEmpty ? name : "\(path).\(name)")
                return found.isNull ? nil : found
            }
            child = Int(document.nodes[value].next)
        }
        return nil
    }

    /// A truth value, or `absent` when the member is missing or null.
    func flag(_ name: String, absent: Bool) throws(TextError) -> Bool {
        guard let value = try optional(name) else { return absent }
        switch value.node.kind {
        case .true: return true
        case .false: return false
        default: throw value.wrongKind("true or false")
        }
    }

    // MARK: Required readings

    /// The member with this name.
    func member(_ name: String) throws(TextError) -> JSONValue {
        guard let value = try optional(name) else {
            throw TextError(.malformedFile, "\(place) has no \"\(name)\"")
        }
        return value
    }

    /// The text of a string.
    func string() throws(TextError) -> String {
        String(decoding: try utf8(), as: UTF8.self)
    }

    /// The text of a string, as UTF-8; a lone surrogate becomes U+FFFD.
    func utf8() throws(TextError) -> [UInt8] {
        guard let raw = rawText else { throw wrongKind("a string") }
        return node.kind == .string ? Array(raw) : unescaped(raw)
    }

    /// A whole number.
    func integer() throws(TextError) -> Int {
        guard node.kind == .number, let value = Int(String(decoding: span, as: UTF8.self)) else {
            throw wrongKind("a whole number")
        }
        return value
    }

    /// Any number.
    func number() throws(TextError) -> Double {
        guard node.kind == .number, let value = Double(String(decoding: span, as: UTF8.self)) else {
            throw wrongKind("a number")
        }
        return value
    }

    /// The elements of an array.
    func elements() throws(TextError) -> [JSONValue] {
        guard node.kind == .array else { throw wrongKind("an array") }
        let elementPath = "an element of \(path)"
        var elements: [JSONValue] = []
        var child = index + 1
        while child < node.next {
            elements.append(JSONValue(document: document, index: child, path: elementPath))
            child = Int(document.nodes[child].next)
        }
        return elements
    }

    /// The members of an object, in their order in the file.
    func members() throws(TextError) -> [(name: JSONValue, value: JSONValue)] {
        guard node.kind == .object else { throw wrongKind("an object") }
        let memberPath = "a member of \(path)"
        var members: [(name: JSONValue, value: JSONValue)] = []
        var child = index + 1
        while child < node.next {
            let value = Int(document.nodes[child].next)
            members.append(
                (
                    JSONValue(document: document, index: child, path: memberPath),
                    JSONValue(document: document, index: value, path: memberPath)
                ))
            child = Int(document.nodes[value].next)
        }
        return members
    }

    // MARK: Messages

    /// File and path, as a message names them.
    var place: String { path.isEmpty ? document.name : "\(path) in \(document.name)" }

    var isString: Bool { node.kind == .string || node.kind == .escapedString }

    func wrongKind(_ expected: String) -> TextError {
        let found =
            switch node.kind {
            case .null: "null"
            case .true: "true"
            case .false: "false"
            case .number: "a number"
            case .string, .escapedString: "a string"
            case .array: "an array"
            case .object: "an object"
            }
        return TextError(.malformedFile, "\(place) is \(found), expected \(expected)")
    }

    // MARK: Text

    private var span: ArraySlice<UInt8> { document.bytes[Int(node.start)..<Int(node.end)] }

    private var rawText: ArraySlice<UInt8>? { isString ? span : nil }

    private func hasText(_ text: String) -> Bool {
        node.kind == .string ? span.elementsEqual(text.utf8) : unescaped(span).elementsEqual(text.utf8)
    }

    private func unescaped(_ raw: ArraySlice<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(raw.count)
        var position = raw.startIndex
        while position < raw.endIndex {
            guard raw[position] == UInt8(ascii: "\\") else {
                text.append(raw[position])
                position += 1
                continue
            }
            let escape = raw[position + 1]
            position += 2
            switch escape {
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"): text.append(contentsOf: unescapedScalar(raw, &position))
            default: text.append(escape)
            }
        }
        return text
    }

    /// Reads the four digits at `position`, and a second `\u` group when they are the first half of a pair.
    private func unescapedScalar(_ raw: ArraySlice<UInt8>, _ position: inout Int) -> String.UTF8View {
        var unit = codeUnit(raw, position)
        position += 4
        if (0xD800..<0xDC00).contains(unit), raw.endIndex - position >= 6,
            raw[position] == UInt8(ascii: "\\"), raw[position + 1] == UInt8(ascii: "u")
        {
            let second = codeUnit(raw, position + 2)
            if (0xDC00..<0xE000).contains(second) {
                unit = 0x10000 + (unit - 0xD800) << 10 + (second - 0xDC00)
                position += 6
            }
        }
        return String(Unicode.Scalar(unit) ?? "\u{FFFD}").utf8
    }

    private func codeUnit(_ raw: ArraySlice<UInt8>, _ position: Int) -> UInt32 {
        raw[position..<position + 4].reduce(0) { $0 << 4 | (hexadecimalValue($1) ?? 0) }
    }
}
