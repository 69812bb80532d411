extension ModelFamily {
    /// Qwen3: every head of q and k has a norm; no biases unless the configuration asks for them.
    ///
    /// Source: transformers' `Qwen3ForCausalLM`.
    static let qwen3 = ModelFamily(biasedInAttention: [.query, .key, .value, .output], normalisesHeads: true)
}
