internal import Foundation
internal import TinyEngine
internal import TinyFoundation

/// llama.cpp's server.
///
/// It loads adapters at its start only, but adds any of them with any scale to each request. A change of TinyLoRA is a sum over
/// its numbers, so the server is started with one adapter for each number, and the numbers are sent as scales.
///
/// Fields: llama.cpp, `tools/server`, build 11434.
struct LlamaCppServer: SamplingServer {
    let name: String
    let kind = "llama.cpp"
    let contextLength: Int
    let parallelRequests: Int
    /// Of the raw logits, whatever the temperature.
    let logprobKind = LogprobKind.raw
    private let connection: ServerConnection
    /// Most tokens of a sequence in the server, which may be more than ``contextLength``.
    private let slotLength: Int
    /// The server's id of the adapter of each number.
    private let ids: [Int]

    private struct Properties: Decodable {
        struct Settings: Decodable { let nCtx: Int }
        let defaultGenerationSettings: Settings
        let totalSlots: Int
        let buildInfo: String?
    }

    private struct LoadedAdapter: Decodable {
        let id: Int
        let path: String
    }

    /// Whether a server is one of llama.cpp: only that has this route. While it loads its model, every route has status 503.
    static func answers(at connection: ServerConnection) async throws(ServerFailure) -> Bool {
        let path = "/lora-adapters", answer = try await connection.get(path)
        if answer.status == 503 { try answer.requireSuccess("\(connection.address)\(path)") }
        return answer.status == 200
    }

    /// Asks a server what it serves and finds the adapter of each number.
    init(_ connection: ServerConnection, adapters: RemoteAdapters?, contextLength: Int) async throws(ServerFailure) {
        self.connection = connection
        let address = connection.address
        let properties = try await connection.get("/props").decoded(Properties.self, "\(address)/props")
        slotLength = properties.defaultGenerationSettings.nCtx
        self.contextLength = min(contextLength, slotLength)
        parallelRequests = max(1, properties.totalSlots)
        name = "llama.cpp\(properties.buildInfo.map { " " + $0 } ?? "") at \(address)"
        guard let adapters else {
            ids = []
            return
        }
        let loaded = try await connection.get("/lora-adapters")
            .decoded([LoadedAdapter].self, "\(address)/lora-adapters")
        let places = Dictionary(
            loaded.map { (URL(filePath: $0.path).lastPathComponent, $0.id) }, uniquingKeysWith: { first, _ in first })
        let files: [String]
        do { files = try adapters.writeParts() } catch { throw .lasting(RemoteError(wrapping: error)) }
        ids = files.compactMap { places[URL(filePath: $0).lastPathComponent] }
        guard ids.count == files.count else {
            throw .lasting(
                RemoteError(
                    .unsupported,
                    "\(name) has \(ids.count) of the \(counted(files.count, "adapter")) of this run, one for each trained "
                        + "number",
                    hint: "start it with --lora-init-without-apply --lora \(files.joined(separator: ","))"))
        }
    }

    private struct Scale: Codable {
        let id: Int
        let scale: Float
    }

    private struct Request: Encodable {
        let prompt: [Int]
        let nPredict: Int
        let seed: UInt32
        let temperature: Double
        let topK: Int
        let topP: Double
        let lora: [Scale]
        // Everything is named: the server's defaults are other ones. Keys and values of other scales are never used.
        let cachePrompt = false, returnTokens = true, ignoreEos = false, stream = false
        let nProbs = 1, minP = 0.0, typicalP = 1.0
        let repeatPenalty = 1.0, presencePenalty = 0.0, frequencyPenalty = 0.0, dryMultiplier = 0.0
        let xtcProbability = 0.0, mirostat = 0
        let samplers = ["temperature", "top_k", "top_p"]
    }

    private struct Answer: Decodable {
        struct Token: Decodable {
            let id: Int
            let logprob: Double?
            /// The likeliest tokens, ``Request/nProbs`` of them; none where the server did not look at probabilities.
            let topLogprobs: [Likely]?
        }
        struct Likely: Decodable { let id: Int }
        let tokens: [Int]
        let completionProbabilities: [Token]?
        let stopType: String
        let truncated: Bool?
    }

    func complete(_ job: RemoteJob) async throws(ServerFailure) -> Completion {
        let sampling = job.sampling, path = "/completion"
        let scales = zip(ids, job.adapter?.values ?? [Float](repeating: 0, count: ids.count))
        let answer = try await connection.post(
            path,
            Request(
                prompt: job.prompt, nPredict: job.mostTokens(in: contextLength), seed: job.seed,
                temperature: sampling.temperature, topK: sampling.topK ?? 0, topP: sampling.topP,
                lora: scales.map { Scale(id: $0, scale: $1) })
        ).decoded(Answer.self, "\(connection.address)\(path)")
        // It says so of a shortened prompt, and also where prompt and completion filled its context.
        let isFilled = job.prompt.count + answer.tokens.count + 1 >= slotLength
        guard answer.truncated != true || isFilled else {
            throw .lasting(RemoteError(.invalidAnswer, "\(name) shortened a prompt of \(job.prompt.count) tokens"))
        }
        var tokens = answer.tokens, logprobs = try aligned(answer), ended = answer.stopType == "eos"
        // The server is sent no stop tokens. It stops at its own, which may differ from the run's.
        if let end = tokens.firstIndex(where: sampling.stopTokens.contains) {
            tokens.removeSubrange((end + 1)...)
            logprobs.removeSubrange((end + 1)...)
            ended = true
        }
        return try job.completion(
            tokens: tokens, logprobs: logprobs, ended: ended, hasOwnStopTokens: true, by: self)
    }

    /// The log-probability of each token. The server leaves out tokens that end within a character; theirs are not known.
    private func aligned(_ answer: Answer) throws(ServerFailure) -> [Double?] {
        var rest = (answer.completionProbabilities ?? [])[...]
        guard !rest.contains(where: { $0.topLogprobs?.isEmpty == true }) else {
            throw .lasting(
                RemoteError(
                    .unsupported, "\(name) gives no log-probabilities of tokens that a draft model proposed",
                    hint: "start it without speculative decoding"))
        }
        let logprobs = answer.tokens.map { token -> Double? in
            guard let next = rest.first, next.id == token else { return .nan }
            rest = rest.dropFirst()
            return next.logprob
        }
        guard rest.isEmpty else {
            throw .lasting(
                RemoteError(.invalidAnswer, "\(name) answered with log-probabilities of other tokens than it sampled"))
        }
        return logprobs
    }

    /// Nothing: a request brings its scales.
    func load(_ adapter: ServedAdapter) async throws(ServerFailure) {}

    /// Nothing.
    func unload(_ adapter: ServedAdapter) async {}
}
