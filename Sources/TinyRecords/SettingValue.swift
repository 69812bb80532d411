/// The value of a setting, of any type: what a recipe or a recorded configuration sets a key to.
///
/// A report compares and shows settings without knowing what they mean, so that it can read the configurations of algorithms
/// and methods that it does not know.
public enum SettingValue: Sendable, Hashable {
    /// Nothing: the setting is not given.
    case null
    /// `true` or `false`.
    case flag(Bool)
    /// A whole number.
    case integer(Int)
    /// A whole number that only fits without a sign, as seeds may be.
    case natural(UInt64)
    /// A number with a fraction or an exponent.
    case number(Double)
    /// A word or sentence.
    case text(String)
    /// Several values.
    case list([SettingValue])
    /// Values by name.
    case group([String: SettingValue])
}

extension SettingValue: Encodable {
    /// Writes the plain value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .flag(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .natural(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        case .group(let values): try container.encode(values)
        }
    }
}

extension SettingValue: Decodable {
    /// Reads a plain value.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .flag(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .natural(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let values = try? container.decode([SettingValue].self) {
            self = .list(values)
        } else {
            self = .group(try container.decode([String: SettingValue].self))
        }
    }
}

extension SettingValue: CustomStringConvertible {
    /// As in a file: texts without quotes, numbers as short as they are exact.
    public var description: String {
        switch self {
        case .null: "null"
        case .flag(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .natural(let value): "\(value)"
        case .number(let value): "\(value)".hasSuffix(".0") ? String("\(value)".dropLast(2)) : "\(value)"
        case .text(let value): value
        case .list(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
        case .group(let values):
            "{" + values.sorted { $0.key < $1.key }.map { "\($0): \($1)" }.joined(separator: ", ") + "}"
        }
    }

    /// The value's size where it is a number.
    package var magnitude: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .natural(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}
