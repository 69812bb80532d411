import Foundation
import TinyFoundation

/// How a family of byte-level tokenizers treats text, where a file names the family instead of describing it.
enum ByteLevelFamily: String, CaseIterable {
    case gpt2, qwen2, llama3, smollm
    /// Splits words as Llama 3 does, and merges as GPT-2 does.
    case smaug
    case tekken

    /// How text is normalised before words are cut.
    var normalizers: [any Normalizer] {
        self == .qwen2 ? [CanonicalComposition()] : []
    }

    /// How words are cut.
    var preTokenizers: [any PreTokenizer] {
        switch self {
        case .gpt2: [GPT2Words()]
        case .qwen2: [Llama3Words(largestNumber: 1)]
        case .llama3, .smaug: [Llama3Words(largestNumber: 3)]
        case .smollm: [DigitWords(areIndividual: true), GPT2Words()]
        case .tekken: [CasedWords()]
        }
    }

    /// ``normalizers`` as a `tokenizer.json` has them.
    var normalizerJSON: String { self == .qwen2 ? #"{"type": "NFC"}"# : "null" }

    /// ``preTokenizers`` as a `tokenizer.json` has them, which also spell bytes.
    var preTokenizerJSON: String {
        func bytes(cuttingWords: Bool) -> String {
            #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": \#(cuttingWords)}"#
        }
        func pattern(_ words: Llama3Words) -> String { pattern(words.expression) }
        func pattern(_ expression: String) -> String {
            #"{"type": "Split", "pattern": {"Regex": \#(jsonString(expression))}, "#
                + #""behavior": "Isolated", "invert": false}"#
        }
        let digits = #"{"type": "Digits", "individual_digits": true}"#
        let components =
            switch self {
            case .gpt2: [bytes(cuttingWords: true)]
            case .qwen2: [pattern(Llama3Words(largestNumber: 1)), bytes(cuttingWords: false)]
            case .llama3, .smaug: [pattern(Llama3Words(largestNumber: 3)), bytes(cuttingWords: false)]
            case .smollm: [digits, bytes(cuttingWords: true)]
            case .tekken: [pattern(CasedWords.expression), bytes(cuttingWords: false)]
            }
        return jsonSequence(components, listedAs: "pretokenizers")
    }

    /// Whether a word that is a token as a whole is that token even when the merges would not build it.
    var ignoresMerges: Bool { self == .llama3 || self == .tekken }

    /// The family of a `tokenizer_class` in `tokenizer_config.json`.
    init?(tokenizerClass name: String) {
        switch name {
        case "GPT2Tokenizer", "GPT2TokenizerFast": self = .gpt2
        case "Qwen2Tokenizer", "Qwen2TokenizerFast": self = .qwen2
        default: return nil
        }
    }

    /// The family of a `tokenizer.ggml.pre` in a GGUF file.
    init?(ggufName name: String) {
        switch name {
        case "gpt-2": self = .gpt2
        case "qwen2", "deepseek-r1-qwen": self = .qwen2
        case "llama-bpe", "llama3", "llama-v3": self = .llama3
        case "smollm": self = .smollm
        case "smaug-bpe", "dbrx": self = .smaug
        case "tekken": self = .tekken
        default: return nil
        }
    }

    /// The parts of a tokenizer of this family.
    func parts(
        vocabulary: TokenTable, pairs: PairTable, addedTokens: [AddedToken], template: TokenTemplate = TokenTemplate(),
        file: String
    ) -> TokenizerParts {
        TokenizerParts(
            model: BytePairModel(
                pairs: pairs, symbols: ByteSymbols(vocabulary: vocabulary, missing: .dropped),
                wholeWords: ignoresMerges ? vocabulary : nil),
            vocabulary: vocabulary, addedTokens: addedTokens, normalizers: normalizers, preTokenizers: preTokenizers,
            template: template, decoding: TokenDecoding(decoder: ByteLevelDecoder(), beginning: .kept), file: file)
    }
}

extension Tokenizer {
    /// Opens a vocabulary and its merges, the files that tokenizers had before `tokenizer.json`.
    ///
    /// The files do not say how text is cut into words. `tokenizer_config.json` beside them names it; without one only the
    /// vocabulary of GPT-2 itself is recognised.
    ///
    /// - Parameters:
    ///   - vocabularyFile: `vocab.json`, tokens and ids.
    ///   - mergesFile: `merges.txt`, one merge a line after an optional `#version` line.
    ///   - configuration: `tokenizer_config.json`, if there is one.
    ///   - settings: What the configuration says about added tokens, and about those that begin and end a text.
    /// - Throws: ``TextError``, with code `unsupported` when the family is not known.
    init(
        vocabularyFile: String, mergesFile: String, configuration: JSONDocument?, settings: TokenizerSettings
    ) throws {
        let file = try JSONDocument(contentsOf: vocabularyFile)
        let vocabulary = try TokenTable(from: file.root)
        let family = try Self.family(of: vocabulary, configuration, vocabularyFile)
        var settings = settings
        if family == .gpt2, let end = vocabulary.id(of: Array("<|endoftext|>".utf8)), settings.addedTokens.isEmpty {
            settings.addedTokens = [AddedToken(id: end, content: "<|endoftext|>")]
            settings.endOfText = settings.endOfText ?? "<|endoftext|>"
        }
        let pairs = try mergeLines(mergesFile, vocabulary)
        try self.init(
            family.parts(
                vocabulary: vocabulary, pairs: pairs, addedTokens: settings.addedTokens, file: vocabularyFile),
            settings: settings)
    }

    private static func family(
        of vocabulary: TokenTable, _ configuration: JSONDocument?, _ path: String
    ) throws -> ByteLevelFamily {
        guard let configuration, let name = try configuration.root.optional("tokenizer_class")?.string() else {
            // GPT-2 was published as these two files alone: 50,256 tokens and the end of text.
            guard vocabulary.count == 50_257, vocabulary.id(of: Array("<|endoftext|>".utf8)) == 50_256 else {
                throw TextError(
                    .unsupported,
                    "there is no tokenizer_config.json beside \(path), so its way of splitting words is unknown",
                    hint: "add tokenizer_config.json with a tokenizer_class, or use tokenizer.json")
            }
            return .gpt2
        }
        guard let family = ByteLevelFamily(tokenizerClass: name) else {
            throw TextError(
                .unsupported,
                "\(configuration.name) has the tokenizer_class \"\(name)\", and there is no tokenizer.json",
                hint: "without tokenizer.json, GPT2Tokenizer and Qwen2Tokenizer are known")
        }
        return family
    }
}

/// Reads a `merges.txt`.
private func mergeLines(_ path: String, _ vocabulary: TokenTable) throws -> PairTable {
    let lines = try contents(ofFile: path).split(separator: UInt8(ascii: "\n"))
    var pairs = PairTable(capacity: lines.count)
    var rank = 0
    for line in lines {
        let merge = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        if rank == 0, merge.starts(with: "#version".utf8) || merge.isEmpty { continue }
        try pairs.insert(spaced: merge, rank: rank, vocabulary, file: path)
        rank += 1
    }
    return pairs
}
