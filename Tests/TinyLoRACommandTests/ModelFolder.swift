import Foundation
import Testing

/// A checkpoint on disk, and ways to spoil it.
struct ModelFolder {
    let url: URL

    var path: String { url.path }

    /// The single weights file of the tied models.
    var weights: URL { url.appendingPathComponent("model.safetensors") }

    func remove(_ file: String) throws {
        try FileManager.default.removeItem(at: url.appendingPathComponent(file))
    }

    func write(_ file: String, _ text: String) throws {
        try Data(text.utf8).write(to: url.appendingPathComponent(file))
    }

    /// Rewrites a JSON file.
    func edit(_ file: String = "config.json", _ change: (inout [String: Any]) throws -> Void) throws {
        let place = url.appendingPathComponent(file)
        let value = try JSONSerialization.jsonObject(with: Data(contentsOf: place))
        var object = try #require(value as? [String: Any])
        try change(&object)
        try JSONSerialization.data(withJSONObject: object).write(to: place)
    }

    /// Rewrites the weights, header and offsets included: the result is a well-formed file.
    func editTensors(_ change: (inout [SafetensorsFile.Tensor]) throws -> Void) throws {
        var file = try SafetensorsFile(contentsOf: weights)
        try change(&file.tensors)
        try file.write(to: weights)
    }

    /// Rewrites the header's text and leaves the bytes behind it alone: the result may lie.
    func editHeader(_ change: (inout [String: Any]) throws -> Void) throws {
        let bytes = try Data(contentsOf: weights)
        let (header, payload) = try SafetensorsFile.parts(of: bytes)
        var object = header
        try change(&object)
        try SafetensorsFile.join(header: JSONSerialization.data(withJSONObject: object), payload: payload)
            .write(to: weights)
    }

    /// Changes one entry of the header.
    func editHeader(of tensor: String, _ change: (inout [String: Any]) -> Void) throws {
        try editHeader { header in
            var entry = try #require(header[tensor] as? [String: Any])
            change(&entry)
            header[tensor] = entry
        }
    }

    /// Rewrites the weights file as bytes.
    func editBytes(_ change: (inout Data) -> Void) throws {
        var bytes = try Data(contentsOf: weights)
        change(&bytes)
        try bytes.write(to: weights)
    }
}

/// A safetensors file in memory: a second, naive reading of the format, independent of the package's own.
struct SafetensorsFile {
    struct Tensor {
        var name: String
        var type: String
        var shape: [Int]
        var bytes: Data

        /// The elements of an F32 tensor.
        var floats: [Float] {
            let bytes = [UInt8](bytes)
            return stride(from: 0, to: bytes.count, by: 4).map { start in
                let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }
                return Float(bitPattern: bits)
            }
        }
    }

    var tensors: [Tensor]

    init(contentsOf url: URL) throws {
        let (header, payload) = try Self.parts(of: Data(contentsOf: url))
        tensors = try header.keys.filter { $0 != "__metadata__" }.sorted().map { name in
            let entry = try #require(header[name] as? [String: Any])
            let offsets = try #require(entry["data_offsets"] as? [Int])
            return Tensor(
                name: name,
                type: try #require(entry["dtype"] as? String),
                shape: try #require(entry["shape"] as? [Int]),
                bytes: payload.subdata(in: offsets[0]..<offsets[1]))
        }
    }

    /// The tensor of this name.
    func tensor(_ name: String) throws -> Tensor {
        try #require(tensors.first { $0.name == name }, "the fixture has no \(name)")
    }

    func write(to url: URL) throws {
        var header: [String: Any] = ["__metadata__": ["format": "pt"]]
        var payload = Data()
        for tensor in tensors {
            let end = payload.count + tensor.bytes.count
            header[tensor.name] = [
                "dtype": tensor.type, "shape": tensor.shape, "data_offsets": [payload.count, end],
            ]
            payload.append(tensor.bytes)
        }
        try Self.join(header: JSONSerialization.data(withJSONObject: header), payload: payload).write(to: url)
    }

    static func parts(of bytes: Data) throws -> (header: [String: Any], payload: Data) {
        let length = bytes.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        let header = try JSONSerialization.jsonObject(with: bytes.subdata(in: 8..<8 + length))
        return (try #require(header as? [String: Any]), bytes.subdata(in: 8 + length..<bytes.count))
    }

    static func join(header: Data, payload: Data) -> Data {
        Data((0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }) + header + payload
    }
}
