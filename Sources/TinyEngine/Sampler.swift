// The two roles of an engine: a sampler completes prompts, a learner gives log-probabilities and gradients.
//
// This target does not know: problems, rewards, losses, optimisers, run files, text. Trainers and evaluators see token ids,
// log-probabilities and gradients of an adapter's parameters. `LocalEngine` plays both roles on this machine's processor; a
// server or another process can play one of them.

public import TinyFoundation

/// How tokens are chosen.
public struct SamplingParameters: Sendable, Codable, Hashable {
    /// Divides the logits; `0` takes the most likely token. Range: `0...`.
    public var temperature: Double
    /// Keeps only this many most likely tokens; `nil` keeps all.
    public var topK: Int?
    /// Keeps the smallest set of most likely tokens whose probabilities reach this sum. Range: `(0, 1]`.
    public var topP: Double
    /// Most tokens to add to the prompt.
    public var maxTokens: Int
    /// Tokens that end a completion; the one that ended it is its last token.
    public var stopTokens: [Int]

    /// Samples from the model's own distribution unless other values are given.
    public init(
        temperature: Double = 1, topK: Int? = nil, topP: Double = 1, maxTokens: Int, stopTokens: [Int]
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.maxTokens = maxTokens
        self.stopTokens = stopTokens
    }

    private enum CodingKeys: String, CodingKey {
        case temperature
        case topK = "top_k"
        case topP = "top_p"
        case maxTokens = "max_tokens"
        case stopTokens = "stop_tokens"
    }
}

/// Why a completion ended.
public enum StopReason: String, Sendable, Codable {
    /// A stop token was sampled.
    case endOfText
    /// The completion's text reached a text that is not part of the answer; see ``Sampler/complete(_:progress:stopping:)``.
    case stopText
    /// ``SamplingParameters/maxTokens`` was reached.
    case tokenLimit
    /// The model's context was full.
    case contextFull

    /// Whether the completion came to its own end, and was not cut off.
    public var isEnd: Bool { self == .endOfText || self == .stopText }
}

/// Several samples of one prompt. The prompt is computed once. A plain value: it can be encoded and sent to a server.
public struct CompletionRequest: Sendable, Codable, Hashable {
    /// Token ids of the prompt; not empty.
    public var prompt: [Int]
    /// The random stream of each sample; their count is the number of samples.
    public var streams: [StreamName]
    /// The adapter's parameters as stored, or `nil` for the base model.
    public var adapter: [Float]?
    /// Which of the engine's methods the parameters belong to: 0 is the one it was made with, see ``LocalEngine/add(_:)``.
    public var method = 0
    /// How tokens are chosen.
    public var sampling: SamplingParameters
    /// How many of the most likely tokens are reported with each sampled one. Range: `0...`.
    public var alternatives = 0
    /// Whether the prompt's own tokens are reported, too, with their log-probabilities.
    public var scoresPrompt = false

    /// Asks for one completion per stream.
    public init(prompt: [Int], streams: [StreamName], adapter: [Float]?, sampling: SamplingParameters) {
        self.prompt = prompt
        self.streams = streams
        self.adapter = adapter
        self.sampling = sampling
    }
}

/// A token with its log-probability, as in ``Completion/logprobs``.
public struct ScoredToken: Sendable, Hashable {
    /// The id.
    public var token: Int
    /// Natural logarithm of its probability.
    public var logprob: Float

    /// Makes a pair.
    public init(_ token: Int, logprob: Float) {
        self.token = token
        self.logprob = logprob
    }
}

/// A token at some place, with the most likely ones there.
public struct ScoredChoice: Sendable, Hashable {
    /// The token that was sampled or given.
    public var chosen: ScoredToken
    /// The ``CompletionRequest/alternatives`` most likely tokens, the most likely first.
    public var alternatives: [ScoredToken]

    /// Makes a choice from its parts.
    public init(_ chosen: ScoredToken, alternatives: [ScoredToken] = []) {
        self.chosen = chosen
        self.alternatives = alternatives
    }
}

