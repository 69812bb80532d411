import Foundation
import TinyFoundation

/// Any JSON value, so that a file of unknown shape can be asked questions and answer with a sentence.
enum JSONValue: Codable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// Readable and always the same bytes: sorted keys, one per line, a line feed at the end.
    var document: Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Only a number that is not finite cannot be encoded, and none is accepted into a configuration.
        guard let data = try? encoder.encode(self) else { preconditionFailure("a JSON value holds an infinite number") }
        return data + Data("\n".utf8)
    }

    /// The value in a few words for an error, long values by their kind.
    var brief: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): value.count <= 60 ? "\"\(value)\"" : "a long text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// A JSON object from a file: typed answers, and errors that name the file, the key and the value.
struct JSONObject {
    let path: String
    let values: [String: JSONValue]
    /// Where this object lies in the file, such as `rope_parameters.`; empty for the outermost.
    let prefix: String

    /// - Throws: `malformedConfiguration` for anything but an object whose keys, and those of objects in it, differ.
    init(parsing data: Data, path: String) throws(CheckpointError) {
        let outline = data.withUnsafeBytes { JSONOutline(of: $0) }
        if outline.isTooDeep {
            throw CheckpointError(
                .malformedConfiguration, "\(path) nests more than \(JSONOutline.deepest) levels deep")
        }
        let value: JSONValue
        do {
            value = try JSONDecoder().decode(JSONValue.self, from: data)
        } catch {
            throw CheckpointError(.malformedConfiguration, "\(path) is not valid JSON", underlying: error)
        }
        if let key = outline.repeatedKey {
            throw CheckpointError(.malformedConfiguration, "\(path) gives \(key) twice")
        }
        guard case .object(let values) = value else {
            throw CheckpointError(.malformedConfiguration, "\(path) holds \(value.brief), expected an object")
        }
        self.init(path: path, values: values, prefix: "")
    }

    private init(path: String, values: [String: JSONValue], prefix: String) {
        self.path = path
        self.values = values
        self.prefix = prefix
    }

    /// The value of a key; JSON's null counts as absent.
    subscript(key: String) -> JSONValue? {
        guard let value = values[key], value != .null else { return nil }
        return value
    }

    func integer(_ key: String) throws(CheckpointError) -> Int? {
        guard let value = self[key] else { return nil }
        guard case .integer(let integer) = value else { throw unexpected(key, value, "an integer") }
        return integer
    }

    func number(_ key: String) throws(CheckpointError) -> Double? {
        switch self[key] {
        case nil: return nil
        case .integer(let value): return Double(value)
        case .number(let value): return value
        case .some(let value): throw unexpected(key, value, "a number")
        }
    }

    func bool(_ key: String) throws(CheckpointError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard case .bool(let bool) = value else { throw unexpected(key, value, "true or false") }
        return bool
    }

    func string(_ key: String) throws(CheckpointError) -> String? {
        guard let value = self[key] else { return nil }
        guard case .string(let string) = value else { throw unexpected(key, value, "a text") }
        return string
    }

    func object(_ key: String) throws(CheckpointError) -> JSONObject? {
        guard let value = self[key] else { return nil }
        guard case .object(let values) = value else { throw unexpected(key, value, "an object") }
        return JSONObject(path: path, values: values, prefix: "\(prefix)\(key).")
    }

    func strings(_ key: String) throws(CheckpointError) -> [String]? {
        guard let value = self[key] else { return nil }
        guard case .array(let elements) = value else { throw unexpected(key, value, "a list of texts") }
        var strings: [String] = []
        for element in elements {
            guard case .string(let string) = element else { throw unexpected(key, value, "a list of texts") }
            strings.append(string)
        }
        return strings
    }

    /// One integer or a list of them.
    func integers(_ key: String) throws(CheckpointError) -> [Int]? {
        switch self[key] {
        case nil: return nil
        case .integer(let value): return [value]
        case .array(let elements):
            var integers: [Int] = []
            for element in elements {
                guard case .integer(let integer) = element else {
                    throw unexpected(key, element, "only integers")
                }
                integers.append(integer)
            }
            return integers
        case .some(let value): throw unexpected(key, value, "an integer or a list of integers")
        }
    }

    func required<Value>(_ key: String, _ value: Value?) throws(CheckpointError) -> Value {
        guard let value else { throw CheckpointError(.malformedConfiguration, "\(path) has no \(prefix)\(key)") }
        return value
    }

    private func unexpected(_ key: String, _ value: JSONValue, _ wanted: String) -> CheckpointError {
        CheckpointError(.malformedConfiguration, "\(path): \(prefix)\(key) is \(value.brief), expected \(wanted)")
    }
}
