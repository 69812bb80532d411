internal import TinyEngine
internal import TinyFoundation

/// What a server's log-probabilities are of.
enum LogprobKind: String, Sendable {
    /// The model's own distribution: before temperature and truncation.
    case raw
    /// The distribution that tokens are drawn from: after temperature, top-k and top-p.
    case processed
    /// After temperature and before truncation, as ``Completion/logprobs`` are: those of our own server.
    case tempered
}

/// A server of completions, as one protocol speaks with it. It keeps no state of its own.
protocol SamplingServer: Sendable {
    /// Software and address, such as `vLLM 0.32.0 at http://127.0.0.1:8000`.
    var name: String { get }
    /// The software, such as `vLLM`, without its version: what a run is compared by.
    var kind: String { get }
    /// Most tokens of a sequence, prompt included.
    var contextLength: Int { get }
    /// Requests that are worth having under way at once; fewer after one that was late.
    var parallelRequests: Int { get }
    /// What its log-probabilities are of.
    var logprobKind: LogprobKind { get }

    /// Makes an adapter known.
    func load(_ adapter: ServedAdapter) async throws(ServerFailure)
    /// Lets an adapter go; one that is not known is ignored.
    func unload(_ adapter: ServedAdapter) async
    /// Completes one prompt once. A log-probability that the server does not tell is not a number.
    func complete(_ job: RemoteJob) async throws(ServerFailure) -> Completion
}

/// One completion that is asked of a server.
struct RemoteJob: Sendable {
    /// Token ids of the prompt.
    var prompt: [Int]
    /// How tokens are chosen.
    var sampling: SamplingParameters
    /// The request's random numbers.
    var seed: UInt32
    /// `nil` for the base model.
    var adapter: ServedAdapter?
}

extension RemoteJob {
    /// Tokens that fit behind the prompt.
    func mostTokens(in contextLength: Int) -> Int { min(sampling.maxTokens, contextLength - prompt.count) }

    /// A completion of these tokens, checked.
    ///
    /// - Parameters:
    ///   - logprobs: One for each token; not a number where the server does not tell it, `nil` where it should have.
    ///   - ended: Whether a stop token ended it; else it was cut at a limit.
    ///   - hasOwnStopTokens: Whether the server may know other stop tokens than the run.
    func completion(
        tokens: [Int], logprobs: [Double?], ended: Bool, hasOwnStopTokens: Bool = false, by server: any SamplingServer
    ) throws(ServerFailure) -> Completion {
        func broken(_ text: String) -> ServerFailure {
            .lasting(RemoteError(.invalidAnswer, "\(server.name) answered \(text)"))
        }
        guard tokens.count == logprobs.count else {
            throw broken("with \(tokens.count) tokens and \(logprobs.count) log-probabilities")
        }
        guard !tokens.isEmpty, tokens.count <= mostTokens(in: server.contextLength) else {
            throw broken("with \(tokens.count) tokens to a request of 1 to \(mostTokens(in: server.contextLength))")
        }
        let known = logprobs.compactMap { $0.map { Float($0) } }.filter { $0.isNaN || $0.isFinite && $0 <= 1e-3 }
        guard known.count == tokens.count else { throw broken("with log-probabilities that are none") }
        if ended, !hasOwnStopTokens, !sampling.stopTokens.contains(tokens[tokens.count - 1]) {
            throw broken(
                "that token \(tokens[tokens.count - 1]) ended a completion, which is no stop token of this run's model")
        }
        let stop: StopReason =
            ended ? .endOfText : tokens.count < sampling.maxTokens ? .contextFull : .tokenLimit
        return Completion(tokens: tokens, logprobs: known.map { $0 > 0 ? 0 : $0 }, stop: stop, engine: server.name)
    }

    /// Refuses what the server's log-probabilities do not describe: a completion's are of the whole distribution at its
    /// temperature.
    func requireDescribed(by kind: LogprobKind) throws(RemoteError) {
        switch kind {
        case .raw where sampling.temperature != 0 && sampling.temperature != 1:
            throw RemoteError(
                .unsupported,
                "the server gives log-probabilities before temperature, and the temperature is \(sampling.temperature)",
                hint: "use temperature 1, or start vLLM with --logprobs-mode processed_logprobs")
        case .processed where sampling.topK != nil || sampling.topP < 1:
            throw RemoteError(
                .unsupported, "the server gives log-probabilities after top_k and top_p, and those leave tokens out",
                hint: "use no top_k and top_p 1, or start vLLM with --logprobs-mode raw_logprobs")
        case .raw, .processed, .tempered: return
        }
    }
}
