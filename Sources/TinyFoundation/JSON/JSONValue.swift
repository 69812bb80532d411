package import Foundation

/// Any JSON value, with the members of objects in order.
///
/// ```swift
/// let message: JSONValue = ["role": "user", "content": "1 + 1 = ?"]
/// let value = try JSONValue(json: #"{"layers": [1, 2]}"#.utf8)
/// value["layers"]                                            // [1, 2]
/// ```
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int)
    /// An integer beyond 64 bits with sign, by its digits.
    case wideInteger(String)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// A name and a value in an object.
    public struct Member: Sendable, Hashable {
        /// The name, which may occur again: the last one counts.
        public var name: String
        /// The value.
        public var value: JSONValue

        /// A member with a name and a value.
        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// The value of an object's last member with this name; nil when there is none, or when this is no object.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name.hasSameScalars(as: name) }?.value
    }

    /// Reads JSON text (RFC 8259), as UTF-8.
    ///
    /// - Parameters:
    ///   - json: The text.
    ///   - name: What messages call the text.
    /// - Throws: ``FileError`` with code `malformedFile`, naming line and column.
    public init(json: some Sequence<UInt8>, named name: String = "the text") throws(FileError) {
        try self.init(try JSONDocument(Array(json), name: name).root)
    }

    /// Converts a part of a parsed text.
    package init(_ node: JSONNode) throws(FileError) {
        switch node.kind {
        case .null: self = .null
        case .true: self = .bool(true)
        case .false: self = .bool(false)
        case .string, .escapedString: self = .string(try node.string())
        case .number:
            if let integer = JSONValue(integer: node.numberText) {
                self = integer
            } else {
                self = .number(try node.number())
            }
        case .array:
            var elements: [JSONValue] = []
            for element in try node.elements() { elements.append(try JSONValue(element)) }
            self = .array(elements)
        case .object:
            var members: [Member] = []
            for (name, value) in try node.members() { members.append(Member(try name.string(), try JSONValue(value))) }
            self = .object(members)
        }
    }

    /// An integer of any size by its decimal digits, or nil when there is anything but a sign and digits.
    package init?(integer digits: String) {
        let unsigned = digits.utf8.first == UInt8(ascii: "-") ? digits.utf8.dropFirst() : digits.utf8[...]
        guard !unsigned.isEmpty, unsigned.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self = Int(digits).map { .integer($0) } ?? .wideInteger(digits)
    }
}

extension String {
    /// Whether both are the same scalars. (`==` is also true for texts that are only canonically equivalent.)
    package func hasSameScalars(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// `nil` is null.
    public init(nilLiteral: ()) { self = .null }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An integer.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object with its members in this order.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0, $1) })
    }
}

extension JSONValue: Codable {
    /// Reads any value; decoders do not keep the order of an object's members, so they come in alphabetical order.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .wideInteger(String(value))
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            let members = try container.decode([String: JSONValue].self)
            self = .object(members.sorted { $0.key < $1.key }.map { Member($0.key, $0.value) })
        }
    }

    /// Writes the plain value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .wideInteger(let digits):
            if let value = UInt64(digits) {
                try container.encode(value)
            } else {
                try container.encode(Decimal(string: digits))
            }
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let members):
            try container.encode(Dictionary(members.map { ($0.name, $0.value) }) { $1 })
        }
    }

    /// The value as a readable file that is always the same bytes: sorted keys, one per line, a line feed at the end.
    ///
    /// Every number in it must be finite.
    package var document: Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { preconditionFailure("a JSON value has an infinite number") }
        return data + Data("\n".utf8)
    }
}
