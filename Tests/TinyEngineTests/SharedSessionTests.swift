import Testing
import TinyAdapter
import TinyCheckpoint
import TinyEngine
import TinyFoundation
import TinyModel
import TinyTestSupport

@Suite("A session shared by many tasks")
struct SharedSessionTests {
    private func limits(promptRows: Int) -> DecodingState.Limits {
        var limits = DecodingState.Limits()
        limits.promptRows = promptRows
        return limits
    }

    /// The completions of requests that joined, by request and sample.
    private func completions(_ joined: JoinedRequests, of requests: [CompletionRequest]) async throws -> [[Completion]]
    {
        var found = requests.map { [Completion?](repeating: nil, count: $0.streams.count) }
        var tokens: [SampleID: [Int]] = [:]
        for try await event in joined.events {
            switch event {
            case .began, .prompt: break
            case .token(let id, let chosen, _): tokens[id, default: []].append(chosen.token)
            case .finished(let id, let completion):
                #expect(tokens[id] == completion.tokens)
                found[id.request][id.sample] = completion
            case .failed(_, let error): throw error
            }
        }
        return found.map { $0.compactMap(\.self) }
    }

    @Test(
        "gives requests of 64 tasks with 64 adapters the bits they get alone, prompts in pieces", arguments: [7, 1024])
    func manyTasks(promptRows: Int) async throws {
        let fixture = try EngineFixture(), engine = fixture.policy(threads: 2), limits = limits(promptRows: promptRows)
        let shared = SharedSession { engine.session(limits: limits) }
        let sampling = SamplingParameters(temperature: 1.2, maxTokens: 12, stopTokens: [3])
        let requests = (0..<64).map { index in
            fixture.request(
                3 + index % 30, samples: 1 + index % 2, problem: index, adapter: fixture.adapter(UInt64(index)),
                sampling)
        }
        let found = try await withThrowingTaskGroup(of: (Int, [[Completion]]).self) { group in
            for (index, request) in requests.enumerated() {
                group.addTask { (index, try await completions(shared.join([request]), of: [request])) }
            }
            return try await group.reduce(into: [Int: [Completion]]()) { $0[$1.0] = $1.1[0] }
        }
        for (index, request) in requests.enumerated() {
            let alone = try await engine.complete([request])
            #expect(firstDifference([found[index] ?? []], alone) == nil, "request \(index)")
        }
        #expect(shared.load == SharedSession.Load())
        await shared.close(within: .zero)
    }

