package import Foundation

/// A parsed JSON text: its bytes and a flat list of entries that point into them.
///
/// Nothing is copied or converted until a ``JSONNode`` is asked for it, so a vocabulary of 150,000 tokens opens in tens of
/// milliseconds. Members keep their order. Texts are limited to 4 GB and to 256 levels.
package final class JSONDocument: Sendable {
    /// What an entry is.
    package enum Kind: UInt8, Sendable {
        case null, `true`, `false`, number, string, escapedString, array, object
    }

    /// One value: the range of its text, and the index of the entry after it and after everything in it.
    /// An object's children alternate between names and values.
    struct Entry: Sendable {
        var kind: Kind
        var start: UInt32
        var end: UInt32
        var next: UInt32
    }

    let bytes: [UInt8]
    let entries: [Entry]
    /// The name of the file, for messages.
    package let name: String

    /// Parses `bytes`, which must be UTF-8.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - name: The name of the file, for messages.
    ///   - isLine: Whether the text is one line, which `name` tells, so that messages name the column alone.
    /// - Throws: `malformedFile`, with line and column where the text is not JSON or an object has a key for the second
    ///   time: readers differ on which of the two counts.
    package init(_ bytes: [UInt8], name: String, isLine: Bool = false) throws(FileError) {
        guard bytes.count < Int(UInt32.max) else {
            throw FileError(.malformedFile, "\(name) has \(bytes.count) bytes; at most 4 GB can be read")
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw FileError(.malformedFile, "\(name) is not UTF-8")
        }
        let parsed = bytes.withUnsafeBufferPointer { buffer -> Result<[Entry], JSONParser.Failure> in
            var parser = JSONParser(bytes: buffer)
            return Result { () throws(JSONParser.Failure) in try parser.parse() }
        }
        switch parsed {
        case .success(let entries):
            self.entries = entries
        case .failure(let failure):
            if isGitLFSPointer(bytes) { throw gitLFSPointer(name) }
            let position = place(ofByte: failure.position, in: bytes, isLine: isLine)
            throw FileError(.malformedFile, "\(name) is not valid JSON: \(position): \(failure.reason)")
        }
        self.bytes = bytes
        self.name = name
        try refuseRepeatedKeys(isLine: isLine)
    }

    /// Reads and parses a file; see ``init(_:name:isLine:)``.
    ///
    /// - Throws: `unreadable` or `malformedFile`.
    package convenience init(contentsOf path: String) throws(FileError) {
        try self.init(Array(try contents(ofFile: path)), name: path)
    }

    /// The outermost value.
    package var root: JSONNode { JSONNode(document: self, index: 0, path: "") }

    /// Looks at the names of all objects, in the order of the text.
    private func refuseRepeatedKeys(isLine: Bool) throws(FileError) {
        for (index, entry) in entries.enumerated() where entry.kind == .object {
            var names: Set<ArraySlice<UInt8>> = []
            var child = index + 1
            while child < entry.next {
                let name = JSONNode(document: self, index: child, path: "")
                guard names.insert(name.text).inserted else {
                    let position = place(ofByte: Int(entries[child].start) - 1, in: bytes, isLine: isLine)
                    throw root.descendant(index).malformed(
                        "has \"\(String(decoding: name.text, as: UTF8.self))\" twice, the second time in \(position)")
                }
                child = Int(entries[Int(entries[child].next)].next)
            }
        }
    }
}

extension JSONDecoder {
    /// Decodes a text as ``JSONDocument`` reads it: Foundation's decoder takes one of two equal keys without a word.
    ///
    /// - Parameters:
    ///   - type: What to decode.
    ///   - json: The text.
    ///   - name: The name of the file, for messages.
    ///   - isLine: Whether the text is one line, which `name` tells.
    /// - Throws: ``FileError`` with code `malformedFile` for what is not JSON or has a key twice, `DecodingError` for JSON of
    ///   another form.
    package func decode<Value: Decodable>(
        _ type: Value.Type, from json: some Sequence<UInt8>, named name: String, isLine: Bool = false
    ) throws -> Value {
        let bytes = Array(json)
        _ = try JSONDocument(bytes, name: name, isLine: isLine)
        return try decode(type, from: Data(bytes))
    }
}

private func place(ofByte offset: Int, in bytes: [UInt8], isLine: Bool) -> String {
    let position = TextPosition(ofByte: offset, in: bytes)
    return isLine ? "column \(position.column)" : "\(position)"
}

/// A place in a text.
public struct TextPosition: Sendable, Hashable, CustomStringConvertible {
    /// From 1.
    public let line: Int
    /// In code points, from 1.
    public let column: Int

    /// The place that has these characters before it.
    package init(after before: some BidirectionalCollection<Unicode.Scalar>) {
        line = before.count { $0 == "\n" } + 1
        column = before.reversed().prefix { $0 != "\n" }.count + 1
    }

    /// The place of a byte in UTF-8.
    package init(ofByte offset: Int, in bytes: [UInt8]) {
        self.init(after: String(decoding: bytes[..<offset], as: UTF8.self).unicodeScalars)
    }

    /// `line 2, column 5`.
    public var description: String { "line \(line), column \(column)" }
}
