/// A parsed JSON text: its bytes and a flat list of nodes that point into them.
///
/// Nothing is copied or converted until it is asked for, which is what makes a vocabulary of 150,000 tokens open in
/// tens of milliseconds. Members keep their order. Texts are limited to 4 GB and to 256 levels.
final class JSONDocument: Sendable {
    /// What a node is.
    enum Kind: UInt8, Sendable {
        case null, `true`, `false`, number, string, escapedString, array, object
    }

    /// One value: where its text lies and where the node after it (and after all it contains) is found.
    /// An object's children alternate between names and values.
    struct Node: Sendable {
        var kind: Kind
        var start: UInt32
        var end: UInt32
        var next: UInt32
    }

    let bytes: [UInt8]
    let nodes: [Node]
    /// The name of the file, for messages.
    let name: String

    /// Parses `bytes`, which must be UTF-8.
    ///
    /// - Throws: ``TextError`` with code `malformedFile`, naming line and column.
    init(_ bytes: [UInt8], name: String) throws(TextError) {
        guard bytes.count < Int(UInt32.max) else {
            throw TextError(.malformedFile, "\(name) has \(bytes.count) bytes; at most 4 GB can be read")
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw TextError(.malformedFile, "\(name) is not UTF-8")
        }
        let parsed = bytes.withUnsafeBufferPointer { buffer -> Result<[Node], JSONParser.Failure> in
            var parser = JSONParser(bytes: buffer)
            return Result { () throws(JSONParser.Failure) in try parser.parse() }
        }
        switch parsed {
        case .success(let nodes):
            self.nodes = nodes
        case .failure(let failure):
            let before = bytes[..<failure.position]
            let line = before.count { $0 == UInt8(ascii: "\n") } + 1
            let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
            throw TextError(
                .malformedFile, "\(name) is not valid JSON: line \(line), column \(column): \(failure.reason)")
        }
        self.bytes = bytes
        self.name = name
    }

    /// The outermost value.
    var root: JSONValue { JSONValue(document: self, index: 0, path: "") }
}