    @Test("samples adapters of several methods together, with shared beginnings in pieces", arguments: [16, 1024])
    func methods(promptRows: Int) async throws {
        let fixture = try EngineFixture(), engine = fixture.policy()
        let checkpoint = fixture.checkpoint
        let design = try LoRAXSDesign(modules: checkpoint.configuration.modules, rank: 2, alpha: 4)
        let other = try design.prepared(AdapterPreparation(checkpoint: checkpoint, threads: 1))
        let numbers = noise(other.parameterCount, seed: 5).map { 0.2 * $0 }
        #expect(engine.add(other) == 1)
        let alone = LocalEngine(model: fixture.model, method: other, threads: 1)
        // All prompts share a beginning, which each adapter has keys and values of its own for.
        var requests = (0..<4).map { fixture.request(70, problem: 1, adapter: $0 < 2 ? fixture.adapter(1) : numbers) }
        for index in requests.indices { requests[index].prompt.append(index) }
        let expected =
            try await engine.complete(Array(requests[..<2])) + alone.complete(Array(requests[2...]))
        for index in 2..<4 { requests[index].method = 1 }
        let limits = limits(promptRows: promptRows)
        let shared = SharedSession { engine.session(limits: limits) }
        let found = try await completions(shared.join(requests), of: requests)
        #expect(firstDifference(found, expected) == nil)
        requests[0].method = 7
        await #expect(throws: EngineError.self) {
            _ = try await completions(shared.join(requests), of: requests)
        }
        await shared.close(within: .zero)
    }

    @Test("goes on with a method that is removed, takes no more requests for it, and gives its number to no other")
    func removedMethod() async throws {
        let fixture = try EngineFixture(), engine = fixture.policy()
        let design = try LoRAXSDesign(modules: fixture.checkpoint.configuration.modules, rank: 2, alpha: 4)
        let other = try design.prepared(AdapterPreparation(checkpoint: fixture.checkpoint, threads: 1))
        var request = fixture.request(
            20, problem: 1, adapter: noise(other.parameterCount, seed: 5).map { 0.2 * $0 },
            SamplingParameters(maxTokens: 5, stopTokens: []))
        let alone = try await LocalEngine(model: fixture.model, method: other, threads: 1).complete([request])
        request.method = engine.add(other)
        let (permits, permit) = AsyncStream.makeStream(of: Void.self)
        let shared = SharedSession { SlowSession(engine.session(), permits) }
        let joined = try shared.join([request])
        permit.yield()
        for try await event in joined.events {
            if case .token = event {
                engine.remove(request.method)
                permit.yield()
            } else if case .finished(_, let completion) = event {
                #expect(firstDifference([[completion]], alone) == nil)
            }
        }
        permit.finish()
        await shared.close(within: .zero)
        #expect(engine.add(other) == request.method + 1)
        await #expect(throws: EngineError.self) { try await engine.complete([request]) }
    }

    @Test("ends one sample and goes on with the others")
    func stopping() async throws {
        let fixture = try EngineFixture(), engine = fixture.policy()
        let (permits, permit) = AsyncStream.makeStream(of: Void.self)
        let shared = SharedSession { SlowSession(engine.session(), permits) }
        let sampling = SamplingParameters(maxTokens: 5, stopTokens: [])
        let request = fixture.request(20, samples: 2, problem: 2, adapter: fixture.adapter(1), sampling)
        let joined = try shared.join([request])
        permit.yield()
        var tokens = [0, 0], ended: [Int] = []
        for try await event in joined.events {
            switch event {
            case .began, .prompt: break
            case .token(let id, _, _):
                tokens[id.sample] += 1
                guard id.sample == 1 else { continue }
                if tokens == [1, 1] { joined.stop(SampleID(request: 0, sample: 0)) }
                permit.yield()
            case .finished(let id, let completion):
                ended.append(id.sample)
                #expect(firstDifference([[completion]], [[try await engine.complete([request])[0][1]]]) == nil)
            case .failed(_, let error): throw error
            }
        }
        // The pass that was under way when the sample was stopped still gave it a token.
        #expect(tokens == [2, 5] && ended == [1])
        permit.finish()
        await shared.close(within: .zero)
    }

    @Test("lets a task that stops reading leave, and samples nothing more for it")
    func leaving() async throws {
        let fixture = try EngineFixture(), engine = fixture.policy()
        let (permits, permit) = AsyncStream.makeStream(of: Void.self)
        let shared = SharedSession { SlowSession(engine.session(), permits) }
        let endless = SamplingParameters(maxTokens: 100, stopTokens: [])
        permit.yield()
        for try await event in try shared.join([fixture.request(9, samples: 3, problem: 1, endless)]).events {
            if case .token = event { break }
        }
        // Further passes wait for nothing; one may have been under way when the task left.
        permit.finish()
        await shared.close(within: .seconds(60))
        #expect(shared.load == SharedSession.Load())
        #expect([3, 6].contains(shared.sampledTokens), "\(shared.sampledTokens)")
    }

    @Test("lets a task leave between the pieces of a long prompt, though nothing else runs")
    func leavingLongPrompt() async throws {
        let fixture = try EngineFixture(), engine = fixture.policy(), limits = limits(promptRows: 7)
        let (permits, permit) = AsyncStream.makeStream(of: Void.self)
        let shared = SharedSession { SlowSession(engine.session(limits: limits), permits) }
        let request = fixture.request(28, problem: 1, SamplingParameters(maxTokens: 5, stopTokens: []))
        permit.yield()
        for try await event in try shared.join([request]).events {
            guard case .began(_, let tokens) = event else { Issue.record("\(event) after one piece"); break }
            #expect(tokens == 7)
            break
        }
        // Further passes wait for nothing; one may have been under way when the task left.
        permit.finish()
        await shared.close(within: .seconds(60))
        #expect(shared.sampledTokens == 0)
    }

    @Test("has no load when the last answer has been read")
    func loadAtEnd() async throws {
        let fixture = try EngineFixture(), engine = fixture.policy()
        let shared = SharedSession { engine.session() }
        let request = fixture.request(9, samples: 2, problem: 1, SamplingParameters(maxTokens: 3, stopTokens: []))
        for round in 1...200 {
            var ended = 0
            for try await event in try shared.join([request]).events {
                guard case .finished = event else { continue }
                ended += 1
                if ended == 2 { break }
            }
            #expect(shared.load == SharedSession.Load() && shared.sampledTokens == 6 * round)
        }
        await shared.close(within: .zero)
    }

    @Test("refuses more waiting samples than its limit, requests after its end, and ends what is late")
    func limits() async throws {
        let fixture = try EngineFixture(), engine = fixture.policy()
        let (permits, permit) = AsyncStream.makeStream(of: Void.self)
        let shared = SharedSession(waitingLimit: 4) { SlowSession(engine.session(), permits) }
        let endless = SamplingParameters(maxTokens: 100, stopTokens: [])
        let request = fixture.request(9, samples: 4, problem: 1, endless)
        let tooMany = #expect(throws: EngineError.self) {
            _ = try shared.join([fixture.request(9, samples: 5, problem: 1, endless)])
        }
        #expect(tooMany?.code == .invalidSampling && tooMany?.hint == nil)
        let timedOut = await #expect(throws: EngineError.self) {
            _ = try await completions(shared.join([request], timeout: .zero), of: [request])
        }
        #expect(timedOut?.code == .timedOut)
        // No pass has a permit yet.
        let late = try shared.join([request])
        let busy = #expect(throws: EngineError.self) { _ = try shared.join([request]) }
        #expect(busy?.code == .busy && busy?.hint != nil)
        let closing = Task { await shared.close(within: .zero) }
        var refused: EngineError?
        while refused?.code != .closed {
            refused = #expect(throws: EngineError.self) { _ = try shared.join([request]) }
            await Task.yield()
        }
        permit.yield()
        let closed = await #expect(throws: EngineError.self) { _ = try await completions(late, of: [request]) }
        #expect(closed?.code == .closed)
        await closing.value
    }

    @Test("an adapter that breaks the model ends its own request only")
    func brokenAdapter() async throws {
        let fixture = try EngineFixture(), engine = fixture.policy()
        let good = fixture.request(9, samples: 2, problem: 1, adapter: fixture.adapter(1))
        let bad = fixture.request(
            9, problem: 2, adapter: [Float](repeating: 1e30, count: engine.parameterCount))
        await #expect(throws: EngineError.self) { _ = try await engine.complete([bad]) }
        let shared = SharedSession { engine.session() }
        let broken = try shared.join([bad]), whole = try shared.join([good])
        #expect(firstDifference(try await completions(whole, of: [good]), try await engine.complete([good])) == nil)
        await #expect(throws: EngineError.self) { _ = try await completions(broken, of: [bad]) }
        await shared.close(within: .zero)
    }

    @Test("reports the most likely tokens with the bits of the sampled one")
    func alternatives() async throws {
        let fixture = try EngineFixture(), engine = fixture.policy()
        var request = fixture.request(
            9, problem: 1, SamplingParameters(temperature: 0, maxTokens: 5, stopTokens: []))
        request.alternatives = 3
        var count = 0
        for try await event in engine.stream(request) {
            guard case .token(_, let chosen, let alternatives) = event else { continue }
            count += 1
            #expect(alternatives.count == 3 && alternatives.first == chosen)
            #expect(alternatives.map(\.logprob) == alternatives.map(\.logprob).sorted(by: >))
        }
        #expect(count == 5)
        request.alternatives = -1
        await #expect(throws: EngineError.self) { _ = try await engine.complete([request]) }
    }
}

/// A session whose passes wait for a permit each.
private final class SlowSession: SamplingSession {
    private let session: any SamplingSession
    private var permits: AsyncStream<Void>.Iterator

    init(_ session: any SamplingSession, _ permits: AsyncStream<Void>) {
        self.session = session
        self.permits = permits.makeAsyncIterator()
    }

    func add(_ request: CompletionRequest) throws -> Int { try session.add(request) }
    func cancel(_ request: Int) { session.cancel(request) }
    func stop(_ sample: SampleID) -> Completion? { session.stop(sample) }

    func advance() async throws -> [SamplingEvent] {
        var permits = permits
        _ = await permits.next()
        self.permits = permits
        return try await session.advance()
    }
}
