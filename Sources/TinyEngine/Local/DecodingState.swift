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
        /// Prompt rows that begin in one pass, so that running sequences do not wait long.
        package var promptRows = 1024

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

    /// What one pass through the model computes.
    package struct Pass: Equatable {
        /// Sequences that get one more token, in order.
        package var continuing: [SampleID]
        /// Prompts that are computed.
        package var starting: [Start]

        /// Every sample that gets a token: those that continue, then those that start.
        package var samples: [SampleID] {
            continuing
                + starting.flatMap { start in
                    start.samples.map { SampleID(request: start.request, sample: $0) }
                }
        }
    }

    /// A token and its log-probability.
    package typealias Choice = (token: Int, logprob: Float)

    private struct Sequence {
        var tokens: [Int] = []
        var logprobs: [Float] = []
    }

    private let contextLength: Int
    private let limits: Limits
    /// Bytes of the keys and values of a sequence of this many positions.
    private let cacheBytes: @Sendable (Int) -> Int
    private var requests: [Int: CompletionRequest] = [:]
    /// Samples of each request that have not ended.
    private var unfinished: [Int: Int] = [:]
    private var waiting: [Start] = []
    private var running: [SampleID] = []
    private var sequences: [SampleID: Sequence] = [:]

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
        unfinished[id] = request.streams.count
        let count = request.streams.count, most = mostSequences(request)
        for first in stride(from: 0, to: count, by: most) {
            waiting.append(Start(request: id, samples: first..<min(count, first + most)))
        }
    }

    /// Forgets a request's samples.
    package mutating func cancel(_ id: Int) {
        forget(id)
        waiting.removeAll { $0.request == id }
        running.removeAll { $0.request == id }
        sequences = sequences.filter { $0.key.request != id }
    }

    /// Ends a running sample after the tokens it has; `nil` for one that does not run.
    package mutating func stop(_ sample: SampleID) -> Completion? {
        guard let place = running.firstIndex(of: sample), let sequence = sequences.removeValue(forKey: sample) else {
            return nil
        }
        running.remove(at: place)
        return ended(sample, sequence, .stopText)
    }

    /// The next pass; `nil` when every request has ended. ``receive(_:)`` must follow before the next call.
    package mutating func nextPass() -> Pass? {
        guard !isIdle else { return nil }
        let pass = Pass(continuing: running, starting: admitted())
        running = pass.samples
        for sample in running[pass.continuing.count...] { sequences[sample] = Sequence() }
        return pass
    }

    /// Takes the tokens of the pass, one for each of ``Pass/samples``, in order.
    package mutating func receive(_ choices: [Choice]) -> [SamplingEvent] {
        precondition(choices.count == running.count, "\(choices.count) tokens for \(running.count) sequences")
        var events: [SamplingEvent] = []
        running = zip(running, choices).compactMap { sample, choice in
            sequences[sample]?.tokens.append(choice.token)
            sequences[sample]?.logprobs.append(choice.logprob)
            events.append(.token(sample, token: choice.token, logprob: choice.logprob))
            guard let stop = stopReason(sample), let sequence = sequences.removeValue(forKey: sample) else {
                return sample
            }
            events.append(.finished(sample, ended(sample, sequence, stop)))
            return nil
        }
        return events
    }

    private mutating func ended(_ sample: SampleID, _ sequence: Sequence, _ stop: StopReason) -> Completion {
        unfinished[sample.request, default: 0] -= 1
        if unfinished[sample.request] == 0 { forget(sample.request) }
        return Completion(tokens: sequence.tokens, logprobs: sequence.logprobs, stop: stop)
    }

    private mutating func forget(_ id: Int) {
        requests[id] = nil
        unfinished[id] = nil
    }

    private func stopReason(_ sample: SampleID) -> StopReason? {
        guard let request = requests[sample.request], let tokens = sequences[sample]?.tokens, let last = tokens.last
        else { return nil }
        if request.sampling.stopTokens.contains(last) { return .endOfText }
        if tokens.count >= request.sampling.maxTokens { return .tokenLimit }
        return request.prompt.count + tokens.count >= contextLength ? .contextFull : nil
    }

    // MARK: Admission

    /// How many sequences of a request's length fit at once.
    private func mostSequences(_ request: CompletionRequest) -> Int {
        let length = min(contextLength, request.prompt.count + request.sampling.maxTokens)
        return max(1, min(limits.sequences, limits.cacheBytes / max(1, cacheBytes(length))))
    }

    /// Takes prompts off the queue while there is room.
    private mutating func admitted() -> [Start] {
        var admitted = 0, sequences = running.count, rows = 0
        for start in waiting {
            guard let request = requests[start.request] else { break }
            let isAlone = sequences == 0
            guard isAlone || sequences + start.samples.count <= mostSequences(request) else { break }
            guard isAlone || rows + request.prompt.count <= limits.promptRows else { break }
            sequences += start.samples.count
            rows += request.prompt.count
            admitted += 1
        }
        defer { waiting.removeFirst(admitted) }
        return Array(waiting.prefix(admitted))
    }
}
