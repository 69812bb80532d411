import Foundation

/// A value of a row, with the types that problems use. Numbers are decimal, so that answers keep their digits.
enum FieldValue: Decodable, Equatable {
    case null
    case string(String)
    case number(Decimal)
    case strings([String])
    /// Anything else, with its name for error messages.
    case other(String)

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if value.decodeNil() {
            self = .null
        } else if (try? value.decode(Bool.self)) != nil {
            self = .other("a truth value")
        } else if let number = try? value.decode(Decimal.self) {
            self = .number(number)
        } else if let strings = try? value.decode([String].self) {
            self = .strings(strings)
        } else {
            self = .other("neither readable text nor a number in range")
        }
    }

    /// The text of a string.
    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The text of a string, or the decimal digits of a number.
    var scalar: String? {
        switch self {
        case .string(let text): text
        case .number(let number): number.description
        default: nil
        }
    }

    /// The text of a string, or of several, with a blank line between them.
    var text: String? {
        switch self {
        case .string(let text): text
        case .strings(let texts): texts.joined(separator: "\n\n")
        default: nil
        }
    }

    /// The name of this type in error messages.
    var typeName: String {
        switch self {
        case .null: "null"
        case .string: "a string"
        case .number: "a number"
        case .strings: "a list"
        case .other(let name): name
        }
    }
}
