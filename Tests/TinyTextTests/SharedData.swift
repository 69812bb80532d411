import Foundation
import Testing
import TinyTestSupport
import TinyText

/// Published tokenizers and their reference tokenisations, where a checkout has them beside it.
enum SharedData {
    /// `data/tokenizers` of the shared folder, or nil when there is none.
    static let tokenizers = sharedData("tokenizers")

    /// Why a test that needs these files does not run.
    static let absence: Comment = "the shared tokenizer files are not beside this checkout"

    /// The four families with a `tokenizer.json`; their names are folders.
    static let families = ["qwen2.5", "llama3", "smollm2", "gpt2"]

    private static let opened: [String: Result<Tokenizer, any Error>] = Dictionary(
        uniqueKeysWithValues: families.map { family in (family, Result { try open(family) }) })

    /// The tokenizer of a family, opened once.
    static func tokenizer(_ family: String) throws -> Tokenizer {
        try #require(opened[family]).get()
    }

    private static func open(_ family: String) throws -> Tokenizer {
        let file = try #require(tokenizers).appendingPathComponent(family + "/tokenizer.json.gz")
        return try Tokenizer(json: decompressed(file), named: family)
    }

    /// Opens a folder that holds some of the shared files, decompressed, under the given names.
    static func withFolder<Result>(
        _ files: [(shared: String, name: String)], _ body: (URL) throws -> Result
    ) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (shared, name) in files {
            let file = try #require(tokenizers).appendingPathComponent(shared)
            let data = shared.hasSuffix(".gz") ? try decompressed(file) : try Data(contentsOf: file)
            try data.write(to: folder.appendingPathComponent(name))
        }
        return try body(folder)
    }
}

/// Ids and what another implementation decodes them to.
struct DecodingCase: Decodable {
    var ids: [Int]
    var decoded: String

    static func read(_ file: URL) throws -> [DecodingCase] {
        try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(DecodingCase.self, from: Data($0))
        }
    }
}

/// A text and what another implementation makes of it.
struct ReferenceCase: Decodable {
    var text: String
    var ids: [Int]
    /// What the ids decode to, where it is not the normalised text.
    var decoded: String?

    /// Reads a file with one case per line. Lines end in U+000A only: a text may hold other line separators.
    static func read(_ file: URL) throws -> [ReferenceCase] {
        try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(ReferenceCase.self, from: Data($0))
        }
    }
}
