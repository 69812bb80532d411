/// How a family of byte-level tokenizers treats text, where a file names the family instead of describing it.
enum ByteLevelFamily: String, CaseIterable {
    case gpt2, qwen2, llama3, smollm

    /// What text goes through before words are cut.
    var normalizers: [any Normalizer] {
        self == .qwen2 ? [CanonicalComposition()] : []
    }

    /// How words are cut.
    var preTokenizers: [any PreTokenizer] {
        switch self {
        case .gpt2: [GPT2Words()]
        case .qwen2: [Llama3Words(largestNumber: 1)]
        case .llama3: [Llama3Words(largestNumber: 3)]
        case .smollm: [DigitWords(areIndividual: true), GPT2Words()]
        }
    }

    /// Whether a word that is a token as a whole is that token even when the merges would not build it.
    var ignoresMerges: Bool { self == .llama3 }

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
        case "qwen2": self = .qwen2
        case "llama-bpe", "llama3", "llama-v3": self = .llama3
        case "smollm": self = .smollm
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
