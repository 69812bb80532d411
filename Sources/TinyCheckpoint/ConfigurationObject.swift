import Foundation
import TinyFoundation

/// An object of a model's JSON file. Keys are read with a type; JSON's null counts as absent.
///
/// Every reading throws ``CheckpointError`` with code `malformedConfiguration` for a value of another type, naming the file,
/// the key and the value.
struct ConfigurationObject {
    let path: String
    private let node: JSONNode

    /// - Throws: `malformedConfiguration` for anything but an object whose keys, and those of objects in it, differ.
    init(parsing data: Data, path: String) throws(CheckpointError) {
        let node = try withCheckpointErrors { () throws(FileError) in
            try JSONDocument(Array(data), name: path).root
        }
        try self.init(node, path: path)
    }

    private init(_ node: JSONNode, path: String) throws(CheckpointError) {
        guard node.isObject else { throw CheckpointError(.malformedConfiguration, node.wrongKind("an object")) }
        self.node = node
        self.path = path
    }

    /// Where this object lies in the file, such as `rope_parameters.`; empty for the outermost.
    var prefix: String { node.path.isEmpty ? "" : node.path + "." }

    /// Whether the key is there with another value than null.
    func has(_ key: String) throws(CheckpointError) -> Bool { try value(key) != nil }

    /// Whether the key is there and null.
    func isNull(_ key: String) throws(CheckpointError) -> Bool {
        try withCheckpointErrors { () throws(FileError) in try node.given(key) }?.isNull ?? false
    }

    func integer(_ key: String) throws(CheckpointError) -> Int? { try value(key, JSONNode.integer) }

    /// An integer, or `fallback` where the key is not there at all; `nil` for null.
    func integer(_ key: String, absent fallback: Int?) throws(CheckpointError) -> Int? {
        if let value = try integer(key) { return value }
        return try isNull(key) ? nil : fallback
    }

    func number(_ key: String) throws(CheckpointError) -> Double? { try value(key, JSONNode.number) }

    func bool(_ key: String) throws(CheckpointError) -> Bool? { try value(key, JSONNode.bool) }

    func string(_ key: String) throws(CheckpointError) -> String? { try value(key, JSONNode.string) }

    func object(_ key: String) throws(CheckpointError) -> ConfigurationObject? {
        guard let node = try value(key) else { return nil }
        return try ConfigurationObject(node, path: path)
    }

    func strings(_ key: String) throws(CheckpointError) -> [String]? {
        guard let elements = try value(key, JSONNode.elements) else { return nil }
        return try withCheckpointErrors { () throws(FileError) in
            try elements.map { (element) throws(FileError) in try element.string() }
        }
    }

    func numbers(_ key: String) throws(CheckpointError) -> [Double]? {
        guard let elements = try value(key, JSONNode.elements) else { return nil }
        return try withCheckpointErrors { () throws(FileError) in
            try elements.map { (element) throws(FileError) in try element.number() }
        }
    }

    /// One integer or a list of them.
    func integers(_ key: String) throws(CheckpointError) -> [Int]? {
        guard let node = try value(key) else { return nil }
        return try withCheckpointErrors { () throws(FileError) in
            try (node.isArray ? node.elements() : [node]).map { (element) throws(FileError) in try element.integer() }
        }
    }

    /// One integer or a list of them, or `fallback` where the key is not there at all; `nil` for null.
    func integers(_ key: String, absent fallback: [Int]?) throws(CheckpointError) -> [Int]? {
        if let value = try integers(key) { return value }
        return try isNull(key) ? nil : fallback
    }

    /// Names and values of all members, in their order in the file.
    func members() throws(CheckpointError) -> [(name: String, value: JSONNode)] {
        try withCheckpointErrors { () throws(FileError) in
            var members: [(String, JSONNode)] = []
            for (name, value) in try node.members() {
                let name = try name.string()
                members.append((name, value.named(name)))
            }
            return members
        }
    }

    func required<Value>(_ key: String, _ value: Value?) throws(CheckpointError) -> Value {
        guard let value else { throw CheckpointError(.malformedConfiguration, "\(path) has no \(prefix)\(key)") }
        return value
    }

    private func value<Value>(
        _ key: String, _ read: (JSONNode) -> () throws(FileError) -> Value
    ) throws(CheckpointError) -> Value? {
        guard let node = try value(key) else { return nil }
        return try withCheckpointErrors { () throws(FileError) in try read(node)() }
    }

    private func value(_ key: String) throws(CheckpointError) -> JSONNode? {
        try withCheckpointErrors { () throws(FileError) in try node.optional(key) }
    }
}
