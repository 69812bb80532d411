import Foundation
import Synchronization
import TinyAdapter
import TinyCheckpoint
import TinyEngine
import TinyFoundation
import TinyModel
import TinyRemote
import TinyTestSupport

/// A small model with an adapter method, and servers that compute it as vLLM and llama.cpp would.
struct RemoteFixture: Sendable {
    let checkpoint: Checkpoint
    let method: TinyLoRAMethod
    let engine: LocalEngine

    init() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/qwen2-untied")
        checkpoint = try Checkpoint(directory: folder.path)
        let plan = try AdapterPlan(
            modules: checkpoint.configuration.modules, rank: 2, u: 1, tying: .tiled(modulesPerGroup: 5))
        method = try TinyLoRAMethod(
            design: TinyLoRADesign(plan: plan, seed: 11), for: AdapterPreparation(checkpoint: checkpoint, threads: 1))
        engine = LocalEngine(
            model: try LanguageModel(checkpoint, arithmetic: .float32), method: method, threads: 1)
    }

    /// Numbers large enough to change what is sampled.
    func adapter(_ seed: UInt64) -> [Float] { noise(method.parameterCount, seed: seed).map { 0.5 * $0 } }

    func adapters(in folder: String) throws -> RemoteAdapters {
        try RemoteAdapters(method, of: checkpoint, fingerprint: "fixture", in: folder)
    }

    static let stopTokens = [3, 50]

    func request(
        problem: Int, samples: Int = 2, adapter: [Float]? = nil, temperature: Double = 1, topP: Double = 1
    ) -> CompletionRequest {
        CompletionRequest(
            prompt: [7, 8, 9, 10 + problem],
            streams: (0..<samples).map { StreamName(.sampling, seed: 1, step: 2, problem: problem, sample: $0) },
            adapter: adapter,
            sampling: SamplingParameters(
                temperature: temperature, topP: topP, maxTokens: 12, stopTokens: Self.stopTokens))
    }

    /// A sampler that keeps its servers running.
    func sampler(
        _ servers: [HTTPServer], in folder: String, settings: RemoteSettings = RemoteSettings()
    ) async throws -> RemoteSampler {
        var settings = settings
        settings.note = { [note = settings.note] sentence in withExtendedLifetime(servers) { note(sentence) } }
        return try await RemoteSampler(
            servers.map { try ServerAddress($0.endpoint) }, adapters: adapters(in: folder), judge: engine,
            vocabularySize: checkpoint.configuration.vocabularySize,
            probe: .init(prompt: [7, 8, 9], stopTokens: Self.stopTokens), settings: settings)
    }
}

/// A server of completions with vLLM's protocol: the fixture's model, and adapters it reads from PEFT directories.
final class FakeVLLM: Sendable {
    /// Changes an answer; the number counts the requests for the same path, from 1.
    typealias Fault = @Sendable (_ request: HTTPServer.Request, _ number: Int) -> HTTPServer.Reply?

    private struct State {
        var methods: [String: (method: Int, values: [Float])] = [:]
        var counts: [String: Int] = [:]
        var loads: [String] = []
        var unloads: [String] = []
    }

    private let fixture: RemoteFixture
    private let owner: String
    private let isProcessed: Bool
    private let fault: Fault
    private let state = Mutex(State())

    /// - Parameters:
    ///   - owner: Who owns the model, by which servers say what they are.
    ///   - isProcessed: Whether log-probabilities come after temperature.
    init(
        _ fixture: RemoteFixture, owner: String = "vllm", isProcessed: Bool = false,
        fault: @escaping Fault = { _, _ in nil }
    ) {
        self.fixture = fixture
        self.owner = owner
        self.isProcessed = isProcessed
        self.fault = fault
    }

    func server() throws -> HTTPServer { try HTTPServer { self.answer($0) } }

    var loads: [String] { state.withLock(\.loads) }
    var unloads: [String] { state.withLock(\.unloads) }

    /// As after a restart.
    func forget() { state.withLock { $0.methods = [:] } }

