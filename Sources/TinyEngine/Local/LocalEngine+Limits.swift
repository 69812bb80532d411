public import TinyCheckpoint
internal import TinyModel
public import TinyFoundation

// What a request may ask, and how much runs at once.
extension LocalEngine {
    /// Logits divided by less would overflow.
    private static let leastTemperature = 1e-6

    /// Checks a request, but not its adapter, without the cost of adding it to a session.
    package func check(_ request: CompletionRequest) throws(EngineError) {
        try check(tokens: request.prompt)
        guard request.prompt.count < contextLength else {
            throw EngineError(
                .promptLength,
                "a prompt has \(request.prompt.count) tokens and the model's context holds \(contextLength)")
        }
        guard !request.streams.isEmpty else {
            throw EngineError(.invalidSampling, "a request has no random stream")
        }
        guard request.alternatives >= 0 else {
            throw EngineError(
                .invalidSampling, "the number of alternatives must be at least 0, is \(request.alternatives)")
        }
        try check(request.sampling)
    }

    func check(_ sequences: [ScoredSequence], temperature: Double) throws(EngineError) {
        guard temperature >= Self.leastTemperature, temperature.isFinite else {
            throw EngineError(
                .invalidSampling,
                "the temperature of scored sequences must be at least \(Self.leastTemperature), is \(temperature)")
        }
        for sequence in sequences {
            try check(tokens: sequence.prompt)
            try check(tokens: sequence.completion)
            guard sequence.prompt.count + sequence.completion.count <= contextLength else {
                throw EngineError(
                    .promptLength,
                    "a sequence has \(sequence.prompt.count + sequence.completion.count) tokens and the model's "
                        + "context holds \(contextLength)")
            }
        }
    }

    private func check(tokens: [Int]) throws(EngineError) {
        let vocabulary = model.configuration.vocabularySize
        guard !tokens.isEmpty else { throw EngineError(.promptLength, "a sequence has an empty part") }
        if let unknown = tokens.first(where: { $0 < 0 || $0 >= vocabulary }) {
            throw EngineError(
                .unknownToken, "token \(unknown) is outside the model's vocabulary of \(vocabulary)")
        }
    }

    private func check(_ sampling: SamplingParameters) throws(EngineError) {
        func refuse(_ text: String) -> EngineError { EngineError(.invalidSampling, text) }
        guard sampling.temperature == 0 || sampling.temperature >= Self.leastTemperature, sampling.temperature.isFinite
        else {
            throw refuse("the temperature must be 0 or at least \(Self.leastTemperature), is \(sampling.temperature)")
        }
        guard sampling.topK ?? 1 >= 1 else { throw refuse("top-k must be at least 1, is \(sampling.topK ?? 0)") }
        guard sampling.topP > 0, sampling.topP <= 1 else {
            throw refuse("top-p must be in (0, 1], is \(sampling.topP)")
        }
        guard sampling.maxTokens >= 1 else {
            throw refuse("the number of new tokens must be at least 1, is \(sampling.maxTokens)")
        }
    }

    /// Bytes that the engine needs at most for a run, from the sizes of the model alone.
    public struct Memory: Sendable, Equatable {
        /// Keys and values of the sequences that are sampled at once.
        public var cache: Int
        /// What the forward pass keeps for the backward pass, logits included.
        public var records: Int
    }

    /// The memory of sampling and learning, bounded as the engine bounds it.
    ///
    /// - Parameters:
    ///   - model: Sizes of the model.
    ///   - sampledSequences: Sequences that are asked for at once.
    ///   - learnedSequences: Sequences of one gradient.
    ///   - length: Tokens of a sequence, prompt included.
    ///   - rank: Rank of the low-rank change; `nil` when all weights are trained.
    ///   - arithmetic: How products are computed; it decides how keys and values are stored.
    public static func memory(
        _ model: ModelConfiguration, sampledSequences: Int, learnedSequences: Int, length: Int, rank: Int?,
        arithmetic: Arithmetic
    ) -> Memory {
        let limits = DecodingState.Limits()
        func product(_ a: Int, _ b: Int) -> Int {
            let (product, overflow) = a.multipliedReportingOverflow(by: b)
            return overflow ? .max : product
        }
        let rows = min(LearningPlan.Limits.mostRows, product(learnedSequences, length))
        return Memory(
            cache: min(
                limits.cacheBytes,
                product(min(sampledSequences, limits.sequences), model.cacheBytes(length: length, arithmetic))),
            records: min(LearningPlan.Limits.recordBytes, product(rows, model.recordBytes(rank: rank)))
                + min(ModelConfiguration.keptLogitBytes, product(rows, 4 * model.vocabularySize)))
    }
}
