import Foundation
import Testing

/// The files of a run by name, as text without what a clock had a hand in; binary files byte for byte.
func contents(of path: String) throws -> [String: String] {
    var files: [String: String] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: path) {
        let data = try Data(contentsOf: URL(fileURLWithPath: path + "/" + name))
        let text = String(data: data, encoding: .utf8) ?? data.base64EncodedString()
        files[name] = text.replacing(/"time":\{[^}]*\}/, with: "")
    }
    return files
}

/// Where each line of a file ends.
func lineEnds(of file: String, in path: String) throws -> [Int] {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path + "/" + file))
    return bytes.indices.filter { bytes[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
}

/// Cuts a file off after `size` bytes.
func truncate(_ path: String, to size: Int) throws {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    try bytes.prefix(size).write(to: URL(fileURLWithPath: path))
}
