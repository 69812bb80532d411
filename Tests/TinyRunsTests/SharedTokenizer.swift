import Foundation
import Testing
import TinyLoRA

/// Qwen2.5's published tokenizer and chat template, where a checkout has them beside it.
enum SharedTokenizer {
    /// `data` of the shared folder, or nil when there is none.
    private static let data: URL? = {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        return ["../shared", "../../shared"].lazy
            .map { root.appendingPathComponent($0 + "/data").standardizedFileURL }
            .first { FileManager.default.fileExists(atPath: $0.appendingPathComponent("tokenizers").path) }
    }()

    static var isThere: Bool { data != nil }

    /// Why a test that needs these files does not run.
    static let absence: Comment = "the shared tokenizer files are not beside this checkout"

    private static let opened = Result { try open() }

    static func qwen() throws -> (tokenizer: Tokenizer, template: ChatTemplate) { try opened.get() }

    private static func open() throws -> (tokenizer: Tokenizer, template: ChatTemplate) {
        let folder = try #require(data).appendingPathComponent("tokenizers/qwen2.5")
        let process = Process(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", folder.appendingPathComponent("tokenizer.json.gz").path]
        process.standardOutput = output
        try process.run()
        let json = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (try Tokenizer(json: json, named: "qwen2.5"), try ChatTemplate(modelDirectory: folder.path))
    }
}
