import Foundation
import Synchronization
import Testing
import TinyAdapter
import TinyEngine
import TinyFoundation
import TinyRemote
import TinyTestSupport

@Suite("Sampling with a server")
struct RemoteSamplerTests {
    private let fixture: RemoteFixture

    init() throws { fixture = try RemoteFixture() }

    /// Log-probabilities of completions by the engine of this process.
    private func rescored(
        _ completions: [[Completion]], _ requests: [CompletionRequest]
    ) async throws -> [Float] {
        var differences: [Float] = []
        for (group, request) in zip(completions, requests) {
            let sequences = group.map { ScoredSequence(prompt: request.prompt, completion: $0.tokens) }
            let logprobs = try await fixture.engine.logprobs(of: sequences, adapter: request.adapter, temperature: 1)
            for (mine, served) in zip(logprobs, group) {
                differences += zip(mine, served.logprobs).map { abs($0 - $1) }
            }
        }
        return differences
    }

    @Test("adapters reach it as PEFT directories, and its log-probabilities are those of the adapter")
    func adapters() async throws {
        try await withTemporaryDirectory { folder in
            let fake = FakeVLLM(fixture), server = try fake.server()
            let checks = Mutex<[Agreement]>([])
            var settings = RemoteSettings()
            settings.checked = { found in checks.withLock { $0.append(found) } }
            let sampler = try await fixture.sampler([server], in: folder, settings: settings)
            #expect(sampler.software == "vLLM")
            #expect(sampler.servers == ["vLLM 0.32.0 at \(server.endpoint), raw log-probabilities"])
            let requests = [
                fixture.request(problem: 1), fixture.request(problem: 2, samples: 3, adapter: fixture.adapter(1)),
                fixture.request(problem: 3, adapter: fixture.adapter(2)),
                fixture.request(problem: 4, adapter: fixture.adapter(1)),
            ]
            let completions = try await sampler.complete(requests)
            #expect(completions.map(\.count) == [2, 3, 2, 2])
            #expect(Set(completions.joined().map(\.engine)) == ["vLLM 0.32.0 at \(server.endpoint)"])
            #expect(try await rescored(completions, requests).max() ?? 1 < 1e-3)
            #expect(fake.loads.count == 2)
            let found = checks.withLock { $0 }
            #expect(found.count == 3 && found.filter { $0.adapter == nil }.count == 1)
            #expect(found.allSatisfy { $0.difference < 1e-3 })
            // The same seeds give the same completions.
            #expect(try await sampler.complete(requests) == completions)
            #expect(server.requests.allSatisfy { $0.headers["connection"] == "close" }, "no connection is used twice")
        }
    }

    @Test("servers of one protocol are named by what they say of themselves")
    func software() async throws {
        try await withTemporaryDirectory { folder in
            let servers = try ["vllm", "tinylora", "someone"].map { try FakeVLLM(fixture, owner: $0).server() }
            let sampler = try await fixture.sampler(servers, in: folder)
            #expect(sampler.software == "tinylora, vLLM, vLLM protocol (someone)")
            let names = ["vLLM 0.32.0", "tinylora 0.1.0", "server"], kinds = ["raw", "tempered", "raw"]
            for (index, server) in servers.enumerated() {
                let kind = "\(kinds[index]) log-probabilities"
                #expect(sampler.servers[index] == "\(names[index]) at \(server.endpoint), \(kind)")
            }
        }
    }

    @Test("the same numbers have the same name, and numbers that change nothing are the base model")
    func names() async throws {
        try await withTemporaryDirectory { folder in
            let fake = FakeVLLM(fixture), server = try fake.server()
            let first = try await fixture.sampler([server], in: folder + "/1")
            _ = try await first.complete([fixture.request(problem: 1, adapter: fixture.adapter(1))])
            let second = try await fixture.sampler([server], in: folder + "/2")
            let zeros = [Float](repeating: 0, count: fixture.method.parameterCount)
            _ = try await second.complete([
                fixture.request(problem: 1, adapter: fixture.adapter(1)), fixture.request(problem: 2, adapter: zeros),
            ])
            #expect(fake.loads.count == 1)
        }
    }

