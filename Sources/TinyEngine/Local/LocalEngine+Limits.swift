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
        /// Keys and values of the sequences that are sampled at once, and of the beginnings that prompts share.
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
    ///   - savesMemory: As the engine is made.
    public static func memory(
        _ model: ModelConfiguration, sampledSequences: Int, learnedSequences: Int, length: Int, rank: Int?,
        arithmetic: Arithmetic, savesMemory: Bool = false
    ) -> Memory {
        let limits = DecodingState.Limits()
        func product(_ a: Int, _ b: Int) -> Int {
            let (product, overflow) = a.multipliedReportingOverflow(by: b)
            return overflow ? .max : product
        }
        let sequence = model.cacheBytes(length: length, arithmetic)
        let learning = LearningPlan.Limits(model, rank: rank, rows: nil, savesMemory: savesMemory)
        let rows = learning.rowsHeld(of: learnedSequences, length: length)
        var records = rows * Double(model.recordBytes(rank: rank))
        if savesMemory {
            // Prompts and completions are in two passes; each keeps everything or the inputs of layers.
            let whole = 2 * Double(LearningPlan.Limits.recordBytes)
            records = min(records, whole + rows * Double(model.layerInputBytes(rank: rank)))
        }
        let logits = product(product(learnedSequences, length), 4 * model.vocabularySize)
        // One sequence, or one beginning, is held whatever it takes. A single sequence shares no beginning.
        let running = min(product(min(sampledSequences, limits.sequences), sequence), max(limits.cacheBytes, sequence))
        let kept = sampledSequences > 1 ? min(sampledSequences, PrefixCache.mostEntries) : 0
        let beginnings = min(product(kept, sequence), max(limits.beginningBytes, sequence))
        return Memory(
            cache: running + beginnings,
            records: (Int(exactly: records.rounded(.up)) ?? .max / 4) + min(ModelConfiguration.keptLogitBytes, logits))
    }
}
