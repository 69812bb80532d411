internal import Foundation

/// The keys and values at the head of a GGUF file: what a model file of llama.cpp says about itself.
///
/// ```swift
/// let metadata = try GGUFMetadata(MappedFile(path: "model.gguf"))
/// try metadata.text("general.architecture")       // "qwen2"
/// ```
///
/// Every length is checked against the bytes of the file. Texts and arrays are copied when they are asked for. A value of
/// another type than the one asked for is an error.
///
/// Source: the format's description in ggml's `docs/gguf.md`, versions 2 and 3.
package struct GGUFMetadata: Sendable {
    /// The name of the file, for messages.
    package let name: String
    /// The version of the format.
    package let version: Int
    /// How many tensors the table after the last value describes.
    package let tensorCount: Int
    /// Where that table begins.
    package let end: Int
    private let source: Source
    private let values: [String: GGUFValue]

    private enum Source: Sendable {
        case file(MappedFile)
        case memory([UInt8])
    }

    /// Reads the head of a file.
    ///
    /// - Throws: `truncatedFile` or `malformedFile`.
    package init(_ file: MappedFile) throws(FileError) { try self.init(.file(file), name: file.path) }

    /// Reads the head of a file in memory.
    package init(_ bytes: [UInt8], name: String) throws(FileError) { try self.init(.memory(bytes), name: name) }

    private init(_ source: Source, name: String) throws(FileError) {
        self.source = source
        self.name = name
        (version, tensorCount, values, end) = try Self.lend(source) { (bytes) throws(FileError) in
            var reader = GGUFReader(bytes, name: name)
            let (version, tensorCount, keyCount) = try reader.front()
            var values: [String: GGUFValue] = [:]
            for _ in 0..<keyCount {
                let key = try reader.name("key")
                guard values[key] == nil else { throw reader.malformed("has the key \(key) twice") }
                values[key] = try reader.value(of: key)
            }
            return (version, tensorCount, values, reader.position)
        }
    }

    private static func lend<Result>(
        _ source: Source, _ body: (UnsafeRawBufferPointer) throws(FileError) -> Result
    ) throws(FileError) -> Result {
        switch source {
        case .file(let file): return try file.withBytes(body)
        case .memory(let bytes):
            // `withUnsafeBytes` does not know typed errors.
            return try bytes.withUnsafeBytes { bytes in Swift.Result { () throws(FileError) in try body(bytes) } }.get()
        }
    }

    /// Whether the file has the key.
    package func has(_ key: String) -> Bool { values[key] != nil }

    /// The keys that begin with a text, in alphabetical order.
    package func keys(under prefix: String) -> [String] { values.keys.filter { $0.hasPrefix(prefix) }.sorted() }

    /// A whole number.
    package func integer(_ key: String) throws(FileError) -> Int? {
        guard let value = values[key] else { return nil }
        guard case .integer(let number) = value else {
            throw wrongType(key, value, "a whole number of at most 63 bits")
        }
        return number
    }

    /// A number, whole or not.
    package func number(_ key: String) throws(FileError) -> Double? {
        switch values[key] {
        case nil: return nil
        case .number(let number): return number
        case .integer(let number): return Double(number)
        case .some(let value): throw wrongType(key, value, "a number")
        }
    }

    /// True or false.
    package func flag(_ key: String) throws(FileError) -> Bool? {
        guard let value = values[key] else { return nil }
        guard case .flag(let flag) = value else { throw wrongType(key, value, "true or false") }
        return flag
    }

    /// A text; bytes that are no UTF-8 are replaced.
    package func text(_ key: String) throws(FileError) -> String? {
        guard let value = values[key] else { return nil }
        guard case .text(let range) = value else { throw wrongType(key, value, "a text") }
        return try Self.lend(source) { bytes in String(decoding: bytes[range], as: UTF8.self) }
    }

    /// The bytes of texts.
    package func texts(_ key: String) throws(FileError) -> [[UInt8]]? {
        guard let value = values[key] else { return nil }
        // A writer may give an empty list any type.
        guard case .array(let type, let count, let start) = value, type == .text || count == 0 else {
            throw wrongType(key, value, "a list of texts")
        }
        return try elements(count, at: start) { (reader) throws(FileError) in
            let range = try reader.text()
            return Array(reader.bytes[range])
        }
    }

    /// Whole numbers.
    package func integers(_ key: String) throws(FileError) -> [Int]? {
        guard let value = values[key] else { return nil }
        guard case .array(let type, let count, let start) = value, type.isInteger || count == 0 else {
            throw wrongType(key, value, "a list of whole numbers")
        }
        return try elements(count, at: start) { (reader) throws(FileError) in
            guard case .integer(let number) = try reader.scalar(type) else {
                throw wrongType(key, value, "a list of whole numbers of at most 63 bits")
            }
            return number
        }
    }

    /// Numbers that need not be whole.
    package func numbers(_ key: String) throws(FileError) -> [Double]? {
        guard let value = values[key] else { return nil }
        guard case .array(let type, let count, let start) = value,
            type == .float32 || type == .float64 || count == 0
        else {
            throw wrongType(key, value, "a list of numbers")
        }
        return try elements(count, at: start) { (reader) throws(FileError) in
            guard case .number(let number) = try reader.scalar(type) else { return 0 }
            return number
        }
    }

    private func elements<Element>(
        _ count: Int, at start: Int, _ read: (inout GGUFReader) throws(FileError) -> Element
    ) throws(FileError) -> [Element] {
        try Self.lend(source) { (bytes) throws(FileError) in
            var reader = GGUFReader(bytes, name: name, position: start)
            var all: [Element] = []
            all.reserveCapacity(count)  // the file has as many, checked when it was opened
            for _ in 0..<count { all.append(try read(&reader)) }
            return all
        }
    }

    private func wrongType(_ key: String, _ value: GGUFValue, _ expected: String) -> FileError {
        FileError(.malformedFile, "\(key) is \(value.kind) in \(name), expected \(expected)")
    }
}

/// Whether a path leads to a GGUF file. Its name says so or, as those of Ollama have no such names, its first bytes.
package func isGGUF(_ path: String) -> Bool {
    guard (try? FileKind(at: path)) == .file else { return false }
    return path.hasSuffix(".gguf")
        || (try? MappedFile(path: path).withBytes { $0.starts(with: GGUFReader.magic) }) == true
}
