internal import Synchronization
public import TinyEngine
internal import TinyFoundation

/// A sampler that is one or several servers: vLLM's, another that speaks its protocol, or llama.cpp's.
///
/// ```swift
/// let sampler = try await RemoteSampler(
///     [ServerAddress("http://127.0.0.1:8000")], adapters: adapters, judge: engine, vocabularySize: 151_936,
///     probe: .init(prompt: prompt, stopTokens: [151_645]))
/// ```
///
/// Its completions are those of another engine than the learner: they carry the log-probabilities of the server, by which a
/// trainer corrects, and the server's name. Before the first request with an adapter a server completes a fixed prompt with it,
/// and its log-probabilities have to agree with the learner's; so a server that holds another model, ignores adapters or
/// confuses them is found at once.
///
/// Each sample has a seed of its own, made from the name of its random stream. Requests that fail because a server is lost, busy
/// or late are sent again, with the same seed, to whichever server answers.
public final class RemoteSampler: Sampler {
    /// What servers are asked to see whether they agree with the learner.
    public struct Probe: Sendable {
        /// Token ids of a prompt.
        public var prompt: [Int]
        /// Tokens that end a completion.
        public var stopTokens: [Int]

        /// A prompt and what ends its completion.
        public init(prompt: [Int], stopTokens: [Int]) {
            self.prompt = prompt
            self.stopTokens = stopTokens
        }
    }

    /// The smallest context of the servers, or the model's where that is smaller.
    public let contextLength: Int
    /// What the servers are without their versions, each software once, such as `vLLM` or `tinylora`; `vLLM protocol (NAME)` for
    /// another, with its `owned_by`.
    public let software: String
    /// The servers, with what their log-probabilities are of.
    public let servers: [String]
    private let vocabularySize: Int
    private let adapters: RemoteAdapters?
    private let judge: any Learner
    private let pool: ServerPool
    private let kindsOfLogprobs: Set<LogprobKind>
    private let needs: NeededAdapters

    /// Tokens that a server chooses to be compared.
    private static let comparedTokens = 24

    /// Asks the servers what they serve, and checks that it is the judge's model.
    ///
    /// - Parameters:
    ///   - addresses: At least one.
    ///   - adapters: The run's adapters; `nil` where only the base model is sampled.
    ///   - judge: The learner whose log-probabilities the servers' have to agree with.
    ///   - vocabularySize: Token ids of prompts are below it.
    ///   - probe: The fixed prompt.
    /// - Throws: ``RemoteError``.
    public init(
        _ addresses: [ServerAddress], adapters: RemoteAdapters?, judge: any Learner, vocabularySize: Int, probe: Probe,
        settings: RemoteSettings = RemoteSettings()
    ) async throws {
        var seats: [ServerSeat] = []
        let needs = NeededAdapters { adapters?.removePEFT($0) }
        for address in addresses {
            let connection = ServerConnection(address, silence: settings.silence)
            let server = try await Self.server(connection, adapters, judge.contextLength, settings)
            seats.append(
                ServerSeat(server, needs) { server, adapter in
                    let found = try await Self.compared(server, adapter, judge, probe)
                    settings.checked(found)
                    try found.require()
                })
        }
        self.adapters = adapters
        self.judge = judge
        self.vocabularySize = vocabularySize
        self.needs = needs
        contextLength = seats.map(\.server.contextLength).min() ?? judge.contextLength
        software = Set(seats.map(\.server.kind)).sorted().joined(separator: ", ")
        servers = seats.map { "\($0.server.name), \($0.server.logprobKind.rawValue) log-probabilities" }
        kindsOfLogprobs = Set(seats.map(\.server.logprobKind))
        pool = ServerPool(seats, settings: settings)
        for seat in seats { try await seat.introduceBaseModel() }
    }

    /// Finds which software answers at an address; waits for one that is busy or loads its model.
    private static func server(
        _ connection: ServerConnection, _ adapters: RemoteAdapters?, _ contextLength: Int, _ settings: RemoteSettings
    ) async throws -> any SamplingServer {
        var failures = FailureStreak()
        while true {
            do throws(ServerFailure) {
                if try await LlamaCppServer.answers(at: connection) {
                    return try await LlamaCppServer(connection, adapters: adapters, contextLength: contextLength)
                }
                return try await VLLMServer(connection, adapters: adapters, contextLength: contextLength)
            } catch {
                if case .lasting(let error) = error { throw error }
                let now = ContinuousClock.now
                failures.add(error, at: now)
                guard case .passing(_, wait: _?) = error, failures.silence(at: now) < settings.patience else {
                    let isLost = if case .lost = error { true } else { false }
                    throw RemoteError(
                        .unreachable, error.message,
                        hint: isLost ? "start the server first" : "wait until the server is ready, then start again")
                }
                if failures.count == 1 { settings.note("\(error.message); waiting for it") }
                try await Task.sleep(for: failures.wait(atMost: settings.longestWait))
            }
        }
    }

