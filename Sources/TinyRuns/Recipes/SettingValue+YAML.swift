internal import TinyRecords

extension SettingValue {
    /// The value as messages show it: texts in quotes.
    var quoted: String {
        if case .text(let value) = self { "\"\(value)\"" } else { description }
    }
}

extension SettingValue {
    /// Reads an unquoted word of a file.
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
