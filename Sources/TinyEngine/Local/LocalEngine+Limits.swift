public import TinyCheckpoint
internal import TinyModel
public import TinyFoundation

// What a request may ask, and how much runs at once.
extension LocalEngine {
    /// Checks a request, but not its adapter, without the cost of adding it to a session.
    package func check(_ request: CompletionRequest) throws(EngineError) {
        try request.check(contextLength: contextLength, vocabularySize: model.configuration.vocabularySize)
    }

    func check(_ sequences: [ScoredSequence], temperature: Double) throws(EngineError) {
        try sequences.check(
            temperature: temperature, contextLength: contextLength,
            vocabularySize: model.configuration.vocabularySize)
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
