internal import TinyFoundation

// What any engine may be asked.

extension CompletionRequest {
    /// Checks everything but the adapter.
    ///
    /// - Parameters:
    ///   - contextLength: Most tokens of a sequence, prompt included.
    ///   - vocabularySize: Token ids are below it.
    /// - Throws: ``EngineError`` with code `promptLength`, `unknownToken` or `invalidSampling`.
    package func check(contextLength: Int, vocabularySize: Int) throws(EngineError) {
        try TinyEngine.check(tokens: prompt, of: "the prompt", vocabularySize: vocabularySize)
        guard prompt.count < contextLength else {
            throw EngineError(
                .promptLength, "a prompt has \(prompt.count) tokens and the model's context holds \(contextLength)")
        }
        guard !streams.isEmpty else { throw EngineError(.invalidSampling, "a request has no random stream") }
        guard alternatives >= 0 else {
            throw EngineError(.invalidSampling, "the number of alternatives must be at least 0, is \(alternatives)")
        }
        try sampling.check()
    }
}

extension SamplingParameters {
    /// Checks the ranges.
    ///
    /// - Throws: ``EngineError`` with code `invalidSampling`.
    package func check() throws(EngineError) {
        func refuse(_ text: String) -> EngineError { EngineError(.invalidSampling, text) }
        guard temperature == 0 || SamplingLimits.allow(temperature: temperature) else {
            throw refuse(
                "the temperature must be 0 or at least \(SamplingLimits.leastTemperature), is \(temperature)")
        }
        guard topK ?? 1 >= 1 else { throw refuse("top-k must be at least 1, is \(topK ?? 0)") }
        guard topP > 0, topP <= 1 else { throw refuse("top-p must be in (0, 1], is \(topP)") }
        guard maxTokens >= 1 else {
            throw refuse("the number of new tokens must be at least 1, is \(maxTokens)")
        }
    }
}

extension [ScoredSequence] {
    /// Checks sequences that are scored.
    ///
    /// - Throws: ``EngineError`` with code `promptLength`, `unknownToken` or `invalidSampling`.
    package func check(temperature: Double, contextLength: Int, vocabularySize: Int) throws(EngineError) {
        guard SamplingLimits.allow(temperature: temperature) else {
            throw EngineError(
                .invalidSampling,
                "the temperature of scored sequences must be at least \(SamplingLimits.leastTemperature), is "
                    + "\(temperature)")
        }
        for sequence in self {
            try TinyEngine.check(tokens: sequence.prompt, of: "a prompt", vocabularySize: vocabularySize)
            try TinyEngine.check(tokens: sequence.completion, of: "a completion", vocabularySize: vocabularySize)
            let count = sequence.prompt.count + sequence.completion.count
            guard count <= contextLength else {
                throw EngineError(
                    .promptLength, "a sequence has \(count) tokens and the model's context holds \(contextLength)")
            }
        }
    }
}

private func check(tokens: [Int], of name: String, vocabularySize: Int) throws(EngineError) {
    guard !tokens.isEmpty else { throw EngineError(.promptLength, "\(name) has no tokens") }
    if let unknown = tokens.first(where: { $0 < 0 || $0 >= vocabularySize }) {
        throw EngineError(
            .unknownToken, "token \(unknown) is outside the model's vocabulary of \(vocabularySize)")
    }
}
