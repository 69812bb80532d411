/// What a tokenizer is made of, whatever kind of file it was read from.
struct TokenizerParts {
    var model: BytePairModel
    /// The model's own tokens.
    var vocabulary: TokenTable
    /// Tokens that are recognised before anything else.
    var addedTokens: [AddedToken]
    var normalizers: [any Normalizer] = []
    var preTokenizers: [any PreTokenizer] = []
    var template = TokenTemplate()
    var decoding: TokenDecoding
    /// What messages call the file.
    var file: String
}
