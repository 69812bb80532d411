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
    ///   - refusesRepeatedKeys: Whether an object with two equal keys is an error. Otherwise a ``JSONNode`` finds the first.
    ///   - isLine: Whether the text is one line of a file, which `name` then names with its number.
    /// - Throws: `malformedFile`, with line and column where the text is not JSON.
    package init(
        _ bytes: [UInt8], name: String, refusesRepeatedKeys: Bool = false, isLine: Bool = false
    ) throws(FileError) {
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
            let position = TextPosition(ofByte: failure.position, in: bytes)
            let place = isLine ? "column \(position.column)" : "\(position)"
            throw FileError(.malformedFile, "\(name) is not valid JSON: \(place): \(failure.reason)")
        }
        self.bytes = bytes
        self.name = name
        if refusesRepeatedKeys { try root.refuseRepeatedKeys() }
    }

    /// Reads and parses a file; see ``init(_:name:refusesRepeatedKeys:)``.
    ///
    /// - Throws: `unreadable` or `malformedFile`.
    package convenience init(contentsOf path: String, refusesRepeatedKeys: Bool = false) throws(FileError) {
        try self.init(Array(try contents(ofFile: path)), name: path, refusesRepeatedKeys: refusesRepeatedKeys)
    }

    /// The outermost value.
    package var root: JSONNode { JSONNode(document: self, index: 0, path: "") }
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
