internal import TinyAdapter
internal import TinyFoundation
internal import TinyModel
internal import TinyTensor
import TinyCheckpoint

/// Samples requests on this machine: each pass computes one token of every running sequence and the prompts that begin.
final class LocalSession: SamplingSession {
    private let engine: LocalEngine
    private var adapters: PreparedAdapters
    /// Requests by the model weights they run on: first those of the frozen model, with any adapter.
    private var batches: [Batch]
    private var requestCount = 0

    /// Most logits held at once.
    private static let logitBudget = 1 << 24

    /// Requests that run on the same model weights, and so share passes.
    private struct Batch {
        /// Weights that replace the frozen ones; packed when the batch's turn comes.
        let weights: [Float]?
        var model: LanguageModel?
        var state: DecodingState
        var changes: [Int: LowRankChange] = [:]
        var caches: [SampleID: SequenceCache] = [:]
        var prefixes = PrefixCache()

        /// Frees what an ended sample needed.
        mutating func forget(_ sample: SampleID) {
            caches[sample] = nil
            if state.request(sample.request) == nil { changes[sample.request] = nil }
        }
    }

    init(_ engine: LocalEngine) {
        self.engine = engine
        adapters = PreparedAdapters(engine.method)
        batches = [Self.batch(engine, weights: nil)]
    }

    private static func batch(_ engine: LocalEngine, weights: [Float]?) -> Batch {
        let sizes = engine.model.configuration, arithmetic = engine.model.arithmetic
        return Batch(
            weights: weights, model: weights == nil ? engine.model : nil,
            state: DecodingState(contextLength: engine.contextLength) { sizes.cacheBytes(length: $0, arithmetic) })
    }

    func add(_ request: CompletionRequest) throws -> Int {
        try engine.check(request)
        let id = requestCount
        switch try adapters.effect(of: request.adapter) {
        case nil: batches[0].state.add(request, as: id)
        case .change(let change):
            batches[0].state.add(request, as: id)
            batches[0].changes[id] = change
        case .weights(let weights):
            if let place = batches.firstIndex(where: { $0.weights == weights }) {
                batches[place].state.add(request, as: id)
            } else {
                batches.append(Self.batch(engine, weights: weights))
                batches[batches.count - 1].state.add(request, as: id)
            }
        }
        requestCount += 1
        return id
    }

    func cancel(_ request: Int) {
        for place in batches.indices {
            batches[place].state.cancel(request)
            batches[place].changes[request] = nil
            batches[place].caches = batches[place].caches.filter { $0.key.request != request }
        }
    }

    func stop(_ sample: SampleID) -> Completion? {
        for place in batches.indices {
            guard let completion = batches[place].state.stop(sample) else { continue }
            batches[place].forget(sample)
            return completion
        }
        return nil
    }

    func advance() async throws -> [SamplingEvent] {
        batches = batches.filter { $0.weights == nil || !$0.state.isIdle }
        guard let place = batches.firstIndex(where: { !$0.state.isIdle }) else { return [] }
        return try advance(&batches[place])
    }

    private func advance(_ batch: inout Batch) throws -> [SamplingEvent] {
        guard let pass = batch.state.nextPass() else { return [] }
        let model =
            try batch.model
            ?? LanguageModel(
                engine.model.configuration, values: batch.weights ?? [], arithmetic: engine.model.arithmetic)
        batch.model = model
        let steps = pass.continuing.compactMap { sample in
            batch.caches[sample].map {
                Segment(
                    cache: $0, tokens: batch.state.tokens(of: sample).suffix(1), change: batch.changes[sample.request])
            }
        }
        computePrefixes(of: pass.starting, in: &batch, model)
        let prompts = pass.starting.map { start in
            let request = batch.state.request(start.request), prompt = request?.prompt ?? []
            let cache =
                batch.prefixes.beginning(of: prompt, adapter: request?.adapter) ?? SequenceCache(for: model)
            return Segment(
                cache: cache, tokens: Array(prompt.dropFirst(cache.count)), change: batch.changes[start.request])
        }
        let hidden = model.advance(steps + prompts, team: engine.team)
        var rows = Array(steps.indices)
        for (index, start) in pass.starting.enumerated() {
            for sample in start.samples {
                rows.append(steps.count + index)
                let cache = prompts[index].cache
                batch.caches[SampleID(request: start.request, sample: sample)] =
                    start.samples.count == 1 ? cache : cache.fork()
            }
        }
        let events = batch.state.receive(
            try choose(pass.samples, rows: rows, hidden: hidden, model: model, state: batch.state))
        for case .finished(let sample, _) in events { batch.forget(sample) }
        return events
    }