    private static func compared(
        _ server: any SamplingServer, _ adapter: ServedAdapter?, _ judge: any Learner, _ probe: Probe
    ) async throws -> Agreement {
        let sampling = SamplingParameters(temperature: 0, maxTokens: comparedTokens, stopTokens: probe.stopTokens)
        let served = try await server.complete(
            RemoteJob(prompt: probe.prompt, sampling: sampling, seed: 0, adapter: adapter))
        let sequences = [ScoredSequence(prompt: probe.prompt, completion: served.tokens)]
        let base = try await judge.logprobs(of: sequences, adapter: nil, temperature: 1)[0]
        let adapted =
            if let adapter {
                try await judge.logprobs(of: sequences, adapter: adapter.values, temperature: 1)[0]
            } else { base }
        let known = served.logprobs.indices.filter { !served.logprobs[$0].isNaN }
        func values(_ logprobs: [Float]) -> [Float] { known.map { logprobs[$0] } }
        return Agreement(
            server: server.name, adapter: adapter?.name, served: values(served.logprobs), adapted: values(adapted),
            base: values(base))
    }

    /// Opens a session without requests.
    public func session() -> any SamplingSession { RemoteSession(self) }

    /// How long servers may take to let adapters go.
    private static let longestUnloading = Duration.seconds(10)

    /// Unloads the adapters from all servers and removes their files, also for a task that was cancelled. A server that does not
    /// answer keeps them; that is no failure. A later request loads its adapter again.
    public func close() async {
        let unloading = Task { [pool] in await pool.unloadAll() }
        let limit = Task {
            try await Task.sleep(for: Self.longestUnloading)
            unloading.cancel()
        }
        await unloading.value
        limit.cancel()
    }

    /// What a request asks of the servers, by stream.
    func jobs(of request: CompletionRequest) throws -> [RemoteJob] {
        try request.check(contextLength: contextLength, vocabularySize: vocabularySize)
        guard request.method == 0, request.alternatives == 0, !request.scoresPrompt else {
            throw RemoteError(
                .unsupported,
                "a server samples with one method and reports neither alternatives nor the prompt's tokens")
        }
        for kind in kindsOfLogprobs {
            try RemoteJob(prompt: request.prompt, sampling: request.sampling, seed: 0).requireDescribed(by: kind)
        }
        let adapter = try request.adapter.flatMap { values in
            guard let adapters else { throw ServedAdapter.unexpected }
            return try adapters.adapter(values)
        }
        return request.streams.map { stream in
            RemoteJob(prompt: request.prompt, sampling: request.sampling, seed: seed(of: stream), adapter: adapter)
        }
    }

    /// The first draw of a stream, without the highest bit: servers take it as a signed number, and llama.cpp takes the largest
    /// one for "any".
    private func seed(of stream: StreamName) -> UInt32 {
        var stream = RandomStream(stream)
        return stream.next() >> 1
    }

    var parallelRequests: Int { pool.parallelRequests }

    /// A completion whose log-probabilities are all known: the learner's stand in for those that a server does not tell, so that
    /// nothing is corrected there.
    func complete(_ job: RemoteJob) async throws -> Completion {
        var completion = try await pool.complete(job)
        guard completion.logprobs.contains(where: \.isNaN) else { return completion }
        let sequence = ScoredSequence(prompt: job.prompt, completion: completion.tokens)
        let temperature = job.sampling.temperature == 0 ? 1 : job.sampling.temperature
        let learnt = try await judge.logprobs(
            of: [sequence], adapter: job.adapter?.values, temperature: temperature)[0]
        completion.logprobs = zip(completion.logprobs, learnt).map { $0.isNaN ? $1 : $0 }
        return completion
    }

    func need(_ job: RemoteJob) { needs.add(job.adapter) }

    func release(_ job: RemoteJob) { needs.remove(job.adapter) }
}
