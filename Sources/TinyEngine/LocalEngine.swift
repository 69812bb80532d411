public import TinyAdapter
internal import TinyCheckpoint
public import TinyModel
internal import TinyTensor

/// A policy that runs on this machine's processor.
///
/// One instance serves any number of adapters of one method; each distinct list of numbers is prepared once a call. Calls
/// may come from several tasks; they take turns.
public final class LocalEngine: Policy {
    /// The frozen model.
    public let model: LanguageModel
    /// What turns an adapter's numbers into a change of weights; `nil` for the base model alone.
    public let method: (any AdapterMethod)?
    /// Threads that compute.
    public let threads: Int
    private let team: WorkerTeam

    /// Bytes of forward records that one backward pass may hold.
    private static let recordBudget = 1 << 30
    /// Logits divided by less would overflow.
    private static let leastTemperature = 1e-6
    /// Rows of a backward pass: more gain nothing once the matrix products are full.
    private static let mostRows = 2048

    /// Makes a policy.
    ///
    /// - Parameter threads: At least 1. Results do not depend on it.
    public init(model: LanguageModel, method: (any AdapterMethod)?, threads: Int) {
        precondition(threads >= 1, "LocalEngine: \(threads) threads")
        self.model = model
        self.method = method
        self.threads = threads
        team = WorkerTeam(threads: threads)
    }

    deinit { team.close() }

    /// How many numbers an adapter of the method has; 0 without a method.
    public var parameterCount: Int { method?.parameterCount ?? 0 }

    /// What an untrained adapter of the method holds.
    public var initialAdapter: [Float] { method?.initialValues ?? [] }

    /// The model's `max_position_embeddings`.
    public var contextLength: Int { model.configuration.contextLength }

    /// Completes every request; sequences of all requests that share weights share passes through the model.
    ///
    /// - Throws: ``EngineError``.
    public func complete(
        _ requests: [CompletionRequest], progress: (@Sendable (_ tokens: Int, _ finished: Int) -> Void)?
    ) async throws -> [[Completion]] {
        for request in requests { try check(request) }
        var results = [[Completion]](repeating: [], count: requests.count)
        var tokens = 0, finished = 0
        for group in try groups(requests.map(\.adapter)) {
            let before = (tokens: tokens, finished: finished)
            let jobs = group.members.map { member in
                job(requests[member.index], change: member.change)
            }
            let found = try decoder(try group.model()).run(jobs) { tokens, finished in
                progress?(before.tokens + tokens, before.finished + finished)
            }
            for (member, completions) in zip(group.members, found) {
                results[member.index] = completions
                tokens += completions.reduce(0) { $0 + $1.tokens.count }
                finished += completions.count
            }
        }
        return results
    }

    /// Completes the first stream of one request, telling each token as it is chosen.
    public func complete(
        _ request: CompletionRequest, token: @escaping @Sendable (Int) -> Void
    ) async throws -> Completion {
        guard let stream = request.streams.first else {
            throw EngineError(.invalidSampling, "a request has no random stream")
        }
        var single = request
        single.streams = [stream]
        try check(single)
        let (model, change) = try adapted(single.adapter)
        return try decoder(model).run([job(single, change: change)], chosen: token)[0][0]
    }

    private func decoder(_ model: LanguageModel) -> Decoder {
        Decoder(
            model: model, contextLength: contextLength, vocabulary: model.configuration.vocabularySize, team: team)
    }

    /// A request as the engine sees it.
    private func job(_ request: CompletionRequest, change: LowRankChange?) -> Decoder.Job {
        Decoder.Job(prompt: request.prompt, streams: request.streams, change: change, sampling: request.sampling)
    }

    private func check(_ request: CompletionRequest) throws {
        try check(tokens: request.prompt)
        guard request.prompt.count < contextLength else {
            throw EngineError(
                .promptLength,
                "a prompt has \(request.prompt.count) tokens and the model's context holds \(contextLength)")
        }
        try check(request.sampling)
    }

    /// Scores whole sequences, as many at once as the memory allows.
    ///
    /// - Throws: ``EngineError``.
    public func logprobs(
        of sequences: [ScoredSequence], adapter: [Float]?, temperature: Double
    ) async throws -> [[Float]] {
        let (model, change) = try adapted(adapter)
        return try passes(
            of: sequences, model: model, change: change, temperature: temperature, recording: false
        ) { pass, _ in pass.logprobs }
    }