    @Test("an adapter that no request needs is unloaded after the next one was loaded, and its files are removed")
    func unloading() async throws {
        try await withTemporaryDirectory { folder in
            let fake = FakeVLLM(fixture), server = try fake.server()
            let sampler = try await fixture.sampler([server], in: folder)
            for seed in 1...3 {
                _ = try await sampler.complete([fixture.request(problem: 1, adapter: fixture.adapter(UInt64(seed)))])
            }
            #expect(fake.loads.count == 3)
            #expect(fake.unloads == Array(fake.loads.prefix(2)))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [fake.loads[2]])
        }
    }

    @Test("closing leaves no adapter on the server, also from a task that was cancelled, and fails for no server")
    func closes() async throws {
        try await withTemporaryDirectory { folder in
            let fake = FakeVLLM(fixture), server = try fake.server()
            let sampler = try await fixture.sampler([server], in: folder)
            await sampler.close()
            #expect(fake.unloads.isEmpty)
            for round in 1...2 {
                _ = try await sampler.complete([fixture.request(problem: 1, adapter: fixture.adapter(1))])
                let closing = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    await sampler.close()
                }
                await closing.value
                #expect(fake.loads.count == round && fake.unloads == fake.loads)
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            }
            let stubborn = try FakeVLLM(fixture) { request, _ in
                request.path == "/v1/unload_lora_adapter" ? .error(500, "{}") : nil
            }.server()
            let other = try await fixture.sampler([stubborn], in: folder)
            _ = try await other.complete([fixture.request(problem: 1, adapter: fixture.adapter(1))])
            await other.close()
        }
    }

    @Test("a server that ignores the adapter is refused")
    func ignoredAdapter() async throws {
        try await withTemporaryDirectory { folder in
            let honest = FakeVLLM(fixture)
            let server = try HTTPServer { request in
                var request = request
                let text = String(decoding: request.body, as: UTF8.self)
                request.body = Data(
                    text.replacing(/"model":"tl-[0-9a-f]+"/, with: #""model":"base""#).utf8)
                return honest.answer(request)
            }
            let sampler = try await fixture.sampler([server], in: folder)
            let error = await #expect(throws: RemoteError.self) {
                try await sampler.complete([
                    fixture.request(problem: 1, adapter: fixture.adapter(1).map { 8 * $0 })
                ])
            }
            #expect(error?.code == .disagreement)
        }
    }

    @Test("a server that forgot an adapter is told again, and refused requests are sent again with the same seed")
    func restart() async throws {
        try await withTemporaryDirectory { folder in
            let plain = FakeVLLM(fixture), plainServer = try plain.server()
            let requests = [fixture.request(problem: 1, samples: 6, adapter: fixture.adapter(1))]
            let expected = try await fixture.sampler([plainServer], in: folder + "/1").complete(requests)

            let forgetful = Mutex<FakeVLLM?>(nil)
            let fake = FakeVLLM(fixture) { request, number in
                guard request.path == "/v1/completions", number > 5 else { return nil }
                switch number {
                case 6: return .error(500, #"{"error": {"message": "engine died"}}"#)
                case 7: return HTTPServer.Reply(headers: ["Content-Length": "1000"], cut: 0)
                case 8:
                    forgetful.withLock { $0 }?.forget()
                    return nil
                case 9: return HTTPServer.Reply(status: 429, headers: ["Retry-After": "0.1"])
                default: return nil
                }
            }
            forgetful.withLock { $0 = fake }
            let server = try fake.server()
            let notes = Mutex<[String]>([])
            var settings = RemoteSettings()
            settings.note = { note in notes.withLock { $0.append(note) } }
            let found = try await fixture.sampler([server], in: folder + "/2", settings: settings).complete(requests)
            #expect(found[0].map(\.tokens) == expected[0].map(\.tokens))
            #expect(found[0].map(\.logprobs) == expected[0].map(\.logprobs))
            #expect(fake.loads.count >= 2)
            #expect(notes.withLock { $0 }.contains { $0.contains("trying again") })
            forgetful.withLock { $0 = nil }
        }
    }

    @Test("requests are spread over the servers that answer")
    func spread() async throws {
        try await withTemporaryDirectory { folder in
            let healthy = try FakeVLLM(fixture).server()
            let dying = try FakeVLLM(fixture) { request, number in
                request.path == "/v1/completions" && number > 4
                    ? HTTPServer.Reply(headers: ["Content-Length": "1000"], cut: 0) : nil
            }.server()
            let sampler = try await fixture.sampler([healthy, dying], in: folder)
            let completions = try await sampler.complete([fixture.request(problem: 1, samples: 8)])
            #expect(completions[0].count == 8)
            let engines = Set(completions[0].compactMap(\.engine))
            #expect(engines.contains("vLLM 0.32.0 at \(healthy.endpoint)"))
        }
    }

    @Test(
        "a busy or loading server asks for a wait, one that failed does not, and one without memory is not asked again")
    func statuses() throws {
        func failure(_ status: Int, retryAfter: String? = nil) throws -> ServerFailure {
            try #require(throws: ServerFailure.self) {
                try ServerConnection.Answer(status, Data(#"{"message": "no"}"#.utf8), retryAfter: retryAfter)
                    .requireSuccess("x")
            }
        }
        for status in [408, 425, 429, 502, 503] {
            guard case .passing("x answered with status \(status): no", wait: .zero) = try failure(status) else {
                Issue.record("\(status)")
                continue
            }
        }
        guard case .passing(_, wait: .seconds(3)) = try failure(503, retryAfter: "3") else {
            Issue.record("Retry-After")
            return
        }
        guard case .late("x answered with status 504: no") = try failure(504, retryAfter: "3") else {
            Issue.record("504")
            return
        }
        for status in [500, 501] {
            guard case .passing(_, wait: nil) = try failure(status) else {
                Issue.record("\(status)")
                continue
            }
        }
        for status in [400, 507] {
            guard case .lasting(let error) = try failure(status) else {
                Issue.record("\(status)")
                continue
            }
            #expect(error.code == .refused && error.message.hasSuffix("status \(status): no"))
        }
    }

    @Test("a server whose time limit ends answers gets fewer requests at once, and ends the run after ten")
    func late() async throws {
        try await withTemporaryDirectory { folder in
            let running = Mutex((now: 0, most: 0))
            let fake = FakeVLLM(fixture), number = Mutex(0)
            let server = try HTTPServer { request in
                guard request.path == "/v1/completions" else { return fake.answer(request) }
                let count = number.withLock { number in
                    number += 1
                    return number
                }
                // After those that ask what the server is: the first time that all eight are asked for.
                if (4...11).contains(count) { return .error(504, #"{"error": {"message": "late"}}"#) }
                running.withLock { running in
                    running.now += 1
                    running.most = max(running.most, running.now)
                }
                defer { running.withLock { $0.now -= 1 } }
                Thread.sleep(forTimeInterval: 0.05)
                return fake.answer(request)
            }
            var settings = RemoteSettings()
            settings.longestWait = .zero
            let sampler = try await fixture.sampler([server], in: folder, settings: settings)
            let completions = try await sampler.complete([fixture.request(problem: 1, samples: 8)])
            #expect(completions[0].count == 8)
            #expect(running.withLock { $0.most } <= 5)  // half of eight, and one more after as many

            let slow = try FakeVLLM(fixture) { request, number in
                request.path == "/v1/completions" && number > 3 ? .error(504, "{}") : nil
            }.server()
            settings.patience = .zero
            let stuck = try await fixture.sampler([slow], in: folder, settings: settings)
            let error = await #expect(throws: RemoteError.self) {
                try await stuck.complete([fixture.request(problem: 1, samples: 1)])
            }
            #expect(error?.code == .refused && error?.message.hasSuffix("(10 times)") == true)
            #expect(error?.hint?.contains("--timeout") == true)
        }
    }

    @Test("no server for the whole patience is an error that says so")
    func unreachable() async throws {
        try await withTemporaryDirectory { folder in
            let server = try FakeVLLM(fixture) { request, number in
                request.path == "/v1/completions" && number > 3 ? .error(503, "{}") : nil
            }.server()
            var settings = RemoteSettings()
            settings.patience = .zero
            let sampler = try await fixture.sampler([server], in: folder, settings: settings)
            let error = await #expect(throws: RemoteError.self) {
                try await sampler.complete([fixture.request(problem: 1)])
            }
            #expect(error?.code == .unreachable)
            #expect(error?.message.contains("status 503") == true)
        }
    }

    @Test("temperatures that its log-probabilities do not describe are refused")
    func logprobKinds() async throws {
        try await withTemporaryDirectory { folder in
            let raw = try await fixture.sampler([try FakeVLLM(fixture).server()], in: folder)
            let hot = await #expect(throws: RemoteError.self) {
                try await raw.complete([fixture.request(problem: 1, temperature: 0.7)])
            }
            #expect(hot?.message.contains("before temperature") == true)
            _ = try await raw.complete([fixture.request(problem: 1, topP: 0.9)])

            let server = try FakeVLLM(fixture, isProcessed: true).server()
            let processed = try await fixture.sampler([server], in: folder)
            #expect(processed.servers[0].hasSuffix("processed log-probabilities"))
            _ = try await processed.complete([fixture.request(problem: 1, temperature: 0.7)])
            let cut = await #expect(throws: RemoteError.self) {
                try await processed.complete([fixture.request(problem: 1, topP: 0.9)])
            }
            #expect(cut?.message.contains("after top_k and top_p") == true)

            // Our own server's are what a completion's are.
            let own = try FakeVLLM(fixture, owner: "tinylora", isProcessed: true).server()
            let tempered = try await fixture.sampler([own], in: folder)
            _ = try await tempered.complete([fixture.request(problem: 1, temperature: 0.7, topP: 0.9)])
        }
    }

    @Test("a server that is not there, and one of another model, are refused before the first request")
    func refusals() async throws {
        try await withTemporaryDirectory { folder in
            let nobody = await #expect(throws: RemoteError.self) {
                try await RemoteSampler(
                    [ServerAddress("http://127.0.0.1:1")], adapters: fixture.adapters(in: folder),
                    judge: fixture.engine,
                    vocabularySize: 10, probe: .init(prompt: [1], stopTokens: []))
            }
            #expect(nobody?.code == .unreachable)
            let other = try FakeVLLM(fixture) { request, number in
                request.path == "/v1/completions" && number > 2
                    ? .json(
                        #"{"choices": [{"token_ids": [5, 6], "finish_reason": "length", "#
                            + #""logprobs": {"token_logprobs": [-30, -30]}}]}"#) : nil
            }.server()
            let wrong = await #expect(throws: RemoteError.self) { try await fixture.sampler([other], in: folder) }
            #expect(wrong?.code == .disagreement)
            for text in ["http://host:8000", "http://host:8000/", "http://host:8000/v1", "http://host:8000/v1/"] {
                #expect(try ServerAddress(text).description == "http://host:8000")
            }
            #expect(try ServerAddress("https://host/proxy/v1").description == "https://host/proxy")
            for text in ["", "127.0.0.1:8000", "ftp://host", "http://", "http://host?x=1"] {
                let error = #expect(throws: RemoteError.self) { try ServerAddress(text) }
                #expect(error?.code == .invalidAddress)
            }
        }
    }
}
