import Foundation
import Synchronization
import Testing
import TinyAdapter
import TinyEngine
import TinyFoundation
import TinyModel
import TinyRemote
import TinyTestSupport

/// A server with llama.cpp's protocol: the fixture's model, with an adapter for each file it was started with.
private final class FakeLlamaCpp: Sendable {
    private let fixture: RemoteFixture
    private let files: [String]
    private let fault: FakeVLLM.Fault
    private let count = Mutex(0)

    /// - Parameter fault: Answers instead; its number counts all requests, from 1.
    init(_ fixture: RemoteFixture, files: [String] = [], fault: @escaping FakeVLLM.Fault = { _, _ in nil }) {
        self.fixture = fixture
        self.files = files
        self.fault = fault
    }

    private struct Scale: Decodable {
        let id: Int
        let scale: Float
    }

    private struct Body: Decodable {
        let prompt: [Int]
        let nPredict: Int
        let seed: UInt64
        let temperature: Double
        let cachePrompt: Bool
        let lora: [Scale]

        private enum CodingKeys: String, CodingKey {
            case prompt, seed, temperature, lora
            case nPredict = "n_predict"
            case cachePrompt = "cache_prompt"
        }
    }

    func server() throws -> HTTPServer {
        try HTTPServer { request in
            let number = self.count.withLock { count in
                count += 1
                return count
            }
            if let reply = self.fault(request, number) { return reply }
            do {
                switch request.path {
                case "/lora-adapters":
                    let list = self.files.enumerated().map { #"{"id": \#($0), "path": "\#($1)", "scale": 0}"# }
                    return .json("[\(list.joined(separator: ", "))]")
                case "/props":
                    return .json(
                        #"{"default_generation_settings": {"n_ctx": 64}, "total_slots": 2, "build_info": "b1"}"#)
                case "/completion": return try self.complete(request.body)
                default: return .error(404, "{}")
                }
            } catch {
                return .error(500, #"{"error": {"message": "\#(error)"}}"#)
            }
        }
    }

    private func complete(_ json: Data) throws -> HTTPServer.Reply {
        let body = try JSONDecoder().decode(Body.self, from: json)
        var values = [Float](repeating: 0, count: fixture.method.parameterCount)
        // Files are listed in another order than that of the numbers.
        for scale in body.lora { values[files.count - 1 - scale.id] = scale.scale }
        let request = CompletionRequest(
            prompt: body.prompt, streams: [StreamName(.sampling, seed: body.seed)], adapter: values,
            sampling: SamplingParameters(
                temperature: body.temperature, maxTokens: body.nPredict, stopTokens: RemoteFixture.stopTokens))
        let (completion, _) = try waiting { [fixture] in try await fixture.engine.sampled(request) }
        var tokens = zip(completion.tokens, completion.logprobs).map { token, logprob in
            #"{"id": \#(token), "logprob": \#(logprob), "top_logprobs": [{"id": \#(token), "logprob": \#(logprob)}]}"#
        }
        // As where a token ends within a character.
        if body.seed % 2 == 0, tokens.count > 2 { tokens.remove(at: 1) }
        return .json(
            #"{"tokens": \#(completion.tokens), "stop_type": "\#(completion.stop == .endOfText ? "eos" : "limit")", "#
                + #""truncated": \#(body.cachePrompt), "completion_probabilities": [\#(tokens.joined(separator: ", "))]}"#
        )
    }
}

@Suite("Sampling with llama.cpp's server")
struct LlamaCppTests {
    private let fixture: RemoteFixture

    init() throws { fixture = try RemoteFixture() }

    @Test(
        "a server without the run's adapters is told which files to start with, and with them takes numbers as scales")
    func scales() async throws {
        try await withTemporaryDirectory { folder in
            let bare = try FakeLlamaCpp(fixture).server()
            let error = await #expect(throws: RemoteError.self) { try await fixture.sampler([bare], in: folder) }
            let count = fixture.method.parameterCount
            #expect(error?.message.contains("has 0 of the \(count) adapters of this run") == true)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(files.count == count && files.allSatisfy { error?.hint?.contains("\(folder)/\($0)") == true })

            let server = try FakeLlamaCpp(fixture, files: files.reversed().map { "elsewhere/\($0)" }).server()
            let sampler = try await fixture.sampler([server], in: folder)
            #expect(sampler.software == "llama.cpp")
            let adapter = fixture.adapter(1)
            let request = fixture.request(problem: 1, samples: 5, adapter: adapter)
            let completions = try await sampler.complete([request])[0]
            let sequences = completions.map { ScoredSequence(prompt: request.prompt, completion: $0.tokens) }
            let scored = try await fixture.engine.logprobs(of: sequences, adapter: adapter, temperature: 1)
            #expect(scored == completions.map(\.logprobs))
        }
    }

    @Test("a server that loads its model is waited for")
    func loading() async throws {
        try await withTemporaryDirectory { folder in
            let server = try FakeLlamaCpp(fixture, files: partNames(in: folder)) { _, number in
                number <= 2 ? .error(503, #"{"error": {"message": "Loading model"}}"#) : nil
            }.server()
            let notes = Mutex<[String]>([])
            var settings = RemoteSettings()
            settings.longestWait = .zero
            settings.note = { note in notes.withLock { $0.append(note) } }
            let sampler = try await fixture.sampler([server], in: folder, settings: settings)
            #expect(sampler.software == "llama.cpp")
            let found = notes.withLock { $0 }
            #expect(found.count == 1 && found[0].hasSuffix("status 503: Loading model; waiting for it"))
        }
    }

    /// A completion of a server that answers with these tokens to a prompt of `length` tokens.
    private func completion(
        _ tokens: [Int], stop: String, isTruncated: Bool = false, prompt length: Int = 4, maxTokens: Int = 12,
        likeliest: String = #"{"id": 1, "logprob": -0.5}"#
    ) async throws -> Completion? {
        var found: Completion?
        try await withTemporaryDirectory { folder in
            let probabilities = tokens.map {
                #"{"id": \#($0), "logprob": -0.5, "top_logprobs": [\#(likeliest)]}"#
            }.joined(separator: ", ")
            let server = try FakeLlamaCpp(fixture, files: partNames(in: folder)) { request, _ in
                // The request of 24 tokens is the one that is compared with the learner.
                guard request.path == "/completion",
                    !String(decoding: request.body, as: UTF8.self).contains(#""n_predict":24"#)
                else { return nil }
                return .json(
                    #"{"tokens": \#(tokens), "stop_type": "\#(stop)", "truncated": \#(isTruncated), "#
                        + #""completion_probabilities": [\#(probabilities)]}"#)
            }.server()
            let sampler = try await fixture.sampler([server], in: folder)
            var request = fixture.request(problem: 1, samples: 1)
            request.prompt = Array(repeating: 7, count: length)
            request.sampling.maxTokens = maxTokens
            found = try await sampler.complete([request])[0].first
        }
        return found
    }

    @Test("a completion that fills the server's context has reached a limit; a shortened prompt is an error")
    func truncation() async throws {
        let filled = try #require(try await completion([9, 9, 9, 9], stop: "limit", isTruncated: true, prompt: 60))
        #expect(filled.tokens.count == 4 && filled.stop == .contextFull)
        let limited = try await completion([9, 9, 9, 9], stop: "limit", isTruncated: true, prompt: 60, maxTokens: 4)
        #expect(limited?.stop == .tokenLimit)
        let error = await #expect(throws: RemoteError.self) {
            try await completion([9, 9, 9, 9], stop: "limit", isTruncated: true)
        }
        #expect(error?.message.hasSuffix("shortened a prompt of 4 tokens") == true)
    }

    @Test("the server's own stop tokens end a text, and the run's end it where the server goes on")
    func stopTokens() async throws {
        let own = try #require(try await completion([9, 10, 60], stop: "eos"))
        #expect(own.tokens == [9, 10, 60] && own.stop == .endOfText)
        let cut = try #require(try await completion([9, 50, 10, 3], stop: "limit"))
        #expect(cut.tokens == [9, 50] && cut.logprobs == [-0.5, -0.5] && cut.stop == .endOfText)
    }

    /// The files of the run's adapters, in the order in which the fake server is started with them.
    private func partNames(in folder: String) throws -> [String] {
        try fixture.adapters(in: folder).writeParts().map { URL(filePath: $0).lastPathComponent }.reversed()
    }

    @Test("log-probabilities of tokens that were guessed, which are none, are refused")
    func speculativeDecoding() async throws {
        let error = await #expect(throws: RemoteError.self) {
            _ = try await completion([5, 6], stop: "limit", likeliest: "")
        }
        #expect(error?.code == .unsupported && error?.hint == "start it without speculative decoding", "\(error)")
    }

    @Test("the parts of the numbers add up to the change")
    func parts() throws {
        let mixing = try #require(fixture.method.linearMixing), values = fixture.adapter(2)
        let size = mixing.factors.rank * mixing.factors.rank, change = fixture.method.change(values: values)
        for (module, group) in mixing.groups.enumerated() {
            let part = Array(change.mixing[module * size..<(module + 1) * size])
            #expect(part == mixing.projections(module).map { values[group] * $0 })
        }
    }
}