    /// Scores whole sequences and runs backward through them; costs about twice ``logprobs(of:adapter:temperature:)``.
    ///
    /// Where a method trains few numbers or factors, the sum does not depend on how sequences are divided into passes; the
    /// gradient of all weights does, and the division depends on nothing but the model and the sequences' lengths.
    ///
    /// - Throws: ``EngineError``.
    public func gradients(
        of sequences: [ScoredSequence], adapter: [Float], temperature: Double,
        weights: @Sendable (_ sequence: Int, _ logprobs: [Float]) -> [Float]
    ) async throws -> PolicyGradient {
        guard let method else {
            throw EngineError(.adapterMismatch, "gradients were asked of a policy without an adapter method")
        }
        let (model, change) = try adapted(adapter)
        var sum = GradientSum(method, change: change, model: model)
        let logprobs = try passes(
            of: sequences, model: model, change: change, temperature: temperature, recording: true
        ) { pass, range in
            let factors = try zip(range, pass.logprobs).map { index, logprobs in
                let factors = weights(index, logprobs)
                guard factors.count == logprobs.count else {
                    throw EngineError(
                        .weightCount,
                        "sequence \(index) has \(logprobs.count) scored tokens and was given \(factors.count) weights")
                }
                return factors
            }
            sum.add(pass, weights: factors)
            return pass.logprobs
        }
        return PolicyGradient(logprobs: logprobs, gradient: sum.values)
    }

    // MARK: Pieces

    /// Runs sequences through the model, as many at once as the memory allows. Log-probabilities do not depend on the
    /// division.
    private func passes<Result>(
        of sequences: [ScoredSequence], model: LanguageModel, change: LowRankChange?, temperature: Double,
        recording: Bool, _ body: (ScoringPass, Range<Int>) throws -> [Result]
    ) throws -> [Result] {
        guard temperature >= Self.leastTemperature, temperature.isFinite else {
            throw EngineError(
                .invalidSampling,
                "the temperature of scored sequences must be at least \(Self.leastTemperature), is \(temperature)")
        }
        for sequence in sequences {
            try check(tokens: sequence.prompt)
            try check(tokens: sequence.completion)
            guard sequence.prompt.count + sequence.completion.count <= contextLength else {
                throw EngineError(
                    .promptLength,
                    "a sequence has \(sequence.prompt.count + sequence.completion.count) tokens and the model's "
                        + "context holds \(contextLength)")
            }
        }
        let rowBytes = model.recordBytes(rank: change?.factors.rank)
        let most = max(1, min(Self.mostRows, Self.recordBudget / rowBytes))
        var results: [Result] = []
        var start = 0
        while start < sequences.count {
            var end = start, rows = 0
            while end < sequences.count {
                let length = sequences[end].prompt.count + sequences[end].completion.count
                if end > start && rows + length > most { break }
                rows += length
                end += 1
            }
            let scored = sequences[start..<end].map { sequence in
                let length = sequence.prompt.count + sequence.completion.count
                return ScoredTokens(
                    tokens: sequence.prompt + sequence.completion, scored: sequence.prompt.count..<length,
                    change: change)
            }
            let pass = ScoringPass(model, scored, temperature: temperature, recording: recording, team: team)
            results += try body(pass, start..<end)
            start = end
        }
        return results
    }

    private func check(tokens: [Int]) throws {
        let vocabulary = model.configuration.vocabularySize
        guard !tokens.isEmpty else { throw EngineError(.promptLength, "a sequence has an empty part") }
        if let stranger = tokens.first(where: { $0 < 0 || $0 >= vocabulary }) {
            throw EngineError(
                .unknownToken, "token \(stranger) is outside the model's vocabulary of \(vocabulary)")
        }
    }

    private func check(_ sampling: SamplingParameters) throws {
        func refuse(_ text: String) -> EngineError { EngineError(.invalidSampling, text) }
        guard sampling.temperature == 0 || sampling.temperature >= Self.leastTemperature, sampling.temperature.isFinite
        else {
            throw refuse("the temperature must be 0 or at least \(Self.leastTemperature), is \(sampling.temperature)")
        }
        guard sampling.topK ?? 1 >= 1 else { throw refuse("top-k must be at least 1, is \(sampling.topK ?? 0)") }
        guard sampling.topP > 0, sampling.topP <= 1 else {
            throw refuse("top-p must be in (0, 1], is \(sampling.topP)")
        }
        guard sampling.maxTokens >= 1 else {
            throw refuse("the number of new tokens must be at least 1, is \(sampling.maxTokens)")
        }
    }
}
