public import Foundation

/// Calls `body` with a new directory that is removed afterwards.
public func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    let path = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}

/// Calls `body` with a new directory that is removed afterwards.
public func withTemporaryDirectory(_ body: (String) async throws -> Void) async throws {
    let path = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try await body(path)
}

private func temporaryDirectory() throws -> String {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tinylora-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
}

/// The description of the error that `body` throws, with `directory` written as `DIR`.
public func description(in directory: String, of body: () throws -> Void) -> String {
    do {
        try body()
        return "no error"
    } catch {
        return "\(error)".replacingOccurrences(of: directory, with: "DIR")
    }
}

/// Writes a file.
public func write(_ bytes: Data, to path: String) throws { try bytes.write(to: URL(fileURLWithPath: path)) }

/// Writes a file.
public func write(_ text: String, to path: String) throws { try write(Data(text.utf8), to: path) }

/// Reads a file.
public func read(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }
