import Foundation
import Testing
import TinyTestSupport
import TinyText

/// The committed fixtures: tokenizers made by the reference implementation, and what it makes of some texts. Their folder
/// holds the script that makes them.
enum Fixture {
    static let folder = fixtures(of: "TinyText")

    /// A small vocabulary; flags and normalisation; missing bytes; characters without and with tokens for bytes.
    static let names = ["trained", "flags", "missing", "marks", "sentence", "mistral", "gemma", "holes"]
    /// GGUF files with SentencePiece vocabularies.
    static let scored = ["scored-llama", "scored-gemma", "scored-ties"]
    /// Those with what they make of random ids.
    static let decoded = ["sentence", "mistral", "gemma", "holes", "scored-llama", "scored-gemma"]

    static func tokenizer(_ name: String) throws -> Tokenizer {
        let suffix = name.hasPrefix("scored") ? ".gguf" : ".json"
        return try Tokenizer(contentsOf: folder.appendingPathComponent(name + suffix).path)
    }

    static func text(_ file: String) throws -> String {
        String(decoding: try Data(contentsOf: folder.appendingPathComponent(file)), as: UTF8.self)
    }

    /// The text of `trained.json` with one passage replaced, which must be there.
    static func trained(replacing passage: String, with replacement: String) throws -> String {
        let text = try text("trained.json")
        let range = try #require(text.range(of: passage), "trained.json lacks \(passage)")
        return text.replacingCharacters(in: range, with: replacement)
    }

    /// The texts that `trained.json` was trained on.
    static func corpus() throws -> [String] {
        try text("corpus.txt").split(separator: "\n").map(String.init)
    }
}