/// One sampled answer.
public struct Completion: Sendable, Codable, Hashable {
    /// Token ids after the prompt; the stop token, or the tokens of the text that ended it, included.
    public var tokens: [Int]
    /// Natural logarithm of each token's probability under the whole distribution at the sampling temperature
    /// (at temperature 0: at temperature 1).
    public var logprobs: [Float]
    /// Why it ended.
    public var stop: StopReason
    /// The engine that sampled it, where that is not this process.
    public var engine: String?

    /// Makes a completion from its parts.
    public init(tokens: [Int], logprobs: [Float], stop: StopReason, engine: String? = nil) {
        self.tokens = tokens
        self.logprobs = logprobs
        self.stop = stop
        self.engine = engine
    }
}

/// Which sample of which request of a ``SamplingSession``.
public struct SampleID: Sendable, Hashable {
    /// What ``SamplingSession/add(_:)`` returned.
    public var request: Int
    /// Position in ``CompletionRequest/streams``.
    public var sample: Int

    /// Names a sample.
    public init(request: Int, sample: Int) {
        self.request = request
        self.sample = sample
    }
}

/// What happens to one sample of a session.
public enum SamplingEvent: Sendable {
    /// So many tokens of a prompt that takes several passes are computed. It comes with the request's first sample, and again where
    /// further samples begin from the prompt on their own.
    case began(SampleID, tokens: Int)
    /// The tokens of a prompt after its first were scored, see ``CompletionRequest/scoresPrompt``. It comes once for a request,
    /// before its first token, with the first sample.
    case prompt(SampleID, [ScoredChoice])
    /// A token was sampled; with it come the ``CompletionRequest/alternatives`` most likely tokens, the most likely first.
    case token(SampleID, ScoredToken, alternatives: [ScoredToken])
    /// The sample ended; its last token was reported before.
    case finished(SampleID, Completion)
    /// The sample ended without a completion: the model with its adapter gives no probabilities. Others are not concerned.
    case failed(SampleID, EngineError)

    /// Which sample it happens to.
    public var sample: SampleID {
        switch self {
        case .began(let sample, _), .prompt(let sample, _), .token(let sample, _, _), .finished(let sample, _),
            .failed(let sample, _):
            sample
        }
    }
}

/// Requests that are completed together. A request may join or be cancelled between any two tokens; what a sample becomes
/// depends on its request alone, never on the others. One task at a time uses a session.
public protocol SamplingSession: AnyObject {
    /// Adds a request, which begins when there is room.
    ///
    /// - Returns: A number that no other request of the session has.
    /// - Throws: ``EngineError`` when the request is not valid; the session is unchanged.
    func add(_ request: CompletionRequest) throws -> Int

    /// Ends a request's unfinished samples without a further event. Unknown and finished requests are ignored.
    func cancel(_ request: Int)

    /// Ends one sample after the tokens that were reported, for a reason that the session does not know, such as its text.
    ///
    /// - Returns: The completion, of which there is no further event; `nil` for a sample that does not run.
    func stop(_ sample: SampleID) -> Completion?

    /// Computes one pass. Requests can be cancelled before the next, however long a prompt is.
    ///
    /// - Returns: At least one event, or none when every request has ended.
    func advance() async throws -> [SamplingEvent]
}

/// Completes prompts with adapters.
///
/// The adapter's parameters travel with each request, so one sampler serves any number of adapters at once. Trainers need
/// nothing else of an engine to sample: a stand-in that makes up tokens is a session of a few lines.
public protocol Sampler: Sendable {
    /// Most tokens of a sequence, prompt included.
    var contextLength: Int { get }

    /// Opens a session without requests.
    func session() -> any SamplingSession
}

