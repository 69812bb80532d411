public import TinyRecords

/// The value of a configuration key, of any type.
///
/// A report compares and shows settings without knowing what they mean. So it can read the configurations of
/// algorithms and methods that it does not know.
public enum RecordedSetting: Sendable, Codable, Hashable, CustomStringConvertible {
    /// Not given.
    case absent
    /// True or false.
    case flag(Bool)
    /// Any number.
    case number(Double)
    /// A name or a path.
    case text(String)
    /// Several values.
    case list([RecordedSetting])

    /// Reads any JSON value but an object.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .absent
        } else if let value = try? container.decode(Bool.self) {
            self = .flag(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else {
            self = .list(try container.decode([RecordedSetting].self))
        }
    }

    /// Writes the value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .absent: try container.encodeNil()
        case .flag(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        }
    }

    /// The value as text; whole numbers without a fraction.
    public var description: String {
        switch self {
        case .absent: "none"
        case .flag(let value): "\(value)"
        case .number(let value): shortest(value)
        case .text(let value): value
        case .list(let values): values.map(\.description).joined(separator: ", ")
        }
    }

    /// The number, when it is one.
    var number: Double? { if case .number(let value) = self { value } else { nil } }
    /// The text, when it is one.
    var text: String? { if case .text(let value) = self { value } else { nil } }
}

/// A run's configuration: key → value, flat.
public struct Settings: Record {
    private let values: [String: RecordedSetting]

    init(_ values: [String: RecordedSetting]) { self.values = values }

    /// The value of a key; ``RecordedSetting/absent`` when there is none.
    public subscript(key: String) -> RecordedSetting { values[key] ?? .absent }

    /// Every key, in alphabetical order.
    public var keys: [String] { values.keys.sorted() }

    /// Reads an object of settings.
    public init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode([String: RecordedSetting].self)
    }

    /// Writes an object of settings.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(values)
    }
}
