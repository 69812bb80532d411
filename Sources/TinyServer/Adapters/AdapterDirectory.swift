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
        guard let root = Self.resolved(path), Self.isDirectory(root) else {
            throw ServerError(.unknownModel, "there is no directory \(path) of adapters")
        }
        self.root = root
    }

    /// What look like adapters: runs, directories of PEFT, and files; of each the names that lead to it, the shortest first.
    var adapters: [[String]] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return entries.sorted().prefix(Self.mostNames).compactMap { entry in
            let path = "\(root)/\(entry)", short = String(entry.dropLast(Self.ending.count))
            guard Self.isDirectory(path) ? Self.adapterFiles(in: path) != nil : entry.hasSuffix(Self.ending) else {
                return nil
            }
            let names = (entry.hasSuffix(Self.ending) ? [short, entry] : [entry]).filter { place(named: $0) == path }
            return names.isEmpty ? nil : names
        }
    }

    private static let ending = ".safetensors"

    /// The files of a run and of a directory of PEFT, the one that tells them first.
    private static let usualFiles = [["adapter.safetensors"], ["adapter_config.json", "adapter_model.safetensors"]]

    /// The files of the adapter that a directory holds under their usual names; `nil` when it holds none.
    private static func adapterFiles(in folder: String) -> [String]? {
        usualFiles.map { files in files.map { "\(folder)/\($0)" } }
            .first { FileManager.default.fileExists(atPath: $0[0]) }
    }

    /// Files that may be opened to read the adapter at a place.
    private static func candidates(at place: String) -> [String] {
        guard isDirectory(place) else { return [place] }
        if let files = adapterFiles(in: place) { return files }
        // An adapter may have another name where it is the only one.
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
        return entries.filter { $0.hasSuffix(ending) }.map { "\(place)/\($0)" }
    }

    private static func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// The path of what has a name: itself, or with the ending of a file; `nil` when there is nothing.
    func place(named name: String) -> String? {
        guard !name.isEmpty, !name.hasPrefix("."), name.utf8.count <= 255,
            !name.unicodeScalars.contains(where: { $0 == "/" || $0 == "\\" || $0.value < 0x20 })
        else { return nil }
        let paths = ["\(root)/\(name)", "\(root)/\(name)\(Self.ending)"].filter {
            FileManager.default.fileExists(atPath: $0)
        }
        // A directory without an adapter does not hide the file of the same name.
        return paths.first { !Self.isDirectory($0) || Self.adapterFiles(in: $0) != nil } ?? paths.first
    }

    /// Opens an adapter by its name; `nil` when there is none.
    ///
    /// - Throws: `AdapterError`, or ``ServerError`` for one that leads out of the directory.
    func source(named name: String) throws -> AdapterSource? { try place(named: name).map(source(at:)) }

    /// Opens an adapter by its path, which is absolute or relative to the directory.
    ///
    /// - Throws: As ``source(named:)``.
    func source(at path: String) throws -> AdapterSource {
        guard let place = Self.resolved(path.hasPrefix("/") ? path : "\(root)/\(path)") else {
            throw ServerError(.unknownModel, "there is no adapter at \(path)")
        }
        try requireInside(place, path)
        // Nothing outside is opened, whatever links are in a directory.
        for file in Self.candidates(at: place) { try requireInside(Self.resolved(file) ?? file, path) }
        let source = try AdapterSource(place)
        // A link may have come since.
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
