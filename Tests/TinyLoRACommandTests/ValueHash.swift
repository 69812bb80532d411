import Foundation
import Testing

import struct TinyFoundation.SHA256

/// SHA-256 of values in a fixed form: neither the order of keys in a file nor the digits a number is printed with count.
///
/// Every value is preceded by a letter for its kind, and by its count where it has one, so that two different lists of values
/// never give the same bytes.
struct ValueHash {
    private var hash = SHA256()

    /// Keys whose values depend on the clock, on the program's version, or on where files are.
    static let omittedKeys: Set<String> = [
        "time", "seconds", "tokens_per_second", "idle_share", "cpu_seconds", "version", "model", "adapter",
    ]

    /// The hash of one value.
    static func hexadecimal(_ value: RecordedValue) -> String {
        var hash = ValueHash()
        hash.add(value)
        return hash.hash.finish().hexadecimal
    }

    /// The hash of all lines of a JSONL file.
    static func hexadecimal(linesOf url: URL) throws -> String {
        let lines = try Data(contentsOf: url).split(separator: UInt8(ascii: "\n"))
        return hexadecimal(.array(try lines.map { try RecordedValue(json: Data($0)) }))
    }

    /// The hash of a safetensors file: name, type, shape and bytes of every tensor, in the order of their names.
    ///
    /// The metadata in the header does not count.
    static func hexadecimal(tensorsOf url: URL) throws -> String {
        let tensors = try SafetensorsFile(contentsOf: url).tensors
        try #require(!tensors.isEmpty, "\(url.path) has no tensors")
        var hash = ValueHash()
        for tensor in tensors {
            hash.add(.string(tensor.name))
            hash.add(.string(tensor.type))
            hash.add(.array(tensor.shape.map { .number(Double($0)) }))
            hash.add(kind: "b", bytes: tensor.bytes)
        }
        return hash.hash.finish().hexadecimal
    }

    private mutating func add(_ value: RecordedValue) {
        switch value {
        case .null: add(kind: "z")
        case .boolean(let value): add(kind: value ? "t" : "f")
        case .number(let number):
            add(kind: "n")
            add(number.bitPattern)
        case .string(let text): add(kind: "s", bytes: text.utf8)
        case .array(let values):
            add(kind: "a", count: values.count)
            values.forEach { add($0) }
        case .object(let members):
            let counted = members.filter { !Self.omittedKeys.contains($0.key) }
            add(kind: "o", count: counted.count)
            for (key, value) in counted.sorted(by: { $0.key < $1.key }) {
                add(kind: "s", bytes: key.utf8)
                add(value)
            }
        }
    }

    private mutating func add(kind: Unicode.Scalar) { hash.update([UInt8(ascii: kind)]) }

    private mutating func add(kind: Unicode.Scalar, count: Int) {
        add(kind: kind)
        add(UInt64(count))
    }

    private mutating func add(kind: Unicode.Scalar, bytes: some Collection<UInt8>) {
        add(kind: kind, count: bytes.count)
        hash.update(bytes)
    }

    private mutating func add(_ word: UInt64) { withUnsafeBytes(of: word.littleEndian) { hash.update($0) } }
}

/// A JSON value. All numbers are Doubles: `1` and `1.0` are equal, `0` and `-0` are not.
indirect enum RecordedValue: Decodable {
    case null
    case boolean(Bool)
    case number(Double)
    case string(String)
    case array([RecordedValue])
    case object([String: RecordedValue])

    init(json: Data) throws { self = try JSONDecoder().decode(Self.self, from: json) }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let values = try? container.decode([Self].self) {
            self = .array(values)
        } else if let members = try? container.decode([String: Self].self) {
            self = .object(members)
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if container.decodeNil() {
            self = .null
        } else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a JSON value")
        }
    }
}
