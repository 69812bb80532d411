public import TinyAdapter
internal import TinyCheckpoint
public import TinyModel
internal import TinyTensor

/// A policy that runs on this machine's processor.
///
/// One instance serves any number of adapters of one basis. Calls may come from several tasks; they take turns.
public final class LocalPolicy: Policy {
    /// The frozen model.
    public let model: LanguageModel
    /// What turns an adapter's numbers into a change of weights; `nil` for the base model alone.
    public let basis: AdapterBasis?
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
    public init(model: LanguageModel, basis: AdapterBasis?, threads: Int) {
        precondition(threads >= 1, "LocalPolicy: \(threads) threads")
        self.model = model
        self.basis = basis
        self.threads = threads
        team = WorkerTeam(threads: threads)
    }

    deinit { team.close() }

    /// How many numbers an adapter of the basis has; 0 without a basis.
    public var parameterCount: Int { basis?.parameterCount ?? 0 }

    /// Zeros: the base model, bit for bit.
    public var initialAdapter: [Float] { [Float](repeating: 0, count: parameterCount) }

    /// The model's `max_position_embeddings`.
    public var contextLength: Int { model.configuration.contextLength }

    /// Completes every request; sequences of all requests share passes through the model.
    ///
    /// - Throws: ``PolicyError``.
    public func complete(
        _ requests: [CompletionRequest], progress: (@Sendable (_ tokens: Int, _ finished: Int) -> Void)?
    ) async throws -> [[Completion]] {
        try decoder.run(try requests.map(job), progress: progress)
    }

    /// Completes the first stream of one request, telling each token as it is chosen.
    public func complete(
        _ request: CompletionRequest, token: @escaping @Sendable (Int) -> Void
    ) async throws -> Completion {
        guard let stream = request.streams.first else {
            throw PolicyError(.invalidSampling, "a request has no random stream")
        }
        var single = request
        single.streams = [stream]
        return try decoder.run([try job(single)], chosen: token)[0][0]
    }

    private var decoder: Decoder {
        Decoder(
            model: model, contextLength: contextLength, vocabulary: model.configuration.vocabularySize, team: team)
    }

    /// A request, checked, as the engine sees it.
    private func job(_ request: CompletionRequest) throws -> Decoder.Job {
        try check(tokens: request.prompt)
        guard request.prompt.count < contextLength else {
            throw PolicyError(
                .promptLength,
                "a prompt has \(request.prompt.count) tokens and the model's context holds \(contextLength)")
        }
        try check(request.sampling)
        return Decoder.Job(
            prompt: request.prompt, streams: request.streams, change: try change(request.adapter),
            sampling: request.sampling)
    }

    /// Scores whole sequences, as many at once as the memory allows.
    ///
    /// - Throws: ``PolicyError``.
    public func logprobs(
        of sequences: [ScoredSequence], adapter: [Float]?, temperature: Double
    ) async throws -> [[Float]] {
        try passes(of: sequences, adapter: adapter, temperature: temperature, recording: false) { pass, _ in
            pass.logprobs
        }
    }

    /// Scores whole sequences and runs backward through them; costs about twice ``logprobs(of:adapter:temperature:)``.
    ///
    /// - Throws: ``PolicyError``.
    public func gradients(
        of sequences: [ScoredSequence], adapter: [Float], temperature: Double,
        weights: @Sendable (_ sequence: Int, _ logprobs: [Float]) -> [Float]
    ) async throws -> PolicyGradient {
        guard let basis else {
            throw PolicyError(.adapterMismatch, "gradients were asked of a policy without an adapter basis")
        }
        // Few numbers: each sequence's gradient is kept, and the sum is made in their order in `Double`.
        var sum = [Double](repeating: 0, count: basis.parameterCount)
        let logprobs = try passes(
            of: sequences, adapter: adapter, temperature: temperature, recording: true
        ) { pass, range in
            let factors = try zip(range, pass.logprobs).map { index, logprobs in
                let factors = weights(index, logprobs)
                guard factors.count == logprobs.count else {
                    throw PolicyError(
                        .weightCount,
                        "sequence \(index) has \(logprobs.count) scored tokens and was given \(factors.count) weights")
                }
                return factors
            }
            for mixing in pass.mixingGradients(factors) {
                for (index, slope) in basis.fold(mixingGradient: mixing).enumerated() { sum[index] += Double(slope) }
            }
            return pass.logprobs
        }
        return PolicyGradient(logprobs: logprobs, gradient: sum.map { Float($0) })
    }

    // MARK: Pieces

    /// Runs sequences through the model, as many at once as the memory allows. Results do not depend on the division.
    private func passes<Result>(
        of sequences: [ScoredSequence], adapter: [Float]?, temperature: Double, recording: Bool,
        _ body: (ScoringPass, Range<Int>) throws -> [Result]
    ) throws -> [Result] {
        let change = try change(adapter)
        guard temperature >= Self.leastTemperature, temperature.isFinite else {
            throw PolicyError(
                .invalidSampling,
                "the temperature of scored sequences must be at least \(Self.leastTemperature), is \(temperature)")
        }
        for sequence in sequences {
            try check(tokens: sequence.prompt)
            try check(tokens: sequence.completion)
            guard sequence.prompt.count + sequence.completion.count <= contextLength else {
                throw PolicyError(
                    .promptLength,
                    "a sequence has \(sequence.prompt.count + sequence.completion.count) tokens and the model's "
                        + "context holds \(contextLength)")
            }
        }
        let rowBytes = model.recordBytes(rank: basis?.plan.rank)
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

    /// The change of weights of an adapter's numbers; `nil` for the base model.
    private func change(_ adapter: [Float]?) throws -> LowRankChange? {
        guard let adapter else { return nil }
        guard let basis, basis.parameterCount == adapter.count else {
            throw PolicyError(
                .adapterMismatch,
                "an adapter has \(adapter.count) parameters and the policy's basis \(parameterCount)")
        }
        return basis.change(values: adapter)
    }

    private func check(tokens: [Int]) throws {
        let vocabulary = model.configuration.vocabularySize
        guard !tokens.isEmpty else { throw PolicyError(.promptLength, "a sequence has an empty part") }
        if let stranger = tokens.first(where: { $0 < 0 || $0 >= vocabulary }) {
            throw PolicyError(
                .unknownToken, "token \(stranger) is outside the model's vocabulary of \(vocabulary)")
        }
    }

    private func check(_ sampling: SamplingParameters) throws {
        func refuse(_ text: String) -> PolicyError { PolicyError(.invalidSampling, text) }
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
