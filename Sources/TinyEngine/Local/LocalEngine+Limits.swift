public import TinyCheckpoint
internal import Foundation
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

    // What bounds the keys and values of a session: 2 GiB always; beyond that a quarter of the memory that nothing else has, with a
    // quarter of it again for shared beginnings. So a session never takes a third of what is free. It is opened when weights,
    // factors and the optimiser's numbers are in memory, and closed before the records of a gradient are made, so that both fit
    // one after the other. An engine with few of the machine's threads has that part of the quarter, as a sweep has many such
    // runs at a time. `memory` assumes all threads, and adds up the records and a quarter of what they leave: a bound, and a run
    // that fits with 2 GiB is never refused for more.

    /// Bytes of keys and values of a session's running sequences where so many are free.
    private static func cacheBytes(free: Int) -> Int { max(DecodingState.Limits().cacheBytes, free / 4) }

    /// How much a session runs at once where its caller does not say.
    var limits: DecodingState.Limits {
        let free = min(SystemMemory.usable - model.byteCount, SystemMemory.available ?? .max)
        let processors = ProcessInfo.processInfo.activeProcessorCount
        var limits = DecodingState.Limits()
        limits.cacheBytes = Self.cacheBytes(free: free / processors * min(threads, processors))
        return limits
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
    ///   - others: Bytes that the run holds besides: its weights, factors and trained numbers.
    ///   - room: Bytes that there are for all of it. Where they are more than is needed, more sequences run at once.
    public static func memory(
        _ model: ModelConfiguration, sampledSequences: Int, learnedSequences: Int, length: Int, rank: Int?,
        arithmetic: Arithmetic, savesMemory: Bool = false, others: Int = 0,
        room: Int = min(SystemMemory.usable, SystemMemory.available ?? .max)
    ) -> Memory {
        func product(_ a: Int, _ b: Int) -> Int {
            let (product, overflow) = a.multipliedReportingOverflow(by: b)
            return overflow ? .max : product
        }
        let sequence = model.cacheBytes(length: length, arithmetic)
        let learning = LearningPlan.Limits(model, rank: rank, rows: nil, savesMemory: savesMemory)
        let rows = learning.rowsHeld(of: learnedSequences, length: length)
        var ofRows = rows * Double(model.recordBytes(rank: rank))
        if savesMemory {
            // Prompts and completions are in two passes; each keeps everything or the inputs of layers.
            let whole = 2 * Double(LearningPlan.Limits.recordBytes)
            ofRows = min(ofRows, whole + rows * Double(model.layerInputBytes(rank: rank)))
        }
        let logits = product(product(learnedSequences, length), 4 * model.vocabularySize)
        let records =
            (Int(exactly: ofRows.rounded(.up)) ?? .max / 4) + min(ModelConfiguration.keptLogitBytes, logits)
        var limits = DecodingState.Limits()
        limits.cacheBytes = cacheBytes(free: room - min(room, others) - min(room, records))
        // One sequence, or one beginning, is held whatever it takes. A single sequence shares no beginning.
        let running = min(product(min(sampledSequences, limits.sequences), sequence), max(limits.cacheBytes, sequence))
        let kept = sampledSequences > 1 ? min(sampledSequences, PrefixCache.mostEntries) : 0
        let beginnings = min(product(kept, sequence), max(limits.beginningBytes, sequence))
        return Memory(cache: running + beginnings, records: records)
    }
}
