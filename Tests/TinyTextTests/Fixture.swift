import Foundation
import Testing
import TinyText

/// The committed fixtures: tokenizers made by the reference implementation, and what it makes of some texts. Their folder
/// holds the script that makes them.
enum Fixture {
    static let folder: URL = {
        var folder = URL(fileURLWithPath: #filePath)
        for _ in 0..<2 { folder.deleteLastPathComponent() }
        return folder.appendingPathComponent("Fixtures/TinyText")
    }()

    /// A small vocabulary; flags and normalisation; missing bytes; characters with and without tokens for bytes.
    static let names = ["trained", "flags", "missing", "sentence", "marks"]

    static func tokenizer(_ name: String) throws -> Tokenizer {
        try Tokenizer(contentsOf: folder.appendingPathComponent(name + ".json").path)
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

/// Texts that tempt a tokenizer into mistakes: every class of character, contractions, white space in all combinations.
struct TrickyTexts {
    private var state: UInt64

    private static let pools: [[Unicode.Scalar]] = [
        Array("abcdefstmLVRxyz".unicodeScalars), Array("0123456789".unicodeScalars), Array(" \t\n\r".unicodeScalars),
        Array(".,;:'\"()<|>-_".unicodeScalars), Array("éßñſŉǅﬆİ".unicodeScalars), Array("一中語か한각".unicodeScalars),
        ["\u{301}", "\u{308}", "\u{327}", "\u{1161}", "\u{11A8}", "\u{93C}", "\u{344}", "\u{212B}"],
        ["\u{A0}", "\u{85}", "\u{2028}", "\u{3000}", "\u{B}", "\u{1C}", "\u{200B}", "\u{0}", "\u{FEFF}"],
        ["\u{664}", "\u{2461}", "\u{2167}", "\u{BD}", "\u{1D7D8}"],
        ["\u{1F600}", "\u{1F3FD}", "\u{200D}", "\u{10348}"],
    ]
    private let passages: [String]

    /// - Parameters:
    ///   - seed: Names the texts.
    ///   - token: An added token to put into them.
    init(seed: UInt64, token: String = "<|endoftext|>") {
        state = seed
        passages = ["'s", "'LL", "'Re", " the", "  ", "\n\n", "\r\n", " 12", token]
    }

    mutating func next() -> String {
        var text = ""
        for _ in 0...below(12) {
            if below(4) == 0 {
                text += passages[below(passages.count)]
            } else {
                let pool = Self.pools[below(Self.pools.count)]
                for _ in 0...below(3) { text.unicodeScalars.append(pool[below(pool.count)]) }
            }
        }
        return text
    }

    mutating func below(_ bound: Int) -> Int {
        // Source: Steele et al., "Fast splittable pseudorandom number generators", OOPSLA 2014 (SplitMix64).
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}
