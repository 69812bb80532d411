import TinyFoundation
public import TinyRecords

/// A run's configuration: key → value, flat.
public struct Settings: Record {
    private let values: [String: SettingValue]

    init(_ values: [String: SettingValue]) { self.values = values }

    /// The value of a key; ``SettingValue/null`` when there is none.
    public subscript(key: String) -> SettingValue { values[key] ?? .null }

    /// Every key, in alphabetical order.
    public var keys: [String] { values.keys.sorted() }

    /// Reads an object of settings. A run without `arithmetic` was made before there were two, in float32.
    public init(from decoder: any Decoder) throws {
        let earlier = ["arithmetic": SettingValue.text(Arithmetic.float32.rawValue)]
        let found = try decoder.singleValueContainer().decode([String: SettingValue].self)
        values = earlier.merging(found) { $1 }
    }

    /// Writes an object of settings.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(values)
    }
}

extension SettingValue {
    /// The value as a report shows it; whole numbers without a fraction.
    var words: String {
        switch self {
        case .null: "none"
        case .list(let values): values.map(\.words).joined(separator: ", ")
        default: magnitude.map(shortest) ?? description
        }
    }

    /// The text, when it is one.
    var text: String? { if case .text(let value) = self { value } else { nil } }
}
