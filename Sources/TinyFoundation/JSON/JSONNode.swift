/// One value of a ``JSONDocument``, with the path that leads to it for messages.
///
/// ```swift
/// let root = try JSONDocument(contentsOf: "config.json").root
/// let layers = try root.member("num_hidden_layers").integer()
/// let theta = try root.optional("rope_theta")?.number() ?? 10_000
/// ```
///
/// Every reading throws ``FileError`` with code `malformedFile` when the value is missing or of another kind, with the file,
/// the dotted path and the value: `rope_parameters.rope_theta in config.json is "big", expected a number`.
package struct JSONNode: Sendable {
    let document: JSONDocument
    let index: Int
    /// `model.vocab`, for example; empty for the root. Elements of an array have the path of the array.
    package let path: String

    private var entry: JSONDocument.Entry { document.entries[index] }

    /// What the value is.
    package var kind: JSONDocument.Kind { entry.kind }
    package var isNull: Bool { kind == .null }
    package var isString: Bool { kind == .string || kind == .escapedString }
    package var isArray: Bool { kind == .array }
    package var isObject: Bool { kind == .object }
    package var isNumber: Bool { kind == .number }

    /// The digits of a number, as in the text.
    package var numberText: String { String(decoding: span, as: UTF8.self) }

    /// The number of values in this one, at all depths, names of members included.
    package var descendantCount: Int { Int(entry.next) - index - 1 }

    // MARK: Members

    /// The member with this name, or nil when there is none or it is null.
    package func optional(_ name: String) throws(FileError) -> JSONNode? {
        guard let found = try given(name), !found.isNull else { return nil }
        return found
    }

    /// The member with this name, which may be null, or nil when there is none.
    package func given(_ name: String) throws(FileError) -> JSONNode? {
        guard isObject else { throw wrongKind("an object") }
        var child = index + 1
        while child < entry.next {
            let value = Int(document.entries[child].next)
            if node(child).text.elementsEqual(name.utf8) {
                return node(value).named(name)
            }
            child = Int(document.entries[value].next)
        }
        return nil
    }

    /// The member with this name.
    package func member(_ name: String) throws(FileError) -> JSONNode {
        guard let value = try given(name) else { throw malformed("has no \"\(name)\"") }
        guard !value.isNull else { throw value.malformed("is null") }
        return value
    }

    /// A truth value, or `absent` when the member is missing or null.
    package func flag(_ name: String, absent: Bool) throws(FileError) -> Bool {
        try optional(name)?.bool() ?? absent
    }

    // MARK: Values

    /// A truth value.
    package func bool() throws(FileError) -> Bool {
        switch kind {
        case .true: return true
        case .false: return false
        default: throw wrongKind("true or false")
        }
    }

    /// An integer; some programs write 8 as `8.0`.
    package func integer() throws(FileError) -> Int {
        guard isNumber, let value = Int(numberText) ?? Double(numberText).flatMap(Int.init(exactly:)) else {
            throw wrongKind("an integer")
        }
        return value
    }

    /// Any number.
    package func number() throws(FileError) -> Double {
        guard isNumber, let value = Double(numberText) else { throw wrongKind("a number") }
        return value
    }

    /// The text of a string.
    package func string() throws(FileError) -> String {
        var text: [UInt8] = []
        try appendUTF8(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the text of a string, as UTF-8; a lone surrogate becomes U+FFFD.
    package func appendUTF8(to text: inout [UInt8]) throws(FileError) {
        switch kind {
        case .string: text.append(contentsOf: span)
        case .escapedString: appendUnescaped(span, to: &text)
        default: throw wrongKind("a string")
        }
    }

    /// The elements of an array.
    package func elements() throws(FileError) -> [JSONNode] {
        guard isArray else { throw wrongKind("an array") }
        var elements: [JSONNode] = []
        var child = index + 1
        while child < entry.next {
            elements.append(node(child))
            child = Int(document.entries[child].next)
        }
        return elements
    }

    /// The members of an object, in their order in the file. Names and values have the path of the object.
    package func members() throws(FileError) -> Members {
        guard isObject else { throw wrongKind("an object") }
        return Members(object: self, child: index + 1, end: Int(entry.next))
    }

    /// This value with `name` at the end of its path, for messages about a value of ``members()``.
    package func named(_ name: String) -> JSONNode {
        JSONNode(document: document, index: index, path: path.isEmpty ? name : "\(path).\(name)")
    }

    /// The names and values of an object's members.
    package struct Members: Sequence, IteratorProtocol {
        let object: JSONNode
        var child: Int
        let end: Int

        package mutating func next() -> (name: JSONNode, value: JSONNode)? {
            guard child < end else { return nil }
            let value = Int(object.document.entries[child].next)
            defer { child = Int(object.document.entries[value].next) }
            return (object.node(child), object.node(value))
        }
    }

    private func node(_ index: Int) -> JSONNode { JSONNode(document: document, index: index, path: path) }

    /// The value at an index in this one, with its path.
    func descendant(_ wanted: Int) -> JSONNode {
        guard wanted != index else { return self }
        var child = index + 1
        while child < entry.next {
            var value = node(child)
            if isObject {
                let name = String(decoding: value.text, as: UTF8.self)
                value = node(Int(document.entries[child].next)).named(name)
            }
            child = Int(document.entries[value.index].next)
            if wanted < child { return value.descendant(wanted) }
        }
        return self
    }

    // MARK: Messages

    /// Path and file, as a message names them.
    package var place: String { path.isEmpty ? document.name : "\(path) in \(document.name)" }

    /// An error about this value: its place and what is wrong with it.
    package func malformed(_ what: String) -> FileError { FileError(.malformedFile, "\(place) \(what)") }

    /// The error for a value that is not what was expected, such as `an array`.
    package func wrongKind(_ expected: String) -> FileError { malformed("is \(brief), expected \(expected)") }

    /// The value in a few words for an error; long values by their kind.
    package var brief: String {
        switch kind {
        case .null: "null"
        case .true: "true"
        case .false: "false"
        case .number: span.count <= 60 ? numberText : "a number"
        case .string where span.count <= 60: "\"\(String(decoding: span, as: UTF8.self))\""
        case .string, .escapedString: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    // MARK: Text

    /// Where the text of a number or string is in that of the document, without the quotes of a string.
    package var textRange: Range<Int> { Int(entry.start)..<Int(entry.end) }

    private var span: ArraySlice<UInt8> { document.bytes[textRange] }

    /// The text of a string as UTF-8, without a copy where it has no escapes.
    var text: ArraySlice<UInt8> {
        guard kind == .escapedString else { return span }
        var text: [UInt8] = []
        appendUnescaped(span, to: &text)
        return text[...]
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
