internal import TinyAdapter
internal import TinyFoundation
internal import TinyModel
internal import TinyTensor
import TinyCheckpoint

/// Samples requests on this machine: each pass computes one token of every running sequence and the prompts that begin.
final class LocalSession: SamplingSession {
    private let engine: LocalEngine
    private let limits: DecodingState.Limits
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
        var prefixes: PrefixCache
        /// The first tokens of a prompt that takes several passes.
        var begun: (request: Int, cache: SequenceCache)?
        /// Of requests whose prompts are to be scored: the tokens so far, `nil` for one without a probability.
        var scores: [Int: [ScoredChoice?]] = [:]

        mutating func add(_ request: CompletionRequest, as id: Int) {
            state.add(request, as: id)
            if request.scoresPrompt { scores[id] = [] }
        }

        /// A cache of the first tokens of a request's prompt: of those that are known, or none.
        func known(_ id: Int, _ request: CompletionRequest, _ model: LanguageModel) -> SequenceCache {
            // Keys and values alone give no probabilities.
            let shared =
                request.scoresPrompt ? nil : prefixes.beginning(of: request.prompt, adapter: request.content)
            guard let begun, begun.request == id, begun.cache.count >= shared?.count ?? 0 else {
                return shared ?? SequenceCache(for: model)
            }
            return begun.cache
        }

    }

    init(_ engine: LocalEngine, limits: DecodingState.Limits) {
        self.engine = engine
        self.limits = limits
        adapters = PreparedAdapters(mostIdleBytes: limits.adapterBytes)
        batches = [Self.batch(engine, limits, weights: nil)]
    }

    private static func batch(
        _ engine: LocalEngine, _ limits: DecodingState.Limits, weights: [Float]?
    ) -> Batch {
        let sizes = engine.model.configuration, arithmetic = engine.model.arithmetic
        return Batch(
            weights: weights, model: weights == nil ? engine.model : nil,
            state: DecodingState(contextLength: engine.contextLength, limits: limits) {
                sizes.cacheBytes(length: $0, arithmetic)
            }, prefixes: PrefixCache(mostBytes: limits.beginningBytes))
    }

    func add(_ request: CompletionRequest) throws -> Int {
        try engine.check(request)
        if let adapter = request.content { _ = try engine.method(of: adapter) }
        let id = requestCount
        switch try adapters.effect(of: request, as: id, prepare: engine.effect) {
        case nil: batches[0].add(request, as: id)
        case .change(let change):
            batches[0].add(request, as: id)
            batches[0].changes[id] = change
        case .weights(let weights):
            if let place = batches.firstIndex(where: { $0.weights == weights }) {
                batches[place].add(request, as: id)
            } else {
                batches.append(Self.batch(engine, limits, weights: weights))
                batches[batches.count - 1].add(request, as: id)
            }
        }
        requestCount += 1
        return id
    }

    func cancel(_ request: Int) {
        adapters.release(request)
        for place in batches.indices {
            batches[place].state.cancel(request)
            batches[place].changes[request] = nil
            batches[place].scores[request] = nil
            batches[place].caches = batches[place].caches.filter { $0.key.request != request }
            if batches[place].begun?.request == request { batches[place].begun = nil }
        }
    }

    func stop(_ sample: SampleID) -> Completion? {
        for place in batches.indices {
            guard let completion = batches[place].state.stop(sample) else { continue }
            forget(sample, in: &batches[place])
            return completion
        }
        return nil
    }

    /// Frees what an ended sample needed.
    private func forget(_ sample: SampleID, in batch: inout Batch) {
        batch.caches[sample] = nil
        guard batch.state.request(sample.request) == nil else { return }
        batch.changes[sample.request] = nil
        batch.scores[sample.request] = nil
        adapters.release(sample.request)
    }

    func advance() async throws -> [SamplingEvent] {
        batches = batches.filter { $0.weights == nil || !$0.state.isIdle }
        while let place = batches.firstIndex(where: { !$0.state.isIdle }) {
            let events = try advance(&batches[place])
            if !events.isEmpty { return events }
        }
        return []
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
        let prompts = pass.starting.compactMap { start in
            batch.state.request(start.request).map { request in
                let cache = batch.known(start.request, request, model)
                return Segment(
                    cache: cache, tokens: Array(request.prompt.dropFirst(cache.count)),
                    change: batch.changes[start.request])
            }
        }
        if pass.starting.contains(where: { $0.request == batch.begun?.request }) { batch.begun = nil }
        let beginning = begin(pass.beginning, in: &batch, model)
        var began: [SamplingEvent] = []
        if let piece = pass.beginning {
            began.append(.began(SampleID(request: piece.request, sample: 0), tokens: piece.rows))
        }
        guard !steps.isEmpty || !prompts.isEmpty || !beginning.isEmpty else {
            return began + batch.state.receive([])
        }
        let scored = scoredPrompts(of: pass, prompts: prompts, beginning: beginning, in: batch)
        let (hidden, every) = model.advance(
            steps + prompts + beginning, everyRowOf: scored.map { steps.count + $0.segment }, team: engine.team)
        for (part, hidden) in zip(scored, every) { score(part, hidden: hidden, model: model, in: &batch) }
        var rows = Array(steps.indices)
        for (index, start) in pass.starting.enumerated() {
            for sample in start.samples {
                rows.append(steps.count + index)
                let cache = prompts[index].cache
                batch.caches[SampleID(request: start.request, sample: sample)] =
                    start.samples.count == 1 ? cache : cache.fork()
            }
        }
        var choices = choose(pass.samples, rows: rows, hidden: hidden, model: model, state: batch.state)
        let reports = reports(of: pass.starting, in: &batch)
        for (place, sample) in pass.samples.enumerated() where reports.broken.contains(sample.request) {
            choices[place] = nil
        }
        let events = batch.state.receive(choices)
        for event in events {
            if case .token = event { continue }
            forget(event.sample, in: &batch)
        }
        return began + reports.events + events
    }

    /// The next rows of a prompt that takes several passes; none where they are known.
    private func begin(
        _ beginning: DecodingState.Beginning?, in batch: inout Batch, _ model: LanguageModel
    ) -> [Segment] {
        guard let beginning, let request = batch.state.request(beginning.request) else { return [] }
        let cache = batch.known(beginning.request, request, model)
        batch.begun = (beginning.request, cache)
        guard cache.count < beginning.rows else { return [] }
        return [
            Segment(
                cache: cache, tokens: Array(request.prompt[cache.count..<beginning.rows]),
                change: batch.changes[beginning.request])
        ]
    }

    /// Computes beginnings that a starting prompt shares with others that start or wait, one for each adapter.
    private func computePrefixes(of starting: [DecodingState.Start], in batch: inout Batch, _ model: LanguageModel) {
        var requests = starting.compactMap { start in
            batch.state.request(start.request).map { (id: start.request, request: $0) }
        }
        let waiting = batch.state.waiting(Self.comparedPrompts)
        requests.removeAll { $0.request.scoresPrompt }
        while let (id, first) = requests.first {
            let content = first.content, same = requests.filter { $0.request.content == content }
            requests.removeAll { $0.request.content == content }
            let others =
                same.dropFirst().map(\.request.prompt) + waiting.filter { $0.content == content }.map(\.prompt)
            guard let count = batch.prefixes.worthSharing(first.prompt, with: others, adapter: content) else {
                continue
            }
            let known = batch.known(id, first, model), cache = known.fork(count: min(count, known.count))
            let tokens = Array(first.prompt.prefix(count)), rest = Array(tokens.dropFirst(cache.count))
            if !rest.isEmpty {
                let segment = Segment(cache: cache, tokens: rest, change: batch.changes[id])
                _ = model.advance([segment], team: engine.team)
            }
            batch.prefixes.keep(
                tokens, cache, bytes: model.configuration.cacheBytes(length: tokens.count, model.arithmetic),
                adapter: content)
        }
    }

    /// Waiting prompts that a starting one is compared with.
    private static let comparedPrompts = 16

    /// Chooses the next token of each sample; `nil` for one whose logits are not numbers.
    ///
    /// - Parameters:
    ///   - rows: The row of `hidden` that each sample's token follows, ascending.
    ///   - hidden: The final norm of the pass's last rows, `[rows, hidden]`.
    private func choose(
        _ samples: [SampleID], rows: [Int], hidden: Matrix, model: LanguageModel, state: DecodingState
    ) -> [ScoredChoice?] {
        choices(after: rows, of: hidden, model: model) { index, logits, count in
            guard let request = state.request(samples[index].request) else { return nil }
            var stream = RandomStream(request.streams[samples[index].sample])
            stream.seek(toBlock: state.tokens(of: samples[index]).count)
            return TokenSampler(request.sampling).choose(
                logits, count: count, uniform: stream.uniform(), alternatives: request.alternatives)
        }
    }

    /// A token for each of `rows`, ascending, from its logits.
    private func choices(
        after rows: [Int], of hidden: Matrix, model: LanguageModel,
        _ choose: (_ index: Int, _ logits: Floats, _ count: Int) -> TokenSampler.ScoredWithOthers?
    ) -> [ScoredChoice?] {
        let vocabulary = model.configuration.vocabularySize, block = max(1, Self.logitBudget / vocabulary)
        var choices = [ScoredChoice?](repeating: nil, count: rows.count)
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
                            let found = choose(index, logits.row(rows[index] - first), vocabulary)
                            choices[index] = found.map { found in
                                ScoredChoice(
                                    ScoredToken(found.chosen.token, logprob: found.chosen.logprob),
                                    alternatives: found.alternatives.map { ScoredToken($0.token, logprob: $0.logprob) })
                            }
                        }
                    }
                }
            }
        }
        return choices
    }

    // MARK: Scored prompts

    /// Tokens of a prompt that follow from rows of a pass.
    private struct ScoredPart {
        let request: Int
        /// Place among the prompts of the pass, the one that only begins last.
        let segment: Int
        /// The token after each row.
        let tokens: [Int]
    }

    private func scoredPrompts(
        of pass: DecodingState.Pass, prompts: [Segment], beginning: [Segment], in batch: Batch
    ) -> [ScoredPart] {
        let ids = pass.starting.map(\.request) + (pass.beginning.map { [$0.request] } ?? [])
        return zip(ids, prompts + beginning).enumerated().compactMap { place, pair in
            let (id, segment) = pair
            guard batch.scores[id] != nil, let prompt = batch.state.request(id)?.prompt else { return nil }
            let rows = segment.cache.count..<segment.cache.count + segment.tokens.count
            return ScoredPart(
                request: id, segment: place, tokens: Array(prompt[(rows.lowerBound + 1)...].prefix(rows.count)))
        }
    }

    private func score(_ part: ScoredPart, hidden: Matrix, model: LanguageModel, in batch: inout Batch) {
        guard let request = batch.state.request(part.request) else { return }
        let sampler = TokenSampler(request.sampling)
        batch.scores[part.request]? += choices(after: Array(part.tokens.indices), of: hidden, model: model) {
            sampler.score(part.tokens[$0], $1, count: $2, alternatives: request.alternatives)
        }
    }

    /// The events of prompts that are scored to their end, and the requests for which some token has no probability.
    private func reports(
        of starting: [DecodingState.Start], in batch: inout Batch
    ) -> (events: [SamplingEvent], broken: Set<Int>) {
        var events: [SamplingEvent] = [], broken: Set<Int> = []
        for start in starting {
            guard let scores = batch.scores.removeValue(forKey: start.request) else { continue }
            let whole = scores.compactMap(\.self)
            if whole.count == scores.count {
                events.append(.prompt(SampleID(request: start.request, sample: 0), whole))
            } else {
                broken.insert(start.request)
            }
        }
        return (events, broken)
    }
}

extension TokenSampler {
    fileprivate init(_ sampling: SamplingParameters) {
        self.init(temperature: sampling.temperature, topK: sampling.topK, topP: sampling.topP)
    }
}
