/// The types that values of a GGUF file have.
package enum GGUFType: UInt32 {
    case uint8 = 0
    case int8, uint16, int16, uint32, int32, float32, bool, text, array, uint64, int64, float64

    /// Bytes of one value; `nil` where that differs.
    var byteCount: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .text, .array: nil
        }
    }

    var isInteger: Bool {
        switch self {
        case .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64: true
        case .float32, .float64, .bool, .text, .array: false
        }
    }
}

/// A value, or where it is.
enum GGUFValue: Sendable {
    case integer(Int)
    /// A whole number that no `Int` holds.
    case large(UInt64)
    case number(Double)
    case flag(Bool)
    case text(Range<Int>)
    case array(GGUFType, count: Int, start: Int)

    /// What it is, for messages.
    var kind: String {
        switch self {
        case .integer(let value): "the whole number \(value)"
        case .large(let value): "the whole number \(value)"
        case .number(let value): "the number \(value)"
        case .flag(let value): "\(value)"
        case .text: "a text"
        case .array(let type, let count, _): "a list of \(count) values of the type \(type)"
        }
    }
}

/// A place in the bytes of a GGUF file. Every length is checked before it is used. All numbers are little-endian.
package struct GGUFReader {
    static let magic = Array("GGUF".utf8)

    package let bytes: UnsafeRawBufferPointer
    package let name: String
    package private(set) var position: Int

    /// - Parameter position: Within the bytes.
    package init(_ bytes: UnsafeRawBufferPointer, name: String, position: Int = 0) {
        self.bytes = bytes
        self.name = name
        self.position = position
    }

    package func malformed(_ what: String) -> FileError { FileError(.malformedFile, "\(name) \(what)") }

    private func truncated(_ what: String) -> FileError { FileError(.truncatedFile, "\(name) is truncated: \(what)") }

    /// The magic, the version and the two counts.
    mutating func front() throws(FileError) -> (version: Int, tensors: Int, keys: Int) {
        guard bytes.starts(with: Self.magic) else { throw malformed("does not begin with GGUF") }
        position += Self.magic.count
        let version = try number(UInt32.self)
        guard (2...3).contains(version) else {
            throw FileError(
                .malformedFile, "\(name) has the GGUF version \(version), expected 2 or 3",
                hint: (2...3).contains(version.byteSwapped) ? "the file is big-endian" : nil)
        }
        return (Int(version), try count("tensors"), try count("keys"))
    }

    /// A number of things, which fits `Int`.
    package mutating func count(_ what: String) throws(FileError) -> Int {
        let place = position, value = try number(UInt64.self)
        guard let count = Int(exactly: value) else { throw malformed("has \(value) \(what) at byte \(place)") }
        return count
    }

    package mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) throws(FileError) -> Number {
        guard bytes.count - position >= MemoryLayout<Number>.size else {
            throw truncated("it ends at byte \(bytes.count), within a number")
        }
        defer { position += MemoryLayout<Number>.size }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Number.self))
    }

    /// Where the bytes of a text are.
    package mutating func text() throws(FileError) -> Range<Int> {
        let count = try count("bytes of a text")
        guard count <= bytes.count - position else {
            throw truncated("it ends within a text of \(count) bytes at byte \(position)")
        }
        defer { position += count }
        return position..<position + count
    }

    /// A text by which something is found, and which therefore must be UTF-8.
    package mutating func name(_ what: String) throws(FileError) -> String {
        let range = try text()
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw malformed("has a \(what) that is not UTF-8 at byte \(range.lowerBound)")
        }
        return text
    }

    mutating func value(of key: String) throws(FileError) -> GGUFValue {
        let type = try type(of: key)
        guard type == .array else { return try scalar(type) }
        let element = try self.type(of: key), count = try count("elements in \(key)"), start = position
        guard element != .array else { throw malformed("has a list of lists as \(key), which is not read") }
        // A text takes the 8 bytes of its length at least.
        guard count <= (bytes.count - position) / (element.byteCount ?? 8) else {
            throw truncated("it ends within \(key), a list of \(count) values of the type \(element)")
        }
        if let size = element.byteCount {
            position += count * size
        } else {
            for _ in 0..<count { _ = try text() }
        }
        return .array(element, count: count, start: start)
    }

    private mutating func type(of key: String) throws(FileError) -> GGUFType {
        let number = try number(UInt32.self)
        guard let type = GGUFType(rawValue: number) else { throw malformed("has \(key) of the unknown type \(number)") }
        return type
    }

    /// A value that is no list.
    mutating func scalar(_ type: GGUFType) throws(FileError) -> GGUFValue {
        switch type {
        case .uint8: return .integer(Int(try number(UInt8.self)))
        case .int8: return .integer(Int(try number(Int8.self)))
        case .uint16: return .integer(Int(try number(UInt16.self)))
        case .int16: return .integer(Int(try number(Int16.self)))
        case .uint32: return .integer(Int(try number(UInt32.self)))
        case .int32: return .integer(Int(try number(Int32.self)))
        case .uint64:
            let value = try number(UInt64.self)
            return Int(exactly: value).map { .integer($0) } ?? .large(value)
        case .int64: return .integer(Int(try number(Int64.self)))
        case .float32: return .number(Double(Float(bitPattern: try number(UInt32.self))))
        case .float64: return .number(Double(bitPattern: try number(UInt64.self)))
        case .bool:
            let value = try number(UInt8.self)
            guard value <= 1 else { throw malformed("has \(value) at byte \(position - 1), expected 0 or 1") }
            return .flag(value == 1)
        case .text: return .text(try text())
        case .array: throw malformed("has a list at byte \(position), where none can be")
        }
    }
}
