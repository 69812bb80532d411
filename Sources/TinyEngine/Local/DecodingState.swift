/// Which sequences the next pass computes, and what becomes of them: the bookkeeping of sampling as a pure state machine.
///
/// It knows no model. A loop asks for the next pass, computes it, and reports one chosen token for each of its sequences;
/// requests are added and cancelled between passes. A prompt is computed once, and its samples share its keys and values.
///
/// ```swift
/// state.add(request, as: 0)
/// while let pass = state.nextPass() {
///     let events = state.receive(pass.samples.map { … })       // a token for each, in order
/// }
/// ```
package struct DecodingState {
    /// How much runs at once. Limits change speed and memory, never a result.
    package struct Limits: Sendable {
        /// Sequences that run at once: more gain nothing once the matrix products are full.
        package var sequences = 256
        /// Bytes of keys and values of all running sequences.
        package var cacheBytes = 2 << 30
        /// Prompt rows of one pass, so that running sequences do not wait long; a longer prompt takes several passes.
        package var promptRows = 1024
        /// Bytes of adapters that stay prepared after their last request: for sessions that take further ones.
        package var adapterBytes = 0
        /// Bytes of keys and values of the beginnings of prompts that are kept besides.
        var beginningBytes: Int { cacheBytes / 4 }

        package init() {}
    }

    /// A prompt with the samples that begin from it.
    package struct Start: Equatable {
        package let request: Int
        package let samples: Range<Int>

        package init(request: Int, samples: Range<Int>) {
            self.request = request
            self.samples = samples
        }
    }

    /// The first tokens of a prompt, computed for their keys and values alone.
    package struct Beginning: Equatable {
        package let request: Int
        /// Tokens of the prompt that are computed after this pass.
        package let rows: Int
    }

    /// What one pass through the model computes.
    package struct Pass: Equatable {
        /// Sequences that get one more token, in order.
        package var continuing: [SampleID]
        /// Prompts that are computed.
        package var starting: [Start]
        /// A prompt too long for one pass.
        package var beginning: Beginning?

        /// Every sample that gets a token: those that continue, then those that start.
        package var samples: [SampleID] {
            continuing
                + starting.flatMap { start in
                    start.samples.map { SampleID(request: start.request, sample: $0) }
                }
        }
    }

    private struct Sequence {
        var tokens: [Int] = []
        var logprobs: [Float] = []

        func completion(_ stop: StopReason) -> Completion {
            Completion(tokens: tokens, logprobs: logprobs, stop: stop)
        }
    }

    private let contextLength: Int
    private let limits: Limits
    /// Bytes of the keys and values of a sequence of this many positions.
    private let cacheBytes: @Sendable (Int) -> Int
    private var requests: [Int: CompletionRequest] = [:]
    /// Those of each request, to look each sampled token up.
    private var stopTokens: [Int: Set<Int>] = [:]
    /// Samples of each request that have not ended.
    private var unfinished: [Int: Int] = [:]
    private var waiting: [Start] = []
    private var running: [SampleID] = []
    private var sequences: [SampleID: Sequence] = [:]
    /// Bytes of keys and values that the running sequences need at most.
    private var plannedBytes = 0
    /// Tokens of the first waiting prompt that are computed; its bytes are planned once there are any.
    private var begunRows = 0

    package init(contextLength: Int, limits: Limits = Limits(), cacheBytes: @escaping @Sendable (Int) -> Int) {
        self.contextLength = contextLength
        self.limits = limits
        self.cacheBytes = cacheBytes
    }

    /// Whether every request has ended.
    package var isIdle: Bool { running.isEmpty && waiting.isEmpty }

    /// A request that has not ended.
    package func request(_ id: Int) -> CompletionRequest? { requests[id] }

    /// Requests that begin next, at most `count` of them.
    package func waiting(_ count: Int) -> [CompletionRequest] {
        waiting.prefix(count).compactMap { requests[$0.request] }
    }

    /// Tokens sampled so far, of a sample that has begun.
    package func tokens(of sample: SampleID) -> [Int] { sequences[sample]?.tokens ?? [] }

    /// Queues a request under a number that no other has.
    package mutating func add(_ request: CompletionRequest, as id: Int) {
        requests[id] = request
        stopTokens[id] = Set(request.sampling.stopTokens)
        unfinished[id] = request.streams.count
        let count = request.streams.count, most = mostSequences(request)
        for first in stride(from: 0, to: count, by: most) {
            waiting.append(Start(request: id, samples: first..<min(count, first + most)))
        }
    }

    /// Forgets a request's samples.
    package mutating func cancel(_ id: Int) {
        if let request = requests[id] {
            plannedBytes -= running.count { $0.request == id } * bytes(request)
            if begunRows > 0, let first = waiting.first, first.request == id {
                plannedBytes -= first.samples.count * bytes(request)
                begunRows = 0
            }
        }
        forget(id)
        waiting.removeAll { $0.request == id }
        running.removeAll { $0.request == id }
        sequences = sequences.filter { $0.key.request != id }
    }

    /// Ends a running sample after the tokens it has; `nil` for one that does not run.
    package mutating func stop(_ sample: SampleID) -> Completion? {
        guard let place = running.firstIndex(of: sample), let sequence = ended(sample) else { return nil }
        running.remove(at: place)
        return sequence.completion(.stopText)
    }

    /// The next pass; `nil` when every request has ended. ``receive(_:)`` must follow before the next call.
    package mutating func nextPass() -> Pass? {
        guard !isIdle else { return nil }
        let (starting, beginning) = admitted()
        let pass = Pass(continuing: running, starting: starting, beginning: beginning)
        running = pass.samples
        for sample in running[pass.continuing.count...] { sequences[sample] = Sequence() }
        return pass
    }

    /// Takes the tokens of the pass, one for each of ``Pass/samples``, in order; `nil` ends a sample that has no probabilities.
    package mutating func receive(_ choices: [ScoredChoice?]) -> [SamplingEvent] {
        precondition(choices.count == running.count, "\(choices.count) tokens for \(running.count) sequences")
        var events: [SamplingEvent] = []
        running = zip(running, choices).compactMap { sample, choice in
            guard let choice else {
                _ = ended(sample)
                events.append(.failed(sample, LocalEngine.notFinite))
                return nil
            }
            sequences[sample]?.tokens.append(choice.chosen.token)
            sequences[sample]?.logprobs.append(choice.chosen.logprob)
            events.append(.token(sample, choice.chosen, alternatives: choice.alternatives))
            guard let stop = stopReason(sample), let sequence = ended(sample) else { return sample }
            events.append(.finished(sample, sequence.completion(stop)))
            return nil
        }
        return events
    }

    /// Forgets a running sample, and its request with the last one.
    private mutating func ended(_ sample: SampleID) -> Sequence? {
        guard let sequence = sequences.removeValue(forKey: sample) else { return nil }
        if let request = requests[sample.request] { plannedBytes -= bytes(request) }
        unfinished[sample.request, default: 0] -= 1
        if unfinished[sample.request] == 0 { forget(sample.request) }
        return sequence
    }

    private mutating func forget(_ id: Int) {
        requests[id] = nil
        stopTokens[id] = nil
        unfinished[id] = nil
    }

    private func stopReason(_ sample: SampleID) -> StopReason? {
        guard let request = requests[sample.request], let tokens = sequences[sample]?.tokens, let last = tokens.last
        else { return nil }
        if stopTokens[sample.request]?.contains(last) == true { return .endOfText }
        if tokens.count >= request.sampling.maxTokens { return .tokenLimit }
        return request.prompt.count + tokens.count >= contextLength ? .contextFull : nil
    }

    // MARK: Admission

    /// Bytes of keys and values of one sample at its full length.
    private func bytes(_ request: CompletionRequest) -> Int {
        let (length, overflow) = request.prompt.count.addingReportingOverflow(request.sampling.maxTokens)
        return max(1, cacheBytes(overflow ? contextLength : min(contextLength, length)))
    }

    /// How many samples of a request fit at once.
    private func mostSequences(_ request: CompletionRequest) -> Int {
        max(1, min(limits.sequences, limits.cacheBytes / bytes(request)))
    }

    /// Takes prompts off the queue while there is room. The first one may begin before the whole of it fits into a pass.
    private mutating func admitted() -> (starting: [Start], beginning: Beginning?) {
        var admitted = 0, sequences = running.count, rows = 0, beginning: Beginning?
        for start in waiting {
            guard let request = requests[start.request] else { break }
            let left = request.prompt.count - begunRows
            guard rows == 0 || rows + left <= limits.promptRows else { break }
            if begunRows == 0 {
                let more = start.samples.count * bytes(request)
                let fits =
                    sequences + start.samples.count <= limits.sequences && plannedBytes + more <= limits.cacheBytes
                guard fits || sequences == 0 else { break }
                plannedBytes += more
            }
            guard left <= limits.promptRows else {
                begunRows += limits.promptRows
                beginning = Beginning(request: start.request, rows: begunRows)
                break
            }
            begunRows = 0
            sequences += start.samples.count
            rows += left
            admitted += 1
        }
        defer { waiting.removeFirst(admitted) }
        return (Array(waiting.prefix(admitted)), beginning)
    }
}
