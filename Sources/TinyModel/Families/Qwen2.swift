extension ModelFamily {
    /// Qwen2 and Qwen2.5: queries, keys and values have a bias.
    ///
    /// Source: transformers' `Qwen2ForCausalLM`.
    static let qwen2 = ModelFamily(biasedInAttention: [.query, .key, .value])
}
