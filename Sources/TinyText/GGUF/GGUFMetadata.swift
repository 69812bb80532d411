import TinyFoundation

/// The keys and values at the head of a GGUF file: what a model file of llama.cpp says about itself.
///
/// Tensors are not read. Every length is checked against the bytes of the file.
///
/// Source: the format's description in ggml's `docs/gguf.md`, versions 2 and 3.
struct GGUFMetadata {
    /// A value, as far as tokenizers need it.
    enum Value {
        case integer(Int)
        case number(Double)
        case flag(Bool)
        case text([UInt8])
        case texts([[UInt8]])
        case integers([Int])
        case numbers([Double])
    }

    /// The name of the file, for messages.
    let name: String
    private var values: [String: Value] = [:]

    /// Reads the head of a file.
    ///
    /// - Throws: ``TextError`` with code `malformedFile` or `unsupported`.
    init(_ bytes: [UInt8], name: String) throws {
        self.name = name
        var reader = GGUFReader(bytes: bytes, name: name)
        guard bytes.starts(with: "GGUF".utf8) else { throw reader.malformed("does not begin with GGUF") }
        reader.skip(4)
        let version = try reader.unsigned(bytes: 4)
        guard (2...3).contains(version) else {
            throw TextError(.unsupported, "\(name) has the GGUF version \(version), expected 2 or 3")
        }
        _ = try reader.unsigned(bytes: 8)
        let count = try reader.unsigned(bytes: 8)
        for _ in 0..<count {
            let key = String(decoding: try reader.text(), as: UTF8.self)
            values[key] = try reader.value(depth: 0)
        }
    }

    func text(_ key: String) -> String? {
        if case .text(let bytes) = values[key] { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    func integer(_ key: String) -> Int? {
        if case .integer(let value) = values[key] { value } else { nil }
    }

    func flag(_ key: String) -> Bool? {
        if case .flag(let value) = values[key] { value } else { nil }
    }

    func texts(_ key: String) -> [[UInt8]]? {
        if case .texts(let value) = values[key] { value } else { nil }
    }

    func integers(_ key: String) -> [Int]? {
        if case .integers(let value) = values[key] { value } else { nil }
    }

    func numbers(_ key: String) -> [Double]? {
        if case .numbers(let value) = values[key] { value } else { nil }
    }
}

/// A place in the bytes of a GGUF file. All numbers are little-endian.
private struct GGUFReader {
    let bytes: [UInt8]
    let name: String
    private var position = 0

    init(bytes: [UInt8], name: String) {
        self.bytes = bytes
        self.name = name
    }

    func malformed(_ what: String) -> TextError { TextError(.malformedFile, "\(name) \(what)") }

    mutating func skip(_ count: Int) { position += count }

    /// An unsigned number that fits `Int`.
    mutating func unsigned(bytes count: Int) throws -> Int {
        let value = try raw(count)
        guard let number = Int(exactly: value) else { throw malformed("has the length \(value) at byte \(position)") }
        return number
    }

    mutating func text() throws -> [UInt8] {
        let count = try unsigned(bytes: 8)
        guard count <= bytes.count - position else {
            throw malformed("ends within a text of \(count) bytes at byte \(position)")
        }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    mutating func value(depth: Int) throws -> GGUFMetadata.Value {
        let type = try unsigned(bytes: 4)
        guard type == 9 else { return try scalar(type) }
        guard depth == 0 else { throw TextError(.unsupported, "\(name) has an array of arrays at byte \(position)") }
        let element = try unsigned(bytes: 4), count = try unsigned(bytes: 8)
        // An element takes at least one byte: a false count cannot ask for more memory than the file has.
        guard count <= bytes.count - position else {
            throw malformed("ends within an array of \(count) elements at byte \(position)")
        }
        if element == 8 { return .texts(try (0..<count).map { _ in try text() }) }
        let scalars = try (0..<count).map { _ in try scalar(element) }
        if element == 6 || element == 12 {
            return .numbers(scalars.compactMap { if case .number(let number) = $0 { number } else { nil } })
        }
        return .integers(
            scalars.compactMap { scalar in
                switch scalar {
                case .integer(let value): value
                case .flag(let value): value ? 1 : 0
                default: nil
                }
            })
    }

    private mutating func scalar(_ type: Int) throws -> GGUFMetadata.Value {
        switch type {
        case 0: return .integer(Int(try raw(1)))
        case 1: return .integer(Int(Int8(truncatingIfNeeded: try raw(1))))
        case 2: return .integer(Int(try raw(2)))
        case 3: return .integer(Int(Int16(truncatingIfNeeded: try raw(2))))
        case 4: return .integer(Int(try raw(4)))
        case 5: return .integer(Int(Int32(truncatingIfNeeded: try raw(4))))
        case 6: return .number(Double(Float(bitPattern: UInt32(try raw(4)))))
        case 7: return .flag(try raw(1) != 0)
        case 8: return .text(try text())
        case 10, 11: return .integer(Int(truncatingIfNeeded: try raw(8)))
        case 12: return .number(Double(bitPattern: try raw(8)))
        default: throw TextError(.unsupported, "\(name) has a value of the unknown type \(type) at byte \(position)")
        }
    }

    private mutating func raw(_ count: Int) throws -> UInt64 {
        guard count <= bytes.count - position else { throw malformed("ends at byte \(bytes.count), within a number") }
        defer { position += count }
        return (0..<count).reversed().reduce(0) { $0 << 8 | UInt64(bytes[position + $1]) }
    }
}
