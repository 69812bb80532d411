internal import Foundation
public import TinyEngine
internal import TinyFoundation
internal import TinyModel

/// A learner that is another process: `Integrations/torch`, which holds the model on a GPU or another machine.
///
/// It is sent the frozen part of the adapter method once, and the adapter's numbers with every call. The weights of tokens
/// depend on their log-probabilities, so a gradient takes two calls: one for the log-probabilities, one with the weights.
public final class RemoteLearner: Learner {
    /// Number of the method's parameters.
    public let parameterCount: Int
    /// The parameters of an untrained adapter.
    public let initialAdapter: [Float]
    /// The model's context, or the process's where that is smaller.
    public let contextLength: Int
    /// What computes, such as `torch 2.13.0, float32 on cpu, 1 rank, at http://127.0.0.1:8766`.
    public let name: String
    private let vocabularySize: Int
    private let basis: AdapterBasis?
    private let connection: ServerConnection
    private let settings: RemoteSettings
    private let expected: Expected?

    /// Sequences, and their log-probabilities by the base model as another learner computes them.
    private struct Expected {
        let sequences: [ScoredSequence]
        let logprobs: [Float]
    }

    private struct Health: Decodable {
        let `protocol`: String
        let dtype: String
        let device: String
        let ranks: Int
        let torch: String
        let vocabSize: Int
        let maxPositionEmbeddings: Int?
    }

    /// Asks a process what it holds, sends it the method, and checks that it computes the same model.
    ///
    /// - Parameters:
    ///   - address: Where the process answers.
    ///   - basis: The method, as the process is given it; `nil` for the base model alone.
    ///   - initialAdapter: The parameters of an untrained adapter.
    ///   - judge: A learner of the same model and method, whose log-probabilities the process's have to agree with.
    ///   - vocabularySize: Token ids are below it.
    ///   - probe: Token ids that are scored for this.
    /// - Throws: ``RemoteError``.
    public init(
        _ address: ServerAddress, basis: AdapterBasis?, initialAdapter: [Float], judge: any Learner,
        vocabularySize: Int, probe: [Int], settings: RemoteSettings = RemoteSettings()
    ) async throws {
        connection = ServerConnection(address, silence: settings.silence)
        self.settings = settings
        self.basis = basis
        self.vocabularySize = vocabularySize
        self.initialAdapter = initialAdapter
        parameterCount = basis?.parameterCount ?? 0
        let health: Health
        do throws(ServerFailure) {
            health = try await connection.get("/health").decoded(Health.self, "\(address)/health")
        } catch {
            if case .lasting(let error) = error { throw error }
            throw RemoteError(.unreachable, error.message, hint: "start the learner first: see Integrations/torch")
        }
        guard health.protocol == "tinylora-learner/1" else {
            throw RemoteError(
                .unsupported, "\(address) speaks \(health.protocol), this version speaks tinylora-learner/1")
        }
        guard health.vocabSize >= vocabularySize else {
            throw RemoteError(
                .disagreement, "the model at \(address) has \(health.vocabSize) tokens, this one \(vocabularySize)")
        }
        contextLength = min(judge.contextLength, health.maxPositionEmbeddings ?? judge.contextLength)
        name =
            "torch \(health.torch), \(health.dtype) on \(health.device), \(counted(health.ranks, "rank")), at \(address)"
        guard probe.count >= 2 else {
            expected = nil
            return
        }
        let sequences = [ScoredSequence(prompt: [probe[0]], completion: Array(probe[1...]))]
        let expected = Expected(
            sequences: sequences,
            logprobs: try await judge.logprobs(of: sequences, adapter: nil, temperature: 1)[0])
        self.expected = expected
        let found = agreement(of: try await logprobs(of: sequences, adapter: nil, temperature: 1), with: expected)
        settings.checked(found)
        try found.require()
    }

    private func agreement(of served: [[Float]], with expected: Expected) -> Agreement {
        Agreement(
            server: name, adapter: nil, served: served[0], adapted: expected.logprobs, base: expected.logprobs)
    }

    /// Compares again: a process that does not know the method was started anew, and may hold another model.
    private func requireSameModel() async throws(ServerFailure) {
        guard let expected else { return }
        let request = Request(adapter: nil, temperature: 1, sequences: expected.sequences)
        let found = agreement(of: try await posted(request, to: "/v1/logprobs").logprobs, with: expected)
        do { try found.require() } catch { throw .lasting(error) }
    }

    // MARK: Calls

    private struct Request: Encodable, Sendable {
        var basis: String?
        let adapter: [Float]?
        let temperature: Double
        let sequences: [ScoredSequence]
        var weights: [[Float]]?
    }

    private struct Answer: Decodable, Sendable {
        let logprobs: [[Float]]
        let units: [[Float]]?
    }