extension Sampler {
    /// Completes every request.
    ///
    /// - Parameters:
    ///   - requests: Any number, with any adapters; how they are batched changes no result.
    ///   - progress: Called after each advance with the numbers of sampled tokens and finished completions so far.
    ///   - stopping: Makes a watcher for each completion, which is given its tokens in order and returns whether it ends with this
    ///     one. All sampled tokens stay in the completion: to end there was a choice that can be learnt.
    /// - Returns: For each request, one completion per stream, in order.
    /// - Throws: ``EngineError`` for an invalid request, before the first token is sampled, where a sample fails, and with code
    ///   `missingCompletion` where the session ends without a completion of each sample.
    public func complete(
        _ requests: [CompletionRequest],
        progress: (@Sendable (_ tokens: Int, _ finished: Int) -> Void)? = nil,
        stopping: (@Sendable () -> (_ token: Int) -> Bool)? = nil
    ) async throws -> [[Completion]] {
        let session = session()
        var places: [Int: Int] = [:]
        for (place, request) in requests.enumerated() { places[try session.add(request)] = place }
        var results = requests.map { [Completion?](repeating: nil, count: $0.streams.count) }
        var watchers = StopWatchers(stopping)
        var tokens = 0, finished = 0
        while true {
            let events = try await session.advance()
            guard !events.isEmpty else { return try whole(results) }
            for event in events {
                let end: (id: SampleID, completion: Completion)?
                switch event {
                case .began, .prompt: continue
                case .token(let id, let chosen, _):
                    tokens += 1
                    end = watchers.isEnd(chosen.token, of: id) ? session.stop(id).map { (id, $0) } : nil
                case .finished(let id, let completion): end = (id, completion)
                case .failed(_, let error): throw error
                }
                guard let end else { continue }
                finished += 1
                if let place = places[end.id.request] {
                    results[place][end.id.sample] = watchers.ended(end.completion, of: end.id)
                }
            }
            progress?(tokens, finished)
        }
    }

    private func whole(_ results: [[Completion?]]) throws(EngineError) -> [[Completion]] {
        let whole = results.map { $0.compactMap(\.self) }
        guard whole.map(\.count) == results.map(\.count) else {
            let found = whole.reduce(0) { $0 + $1.count }, expected = results.reduce(0) { $0 + $1.count }
            throw EngineError(.missingCompletion, "the sampler gave \(found) of \(counted(expected, "completion"))")
        }
        return whole
    }

    /// Samples one request, event by event. The request is cancelled when the caller stops iterating.
    public func stream(_ request: CompletionRequest) -> AsyncThrowingStream<SamplingEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    let session = session()
                    _ = try session.add(request)
                    while !Task.isCancelled {
                        let events = try await session.advance()
                        guard !events.isEmpty else { break }
                        for event in events { continuation.yield(event) }
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}

/// The watchers of a call's completions.
private struct StopWatchers {
    private let make: (@Sendable () -> (_ token: Int) -> Bool)?
    private var watchers: [SampleID: (_ token: Int) -> Bool] = [:]
    /// Tokens of each watched completion.
    private var counts: [SampleID: Int] = [:]
    /// Completions that have ended, and their tokens.
    private var ends: [SampleID: Int] = [:]

    init(_ make: (@Sendable () -> (_ token: Int) -> Bool)?) { self.make = make }

    /// Whether a completion ends with its next token; not again after it has ended.
    mutating func isEnd(_ token: Int, of sample: SampleID) -> Bool {
        guard let make, ends[sample] == nil else { return false }
        let watcher = watchers[sample] ?? make()
        watchers[sample] = watcher
        counts[sample, default: 0] += 1
        guard watcher(token) else { return false }
        ends[sample] = counts[sample]
        return true
    }

    /// A completion as it ended. A session may report the last token, or more, before it can be stopped.
    mutating func ended(_ completion: Completion, of sample: SampleID) -> Completion {
        watchers[sample] = nil
        guard let count = ends[sample] else { return completion }
        return Completion(
            tokens: Array(completion.tokens.prefix(count)), logprobs: Array(completion.logprobs.prefix(count)),
            stop: .stopText, engine: completion.engine)
    }
}
