import Foundation
import TinyReport

/// A folder of its own for one test, removed with it.
final class Workspace {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tinyreport-\(UUID().uuidString)/runs")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// A folder with these runs in it.
    convenience init(_ runs: [String: SyntheticRun]) throws {
        try self.init()
        for (name, run) in runs { try run.write(to: folder.appendingPathComponent(name)) }
    }

    deinit { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }

    /// Writes or replaces a file below the folder.
    func write(_ text: String, to path: String) throws {
        let file = folder.appendingPathComponent(path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func report() throws -> Report { try Report(below: [folder.path]) }
}

extension Section {
    /// The result of a configuration by method, algorithm and size; the first of several.
    func result(_ method: String, _ algorithm: String, _ parameters: Int, _ differences: String = "") -> CellResult? {
        results.first {
            $0.method == method && $0.algorithm == algorithm && $0.parameters == parameters
                && $0.differences == differences
        }
    }
}
