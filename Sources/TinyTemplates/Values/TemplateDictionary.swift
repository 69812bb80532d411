import TinyFoundation

/// A dictionary that keeps the order of its keys.
final class TemplateDictionary {
    let keys: [TemplateObject]
    let values: [TemplateObject]
    /// How many containers nest in this one, itself included.
    let depth: Int
    /// Positions of the keys; small dictionaries do without.
    private let index: [DictionaryKey: Int]?

    /// Up to this many keys, looking through them is faster than hashing.
    private static let mostWithoutIndex = 8

    var count: Int { keys.count }

    /// For equal keys, the place is that of the first and the value that of the last.
    ///
    /// - Throws: ``TemplateError`` when a key cannot be one, as a list.
    init(_ pairs: [(TemplateObject, TemplateObject)]) throws {
        var index: [DictionaryKey: Int] = [:]
        var keys: [TemplateObject] = []
        var values: [TemplateObject] = []
        for (key, value) in pairs {
            let hashed = try DictionaryKey.required(key)
            if let place = index[hashed] {
                values[place] = value
            } else {
                index[hashed] = keys.count
                keys.append(key)
                values.append(value)
            }
        }
        self.keys = keys
        self.values = values
        depth = max(try TemplateList(values).depth, try TemplateList(keys).depth)
        self.index = keys.count <= Self.mostWithoutIndex ? nil : index
    }

    /// The value of a text key.
    subscript(name: String) -> TemplateObject? {
        if let index { return index[.text(name)].map { values[$0] } }
        for (position, key) in keys.enumerated() {
            if case .string(let text) = key, text.string.hasSameScalars(as: name) { return values[position] }
        }
        return nil
    }

    /// The value of a key; nil when there is none, or when it cannot be a key.
    subscript(key: TemplateObject) -> TemplateObject? {
        if case .string(let text) = key { return self[text.string] }
        guard let hashed = DictionaryKey(key) else { return nil }
        if let index { return index[hashed].map { values[$0] } }
        return keys.firstIndex { DictionaryKey($0) == hashed }.map { values[$0] }
    }

    /// The pair at a position, as a tuple.
    func item(_ position: Int) throws -> TemplateObject {
        .tuple(try TemplateList([keys[position], values[position]]))
    }

    /// All pairs.
    func items() throws -> [TemplateObject] { try keys.indices.map(item) }
}

/// A key as Python compares it: `1`, `1.0` and `True` are equal.
enum DictionaryKey: Hashable {
    case none
    case integer(Int)
    case float(Double)
    case text([UInt8])
    case tuple([DictionaryKey])
    case object(ObjectIdentifier)

    /// Tuples with more elements than this, at all depths, cannot be keys: a few lines of a template could build one
    /// with more elements than there is memory.
    private static let mostElements = 10_000

    /// Nil for lists and dictionaries.
    init?(_ value: TemplateObject) {
        var room = Self.mostElements
        self.init(value, &room)
    }

    private init?(_ value: TemplateObject, _ room: inout Int) {
        switch value {
        case .none: self = .none
        case .bool(let flag): self = .integer(flag ? 1 : 0)
        case .integer(let number): self = .integer(number)
        case .wideInteger(let digits): self = .text(Array("int \(digits)".utf8))
        case .float(let number): self = Int(exactly: number).map { .integer($0) } ?? .float(number)
        case .string(let text): self = .text(text.string)
        case .tuple(let list):
            var keys: [DictionaryKey] = []
            for element in list.elements {
                room -= 1
                guard room > 0, let key = DictionaryKey(element, &room) else { return nil }
                keys.append(key)
            }
            self = .tuple(keys)
        case .undefined: self = .object(ObjectIdentifier(TemplateList.self))
        case .range(let range): self = .tuple([.integer(range.start), .integer(range.step), .integer(range.count)])
        case .generator, .loop, .namespace, .macro, .function, .list, .dictionary, .view:
            guard let identity = value.identity else { return nil }
            self = .object(identity)
        }
    }

    static func text(_ text: String) -> DictionaryKey { .text(Array(text.utf8)) }

    /// The key of a value that has to have one.
    static func required(_ value: TemplateObject) throws -> DictionaryKey {
        guard let key = DictionaryKey(value) else {
            throw invalidOperation("a \(value.typeName) cannot be a key of a dictionary")
        }
        return key
    }
}