    /// Computes beginnings that a starting prompt shares with others that start or wait, one for each adapter.
    private func computePrefixes(of starting: [DecodingState.Start], in batch: inout Batch, _ model: LanguageModel) {
        var requests = starting.compactMap { start in
            batch.state.request(start.request).map { (request: $0, change: batch.changes[start.request]) }
        }
        let waiting = batch.state.waiting(Self.comparedPrompts)
        while let first = requests.first?.request {
            let same = requests.filter { $0.request.adapter == first.adapter }
            requests.removeAll { $0.request.adapter == first.adapter }
            let others =
                same.dropFirst().map(\.request.prompt)
                + waiting.filter { $0.adapter == first.adapter }.map(\.prompt)
            guard
                let count = batch.prefixes.worthSharing(first.prompt, with: others, adapter: first.adapter)
            else { continue }
            let cache =
                batch.prefixes.beginning(of: first.prompt, adapter: first.adapter) ?? SequenceCache(for: model)
            let tokens = Array(first.prompt.prefix(count))
            let segment = Segment(cache: cache, tokens: Array(tokens.dropFirst(cache.count)), change: same[0].change)
            _ = model.advance([segment], team: engine.team)
            batch.prefixes.keep(tokens, cache, adapter: first.adapter)
        }
    }

    /// Waiting prompts that a starting one is compared with.
    private static let comparedPrompts = 16

    /// Chooses the next token of each sample.
    ///
    /// - Parameters:
    ///   - rows: The row of `hidden` that each sample's token follows, ascending.
    ///   - hidden: The final norm of the pass's last rows, `[rows, hidden]`.
    private func choose(
        _ samples: [SampleID], rows: [Int], hidden: Matrix, model: LanguageModel, state: DecodingState
    ) throws(EngineError) -> [DecodingState.Choice] {
        let vocabulary = model.configuration.vocabularySize, block = max(1, Self.logitBudget / vocabulary)
        var choices = [DecodingState.Choice?](repeating: nil, count: samples.count)
        var next = 0
        for first in stride(from: 0, to: hidden.rows, by: block) {
            let logits = model.nextLogits(
                hidden, rows: first..<min(hidden.rows, first + block), team: engine.team)
            let start = next
            while next < rows.count, rows[next] < first + block { next += 1 }
            engine.team.timed(.sampling) {
                choices.withUnsafeMutableBufferPointer { choices in
                    nonisolated(unsafe) let choices = choices
                    engine.team.split(next - start, least: max(1, 4096 / vocabulary)) { part in
                        for index in part.lowerBound + start..<part.upperBound + start {
                            choices[index] = token(samples[index], state, logits.row(rows[index] - first), vocabulary)
                        }
                    }
                }
            }
        }
        return try choices.map { choice throws(EngineError) in
            guard let choice else { throw LocalEngine.notFinite }
            return choice
        }
    }

    private func token(
        _ sample: SampleID, _ state: DecodingState, _ logits: Floats, _ vocabulary: Int
    ) -> DecodingState.Choice? {
        guard let request = state.request(sample.request) else { return nil }
        var stream = RandomStream(request.streams[sample.sample])
        stream.seek(toBlock: state.tokens(of: sample).count)
        let sampling = request.sampling
        return TokenSampler(temperature: sampling.temperature, topK: sampling.topK, topP: sampling.topP)
            .choose(logits, count: vocabulary, uniform: stream.uniform())
    }
}
