import Foundation
import TinyFoundation

/// A value of a row, with the types that problems use. Numbers are decimal, so that answers keep their digits.
enum FieldValue: Equatable {
    case null
    case string(String)
    case number(Decimal)
    case strings([String])
    /// Anything else, with its name for error messages.
    case other(String)

    init(_ node: JSONNode) throws(FileError) {
        switch node.kind {
        case .null: self = .null
        case .true, .false: self = .other("a truth value")
        case .string, .escapedString: self = .string(try node.string())
        case .number:
            let number = Decimal(string: node.numberText, locale: Locale(identifier: "en_US_POSIX"))
            self = number.flatMap { $0.isFinite ? .number($0) : nil } ?? .other("a number out of range")
        case .array:
            var texts: [String] = [], messages = 0
            let elements = try node.elements()
            for element in elements {
                if element.isString { texts.append(try element.string()) }
                if element.isObject, try element.given("role") != nil { messages += 1 }
            }
            let name = messages > 0 && messages == elements.count ? "a list of chat messages" : "a list"
            self = texts.count == elements.count ? .strings(texts) : .other(name)
        case .object: self = .other("an object")
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

    /// The text of an answer: a string, the digits of a number, or the only string of a list without a `$` on both sides.
    var answer: String? {
        guard case .strings(let texts) = self else { return scalar }
        guard texts.count == 1, let text = texts.first else { return nil }
        let inner = text.dropFirst().dropLast()
        return text.count > 2 && text.hasPrefix("$") && text.hasSuffix("$") && !inner.contains("$")
            ? String(inner) : text
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
