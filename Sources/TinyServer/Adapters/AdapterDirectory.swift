internal import Foundation
internal import TinyFoundation
internal import TinyRuns

/// The only directory that adapters are read from. No name, path or symbolic link leads out of it.
struct AdapterDirectory: Sendable {
    /// Absolute, without symbolic links.
    private let root: String

    /// Most names that are listed.
    private static let mostNames = 10_000

    /// - Throws: ``ServerError`` when there is no such directory.
    init(_ path: String) throws(ServerError) {
        var isDirectory: ObjCBool = false
        guard let root = Self.resolved(path), FileManager.default.fileExists(atPath: root, isDirectory: &isDirectory),
            isDirectory.boolValue
        else {
            throw ServerError(.unknownModel, "there is no directory \(path) of adapters")
        }
        self.root = root
    }

    /// Names of what look like adapters: runs, directories of PEFT, and files, which are named without their ending.
    var names: [String] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let names = entries.sorted().prefix(Self.mostNames).compactMap { entry -> String? in
            guard !entry.hasPrefix(".") else { return nil }
            if entry.hasSuffix(Self.ending) { return String(entry.dropLast(Self.ending.count)) }
            let files = ["adapter.safetensors", "adapter_config.json"]
            return files.contains { FileManager.default.fileExists(atPath: "\(root)/\(entry)/\($0)") } ? entry : nil
        }
        return names
    }

    private static let ending = ".safetensors"

    /// Opens an adapter by its name; `nil` when there is none.
    ///
    /// - Throws: `AdapterError`, or ``ServerError`` for one that leads out of the directory.
    func source(named name: String) throws -> AdapterSource? {
        guard !name.isEmpty, !name.hasPrefix("."), name.utf8.count <= 255,
            !name.unicodeScalars.contains(where: { $0 == "/" || $0 == "\\" || $0.value < 0x20 })
        else { return nil }
        for path in ["\(root)/\(name)", "\(root)/\(name)\(Self.ending)"]
        where FileManager.default.fileExists(atPath: path) {
            return try source(at: path)
        }
        return nil
    }

    /// Opens an adapter by its path, which is absolute or relative to the directory.
    ///
    /// - Throws: As ``source(named:)``.
    func source(at path: String) throws -> AdapterSource {
        guard let place = Self.resolved(path.hasPrefix("/") ? path : "\(root)/\(path)") else {
            throw ServerError(.unknownModel, "there is no adapter at \(path)")
        }
        try requireInside(place, path)
        let source = try AdapterSource(place)
        for file in source.files { try requireInside(Self.resolved(file) ?? file, path) }
        return source
    }

    private func requireInside(_ place: String, _ path: String) throws(ServerError) {
        guard place.hasPrefix(root + "/") else {
            throw ServerError(.forbidden, "\(path) is outside the directory of adapters")
        }
    }

    private static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
