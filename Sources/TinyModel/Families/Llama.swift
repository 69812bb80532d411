extension ModelFamily {
    /// Llama, and with it SmolLM2, SmolLM3 and Mistral: no biases unless the configuration asks for them.
    ///
    /// Source: transformers' `LlamaForCausalLM`.
    static let llama = ModelFamily(biasedInAttention: [.query, .key, .value, .output])
}
