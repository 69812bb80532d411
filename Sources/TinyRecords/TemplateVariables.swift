internal import TinyFoundation

/// Variables of a model's chat template, such as `enable_thinking`. Key `chat_template_kwargs`, TRL's name.
public struct TemplateVariables: Record, Hashable {
    /// Texts, numbers, flags or nothing, by name.
    public let values: [String: SettingValue]

    /// Reads an object whose values are no objects or lists.
    ///
    /// - Throws: ``RecordsError`` with code `invalidValue`.
    public init(from decoder: any Decoder) throws {
        let isFlat: (SettingValue) -> Bool = { value in
            switch value {
            case .list, .group: false
            case .null, .flag, .integer, .natural, .number, .text: true
            }
        }
        guard case .group(let values) = try SettingValue(from: decoder), values.values.allSatisfy(isFlat) else {
            throw RecordsError(
                .invalidValue,
                "chat_template_kwargs is not names with a text, a number, true, false or null each",
                hint: "such as {enable_thinking: false}")
        }
        self.values = values
    }

    /// Writes the object.
    public func encode(to encoder: any Encoder) throws { try values.encode(to: encoder) }
}

extension TemplateVariables: CustomStringConvertible {
    /// As in a file, in the order of the names.
    public var description: String { SettingValue.group(values).description }
}