    /// Log-probabilities of the completion tokens, by the process.
    ///
    /// - Throws: ``RemoteError``, or `EngineError` for sequences that no engine takes.
    public func logprobs(
        of sequences: [ScoredSequence], adapter: [Float]?, temperature: Double
    ) async throws -> [[Float]] {
        try check(sequences, adapter, temperature)
        guard !sequences.isEmpty else { return [] }
        let request = Request(adapter: adapter, temperature: temperature, sequences: sequences)
        return try await answer(to: request, at: "/v1/logprobs").logprobs
    }

    /// Gradients by unit, by the process.
    ///
    /// - Throws: ``RemoteError``, or `EngineError` for sequences and weights that no engine takes.
    public func gradients(
        of sequences: [ScoredSequence], adapter: [Float], temperature: Double,
        tokenWeights: @Sendable (_ sequence: Int, _ logprobs: [Float]) -> [Float]
    ) async throws -> LearnerGradient {
        let logprobs = try await logprobs(of: sequences, adapter: adapter, temperature: temperature)
        guard !sequences.isEmpty else { return LearnerGradient(logprobs: [], parts: .units([])) }
        let weights = logprobs.enumerated().map { tokenWeights($0, $1) }
        for (row, sequence) in zip(weights, sequences) where row.count != sequence.completion.count {
            throw EngineError(
                .weightCount, "a loss gave \(row.count) weights for \(sequence.completion.count) tokens")
        }
        let request = Request(
            adapter: adapter, temperature: temperature, sequences: sequences, weights: weights)
        let found = try await answer(to: request, at: "/v1/gradients")
        let count = sequences.units.count
        guard let units = found.units, units.count == count, units.allSatisfy({ $0.count == parameterCount }) else {
            throw RemoteError(
                .invalidAnswer,
                "\(name) answered with other gradients than \(parameterCount) numbers for each of \(counted(count, "unit"))"
            )
        }
        return LearnerGradient(logprobs: found.logprobs, parts: .units(units))
    }

    private func check(_ sequences: [ScoredSequence], _ adapter: [Float]?, _ temperature: Double) throws {
        try sequences.check(temperature: temperature, contextLength: contextLength, vocabularySize: vocabularySize)
        guard adapter.map({ $0.count == parameterCount }) ?? true else {
            throw EngineError(
                .adapterMismatch,
                "an adapter has \(adapter?.count ?? 0) parameters and the learner's method \(parameterCount)")
        }
    }

    /// Asks until there is an answer: a process that was started again is compared and sent the method again.
    private func answer(to request: Request, at path: String) async throws -> Answer {
        var request = request
        if request.adapter != nil { request.basis = basis?.name }
        var failures = FailureStreak()
        while true {
            do throws(ServerFailure) {
                let answer = try await posted(request, to: path)
                if failures.count > 0 { settings.note("\(name) answers again") }
                return answer
            } catch {
                if case .lasting(let error) = error { throw error }
                let now = ContinuousClock.now
                failures.add(error, at: now)
                try failures.requireFewRefusals()
                try failures.require(settings.patience, at: now, of: "learner")
                if failures.count == 1 { settings.note(error.notice(of: settings.patience)) }
                try await Task.sleep(for: failures.wait(atMost: settings.longestWait))
            }
        }
    }

    /// Asks once, and once more where the process did not know the method.
    private func posted(_ request: Request, to path: String) async throws(ServerFailure) -> Answer {
        var answer = try await connection.post(path, request)
        if answer.status == 404, request.basis != nil {
            try await requireSameModel()
            try await sendBasis()
            answer = try await connection.post(path, request)
            if answer.status == 404 { throw .passing("\(name) does not know the adapter method that it was sent") }
        }
        return try checked(answer.decoded(Answer.self, "\(connection.address)\(path)"), of: request.sequences)
    }

    private func checked(_ answer: Answer, of sequences: [ScoredSequence]) throws(ServerFailure) -> Answer {
        guard answer.logprobs.map(\.count) == sequences.map(\.completion.count),
            answer.logprobs.allSatisfy({ $0.allSatisfy(\.isFinite) })
        else {
            throw .lasting(
                RemoteError(.invalidAnswer, "\(name) answered with other log-probabilities than one for each token"))
        }
        return answer
    }

    private struct Known: Decodable {
        let id: String
        let parameters: Int
    }

    private func sendBasis() async throws(ServerFailure) {
        guard let basis else { return }
        let path = "/v1/basis"
        let known = try await connection.post(path, bytes: basis.file, type: "application/octet-stream")
            .decoded(Known.self, "\(connection.address)\(path)")
        guard known.id == basis.name, known.parameters == parameterCount else {
            throw .lasting(
                RemoteError(
                    .invalidAnswer, "\(name) took the adapter method as \(known.id) with \(known.parameters) parameters"
                ))
        }
    }
}