    func answer(_ request: HTTPServer.Request) -> HTTPServer.Reply {
        let number = state.withLock { state in
            state.counts[request.path, default: 0] += 1
            return state.counts[request.path, default: 0]
        }
        if let reply = fault(request, number) { return reply }
        do {
            switch request.path {
            case "/v1/models": return models()
            case "/version" where owner == "vllm": return .json(#"{"version": "0.32.0"}"#)
            case "/openapi.json": return .json(#"{"openapi": "3.1.0", "info": {"version": "0.1.0"}}"#)
            case "/v1/load_lora_adapter": return try load(JSONValue(json: request.body))
            case "/v1/unload_lora_adapter": return try unload(JSONValue(json: request.body))
            case "/v1/completions": return try complete(JSONValue(json: request.body))
            default: return .error(404, #"{"detail": "Not Found"}"#)
            }
        } catch {
            return .error(500, #"{"error": {"message": "\#(error)"}}"#)
        }
    }

    private func models() -> HTTPServer.Reply {
        let loaded = state.withLock { $0.methods.keys.sorted() }
        let all =
            [#"{"id": "base", "parent": null, "owned_by": "\#(owner)", "max_model_len": 64}"#]
            + loaded.map { #"{"id": "\#($0)", "parent": "base"}"# }
        return .json(#"{"data": [\#(all.joined(separator: ", "))]}"#)
    }

    private func load(_ body: JSONValue) throws -> HTTPServer.Reply {
        guard case .string(let name) = body["lora_name"], case .string(let path) = body["lora_path"] else {
            return .error(400, "{}")
        }
        guard !state.withLock({ $0.methods[name] != nil }) else {
            return .error(400, #"{"error": {"message": "has already been loaded"}}"#)
        }
        let adapter = try PEFTAdapter(directory: path)
        let method = try adapter.design.prepared(AdapterPreparation(checkpoint: fixture.checkpoint, threads: 1))
        let index = fixture.engine.add(method)
        state.withLock { state in
            state.methods[name] = (index, adapter.values)
            state.loads.append(name)
        }
        return HTTPServer.Reply(body: Data("Success".utf8))
    }

    private func unload(_ body: JSONValue) throws -> HTTPServer.Reply {
        guard case .string(let name) = body["lora_name"] else { return .error(400, "{}") }
        return state.withLock { state in
            state.unloads.append(name)
            return state.methods.removeValue(forKey: name) == nil ? .error(404, "{}") : HTTPServer.Reply()
        }
    }

    private struct Body: Decodable {
        let model: String
        let prompt: [Int]
        let maxTokens: Int
        let seed: UInt64
        let temperature: Double
        let topP: Double
        let logprobs: Int
        let stopTokenIds: [Int]

        private enum CodingKeys: String, CodingKey {
            case model, prompt, seed, temperature, logprobs
            case maxTokens = "max_tokens"
            case topP = "top_p"
            case stopTokenIds = "stop_token_ids"
        }
    }

    private func complete(_ json: JSONValue) throws -> HTTPServer.Reply {
        let body = try JSONDecoder().decode(Body.self, from: JSONEncoder().encode(json))
        var request = CompletionRequest(
            prompt: body.prompt, streams: [StreamName(.sampling, seed: body.seed)], adapter: nil,
            sampling: SamplingParameters(
                temperature: body.temperature, topP: body.topP, maxTokens: body.maxTokens,
                stopTokens: body.stopTokenIds))
        if body.model != "base" {
            guard let known = state.withLock({ $0.methods[body.model] }) else {
                return .error(404, #"{"error": {"message": "The model `\#(body.model)` does not exist."}}"#)
            }
            (request.method, request.adapter) = known
        }
        request.alternatives = body.logprobs
        let (completion, top) = try waiting { [fixture, request] in try await fixture.engine.sampled(request) }
        // The engine's log-probabilities are those at the temperature; raw ones come from scoring.
        let isRaw = !isProcessed && body.temperature != 0
        let scored = try waiting { [fixture] in
            try await fixture.engine.logprobs(
                of: [ScoredSequence(prompt: body.prompt, completion: completion.tokens)], adapter: nil, temperature: 1)[
                    0]
        }
        let logprobs = isRaw && body.temperature != 1 ? scored : completion.logprobs
        let scale = isRaw ? body.temperature : 1
        let alternatives = top.map { #""\#($0.token)": \#(Double($0.logprob) * scale)"# }.joined(separator: ", ")
        return .json(
            #"{"choices": [{"token_ids": \#(completion.tokens), "#
                + #""finish_reason": "\#(completion.stop == .endOfText ? "stop" : "length")", "#
                + #""logprobs": {"token_logprobs": \#(logprobs), "top_logprobs": [{\#(alternatives)}]}}]}"#)
    }
}

extension LocalEngine {
    /// A completion, and the likeliest tokens at its first place.
    func sampled(_ request: CompletionRequest) async throws -> (Completion, [ScoredToken]) {
        var first: [ScoredToken]?
        for try await event in stream(request) {
            switch event {
            case .began, .prompt: break
            case .token(_, _, let alternatives): first = first ?? alternatives
            case .finished(_, let completion): return (completion, first ?? [])
            case .failed(_, let error): throw error
            }
        }
        throw CancellationError()
    }
}

extension HTTPServer.Reply {
    static func error(_ status: Int, _ text: String) -> HTTPServer.Reply {
        HTTPServer.Reply(status: status, body: Data(text.utf8))
    }
}

/// Waits on a thread of the server's for something asynchronous.
func waiting<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
    let result = Mutex<Result<Value, any Error>?>(nil), done = DispatchSemaphore(value: 0)
    Task {
        let found: Result<Value, any Error>
        do { found = .success(try await body()) } catch { found = .failure(error) }
        result.withLock { $0 = found }
        done.signal()
    }
    done.wait()
    guard let found = result.withLock({ $0 }) else { throw CancellationError() }
    return try found.get()
}
