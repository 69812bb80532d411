/// One value of a ``JSONDocument``, with the path that leads to it for messages.
struct JSONValue {
    let document: JSONDocument
    let index: Int
    /// `model.vocab`, for example; empty for the root. What an array or a visited object holds goes by its path.
    let path: String

    private var node: JSONDocument.Node { document.nodes[index] }

    var isNull: Bool { node.kind == .null }

    var kind: JSONDocument.Kind { node.kind }

    /// The digits of a number, as the text has them.
    var numberText: String { String(decoding: span, as: UTF8.self) }

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
        var text: [UInt8] = []
        try appendUTF8(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the text of a string, as UTF-8; a lone surrogate becomes U+FFFD.
    func appendUTF8(to text: inout [UInt8]) throws(TextError) {
        switch node.kind {
        case .string: text.append(contentsOf: span)
        case .escapedString: appendUnescaped(span, to: &text)
        default: throw wrongKind("a string")
        }
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
        var elements: [JSONValue] = []
        var child = index + 1
        while child < node.next {
            elements.append(JSONValue(document: document, index: child, path: path))
            child = Int(document.nodes[child].next)
        }
        return elements
    }

    /// Visits the members of an object, in their order in the file.
    func forEachMember(_ visit: (_ name: JSONValue, _ value: JSONValue) throws(TextError) -> Void) throws(TextError) {
        guard node.kind == .object else { throw wrongKind("an object") }
        var child = index + 1
        while child < node.next {
            let value = Int(document.nodes[child].next)
            try visit(
                JSONValue(document: document, index: child, path: path),
                JSONValue(document: document, index: value, path: path))
            child = Int(document.nodes[value].next)
        }
    }

    /// The number of values in this one, at all depths, names of members included.
    var descendantCount: Int { Int(node.next) - index - 1 }

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

    private func hasText(_ text: String) -> Bool {
        if node.kind == .string { return span.elementsEqual(text.utf8) }
        var name: [UInt8] = []
        appendUnescaped(span, to: &name)
        return name.elementsEqual(text.utf8)
    }

    private func appendUnescaped(_ raw: ArraySlice<UInt8>, to text: inout [UInt8]) {
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
