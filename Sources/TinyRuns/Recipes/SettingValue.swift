/// What a key of a recipe is set to.
public enum SettingValue: Sendable, Hashable {
    /// Nothing: the setting is left out.
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
        } else {
            self = .list(try container.decode([SettingValue].self))
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
        }
    }

    /// The value's size where it is a number.
    var magnitude: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .natural(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// As a message shows it: texts in quotes.
    var quoted: String {
        if case .text(let value) = self { "\"\(value)\"" } else { description }
    }
}

extension SettingValue {
    /// A word of a file that stands without quotes.
    ///
    /// These are YAML 1.2's core rules, so that `on`, `yes` and `no` are texts and `1e-3` is a number.
    init(plain text: String) {
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE": self = .flag(true)
        case "false", "False", "FALSE": self = .flag(false)
        case ".inf", ".Inf", ".INF", "+.inf": self = .number(.infinity)
        case "-.inf", "-.Inf", "-.INF": self = .number(-.infinity)
        case ".nan", ".NaN", ".NAN": self = .number(.nan)
        default: self = SettingValue.number(in: text) ?? .text(text)
        }
    }

    private static func number(in text: String) -> SettingValue? {
        // Swift reads more as numbers than YAML does: hexadecimal floats, "nan", "infinity".
        guard text.utf8.allSatisfy({ Self.numeric.contains($0) }), text.utf8.contains(where: Self.digits.contains)
        else { return nil }
        if let value = Int(text) { return .integer(value) }
        if let value = UInt64(text) { return .natural(value) }
        return Double(text).map(SettingValue.number)
    }

    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    private static let numeric = Set("0123456789+-.eE".utf8)
}
