internal import Foundation
internal import TinyEngine
internal import TinyFoundation

/// vLLM's server, or another that speaks its protocol, such as `tinylora serve`.
///
/// An adapter is loaded at run time from a directory in PEFT's layout, which the server has to see under the same path; its
/// name is a hash of its content, so that what the server keeps for a name never belongs to other numbers.
///
/// Fields: vLLM 0.32, `entrypoints/openai`.
struct VLLMServer: SamplingServer {
    let name: String
    let kind: String
    let contextLength: Int
    let parallelRequests = 256
    private(set) var logprobKind = LogprobKind.raw
    private let connection: ServerConnection
    private let adapters: RemoteAdapters?
    private let baseModel: String

    private struct Models: Decodable {
        struct Model: Decodable {
            let id: String
            let parent: String?
            let ownedBy: String?
            let maxModelLen: Int?
        }
        let data: [Model]
    }

    private struct Version: Decodable { let version: String }

    /// What our own server says of itself.
    private struct Description: Decodable { let info: Version }

    /// Asks a server what it serves.
    init(_ connection: ServerConnection, adapters: RemoteAdapters?, contextLength: Int) async throws(ServerFailure) {
        self.connection = connection
        self.adapters = adapters
        let path = "/v1/models"
        let models = try await connection.get(path).decoded(Models.self, "\(connection.address)\(path)")
        guard let base = models.data.first(where: { $0.parent == nil }) else {
            throw .lasting(RemoteError(.unsupported, "\(connection.address) serves no base model"))
        }
        baseModel = base.id
        self.contextLength = min(contextLength, base.maxModelLen ?? contextLength)
        switch base.ownedBy {
        case "vllm":
            kind = "vLLM"
            let version = try? await connection.get("/version").decoded(Version.self, "")
            name = Self.name(kind, version, connection)
        case "tinylora":
            kind = "tinylora"
            let description = try? await connection.get("/openapi.json").decoded(Description.self, "")
            name = Self.name(kind, description?.info, connection)
        case let owner:
            kind = "vLLM protocol" + (owner.map { " (\($0))" } ?? "")
            name = Self.name("server", nil, connection)
        }
        logprobKind = kind == "tinylora" ? .tempered : try await foundLogprobKind()
    }

    private static func name(_ software: String, _ version: Version?, _ connection: ServerConnection) -> String {
        "\(software)\(version.map { " " + $0.version } ?? "") at \(connection.address)"
    }

    // MARK: Completions

    private struct Request: Encodable {
        let model: String
        let prompt: [Int]
        let maxTokens: Int
        let seed: UInt32
        let temperature: Double
        let topK: Int
        let topP: Double
        let logprobs: Int
        let stopTokenIds: [Int]
        // Everything is named: a server fills what is absent from the model's generation_config.json.
        let n = 1, minP = 0, minTokens = 0
        let repetitionPenalty = 1.0, presencePenalty = 0.0, frequencyPenalty = 0.0
        let ignoreEos = true, returnTokenIds = true
    }

    private struct Answer: Decodable {
        struct Choice: Decodable {
            struct Logprobs: Decodable {
                let tokenLogprobs: [Double?]
                let topLogprobs: [[String: Double]?]?
            }
            let tokenIds: [Int]?
            let logprobs: Logprobs?
            let finishReason: String?
        }
        let choices: [Choice]
    }

    func complete(_ job: RemoteJob) async throws(ServerFailure) -> Completion {
        let choice = try await choice(of: job)
        guard let tokens = choice.tokenIds, let logprobs = choice.logprobs?.tokenLogprobs else {
            throw .lasting(
                RemoteError(
                    .invalidAnswer, "\(name) does not return token_ids with token_logprobs; vLLM 0.11 and later do"))
        }
        guard choice.finishReason == "stop" || choice.finishReason == "length" else {
            throw .passing("\(name) ended a completion because of \"\(choice.finishReason ?? "nothing")\"")
        }
        return try job.completion(
            tokens: tokens, logprobs: logprobs, ended: choice.finishReason == "stop", by: self)
    }

    private func choice(of job: RemoteJob, alternatives: Int = 0) async throws(ServerFailure) -> Answer.Choice {
        let sampling = job.sampling, path = "/v1/completions"
        let answer = try await connection.post(
            path,
            Request(
                model: job.adapter?.name ?? baseModel, prompt: job.prompt, maxTokens: job.mostTokens(in: contextLength),
                seed: job.seed, temperature: sampling.temperature, topK: sampling.topK ?? 0, topP: sampling.topP,
                logprobs: alternatives, stopTokenIds: sampling.stopTokens))
        if answer.status == 404, let adapter = job.adapter {
            throw .unknownAdapter("\(name) no longer knows \(adapter.name): \(answer.message)")
        }
        let choices = try answer.decoded(Answer.self, "\(connection.address)\(path)").choices
        guard choices.count == 1 else {
            throw .lasting(
                RemoteError(.invalidAnswer, "\(name) answered with \(choices.count) completions instead of 1"))
        }
        return choices[0]
    }

    /// Compares the likeliest tokens at two temperatures: their distances grow with the inverse of the temperature where
    /// log-probabilities come after it.
    private func foundLogprobKind() async throws(ServerFailure) -> LogprobKind {
        var distances: [Double] = []
        for temperature in [1.0, 0.25] {
            let job = RemoteJob(
                prompt: [1, 2, 3],
                sampling: SamplingParameters(temperature: temperature, maxTokens: 1, stopTokens: []), seed: 1)
            let likeliest = 5
            let top = try await choice(of: job, alternatives: likeliest).logprobs?.topLogprobs?.first ?? nil
            // The sampled token may be there too, as a sixth.
            let values = (top ?? [:]).values.sorted(by: >).prefix(likeliest)
            guard let first = values.first, let last = values.last, first > last else {
                throw .lasting(
                    RemoteError(.invalidAnswer, "\(name) gives no log-probabilities of the likeliest tokens"))
            }
            distances.append(first - last)
        }
        return distances[1] > 2 * distances[0] ? .processed : .raw
    }

    // MARK: Adapters

    private struct LoadRequest: Encodable {
        let loraName: String
        var loraPath: String?
    }

    func load(_ adapter: ServedAdapter) async throws(ServerFailure) {
        guard let adapters else { throw .lasting(ServedAdapter.unexpected) }
        let path = "/v1/load_lora_adapter"
        let directory: String
        do { directory = try adapters.writePEFT(adapter) } catch { throw .lasting(RemoteError(wrapping: error)) }
        let answer = try await connection.post(path, LoadRequest(loraName: adapter.name, loraPath: directory))
        switch answer.status {
        case 200: return
        case 400 where try await knows(adapter): return  // by an earlier request whose answer was lost
        case 404 where answer.message.contains("Not Found"):
            throw .lasting(
                RemoteError(
                    .unsupported, "\(name) loads no adapters at run time",
                    hint: "start it with VLLM_ALLOW_RUNTIME_LORA_UPDATING=True and --enable-lora"))
        case 404:
            throw .passing("\(name) does not find \(directory): \(answer.message)")
        default: try answer.requireSuccess("\(connection.address)\(path)")
        }
    }

    private func knows(_ adapter: ServedAdapter) async throws(ServerFailure) -> Bool {
        let path = "/v1/models"
        let models = try await connection.get(path).decoded(Models.self, "\(connection.address)\(path)")
        return models.data.contains { $0.id == adapter.name }
    }

    func unload(_ adapter: ServedAdapter) async {
        _ = try? await connection.post("/v1/unload_lora_adapter", LoadRequest(loraName: adapter.name))
    }
}
