import Foundation

/// A folder of its own for one test, removed with it.
final class Scratch {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tinylora-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Path of a file or folder inside, which need not exist.
    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// Writes a text file and returns its path.
    func file(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        return path(name)
    }

    /// Makes a file empty and returns its place.
    func emptyFile(_ name: String) throws -> URL {
        let url = folder.appendingPathComponent(name)
        try Data().write(to: url)
        return url
    }

    /// A copy of a fixture's checkpoint, to be spoilt.
    func model(_ fixture: Fixture = .tied, named name: String = "model") throws -> ModelFolder {
        let url = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        for file in try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path)
        where !file.hasPrefix("expected.") {
            try FileManager.default.copyItem(
                at: fixture.folder.appendingPathComponent(file), to: url.appendingPathComponent(file))
        }
        return ModelFolder(url: url)
    }
}

/// The committed models; see Tests/Fixtures/README.md.
enum Fixture: String, CaseIterable {
    case tied = "qwen2-tied"
    case untied = "qwen2-untied"
    case halfPrecision = "qwen2-tied-bf16"

    var folder: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures").appendingPathComponent(rawValue)
    }
}
