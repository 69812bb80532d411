/// A value that a chat template can see: what JSON can say, with objects in order.
public enum ChatValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int)
    /// A whole number beyond 64 bits, by its digits.
    case wideInteger(String)
    case number(Double)
    case string(String)
    case array([ChatValue])
    case object([Member])

    /// A name and a value in an object.
    public struct Member: Sendable, Hashable {
        /// The name, which may occur again: the last one counts.
        public var name: String
        /// The value.
        public var value: ChatValue

        /// A member with a name and a value.
        public init(_ name: String, _ value: ChatValue) {
            self.name = name
            self.value = value
        }
    }

    /// The value of an object's last member with this name; nil when there is none, or when this is no object.
    public subscript(name: String) -> ChatValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name.hasSameScalars(as: name) }?.value
    }

    /// Reads JSON text (RFC 8259), as UTF-8.
    ///
    /// - Parameters:
    ///   - json: The text.
    ///   - name: What messages call the text.
    /// - Throws: ``TextError`` with code `malformedFile`, naming line and column.
    public init(json: some Sequence<UInt8>, named name: String = "the text") throws(TextError) {
        try self.init(try JSONDocument(Array(json), name: name).root)
    }

    init(_ value: JSONValue) throws(TextError) {
        switch value.kind {
        case .null: self = .null
        case .true: self = .bool(true)
        case .false: self = .bool(false)
        case .string, .escapedString: self = .string(try value.string())
        case .number: self = try Self.number(value)
        case .array:
            var elements: [ChatValue] = []
            for element in try value.elements() { elements.append(try ChatValue(element)) }
            self = .array(elements)
        case .object:
            var members: [Member] = []
            try value.forEachMember { (name, value) throws(TextError) in
                members.append(Member(try name.string(), try ChatValue(value)))
            }
            self = .object(members)
        }
    }

    private static func number(_ value: JSONValue) throws(TextError) -> ChatValue {
        let digits = value.numberText
        guard digits.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }) else {
            return .number(try value.number())
        }
        return Int(digits).map { .integer($0) } ?? .wideInteger(digits)
    }
}

extension ChatValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// `nil` is null.
    public init(nilLiteral: ()) { self = .null }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An array.
    public init(arrayLiteral elements: ChatValue...) { self = .array(elements) }
    /// An object with its members in this order.
    public init(dictionaryLiteral elements: (String, ChatValue)...) {
        self = .object(elements.map { Member($0, $1) })
    }
}

extension ChatValue {
    /// The value as the interpreter has it.
    func object() throws(TextError) -> TemplateObject {
        switch self {
        case .null: return .none
        case .bool(let flag): return .bool(flag)
        case .integer(let number): return .integer(number)
        case .wideInteger(let digits): return .wideInteger(digits)
        case .number(let number): return .float(number)
        case .string(let text): return .text(text)
        case .array(let elements):
            var objects: [TemplateObject] = []
            objects.reserveCapacity(elements.count)
            for element in elements { objects.append(try element.object()) }
            return .list(try TemplateList(objects))
        case .object(let members):
            var pairs: [(TemplateObject, TemplateObject)] = []
            pairs.reserveCapacity(members.count)
            for member in members { pairs.append((.text(member.name), try member.value.object())) }
            return .dictionary(try TemplateDictionary(pairs))
        }
    }
}
