import Testing
import TinyAdapter
import TinyModel
import TinyEngine
import TinyFoundation
import TinyTensor
import TinyTestSupport

@Suite("Completions depend on the request alone")
struct CompletionTests {
    @Test("not on the number of threads", arguments: ["qwen2-untied", "qwen2-tied-bf16", "qwen3"])
    func threads(name: String) async throws {
        let fixture = try EngineFixture(name), requests = fixture.mixedRequests
        let one = try await fixture.policy().complete(requests, progress: nil)
        for threads in [2, 3] {
            let many = try await fixture.policy(threads: threads).complete(requests, progress: nil)
            #expect(firstDifference(many, one) == nil, "\(threads) threads")
        }
        #expect(Set(one.joined().map(\.tokens)).count > one.joined().count / 2, "samples hardly differ")
    }

    @Test("not on the requests beside it, their order or their adapters")
    func company() async throws {
        let fixture = try EngineFixture(), policy = fixture.policy(), requests = fixture.mixedRequests
        let together = try await policy.complete(requests, progress: nil)
        let reversed = try await policy.complete(requests.reversed(), progress: nil)
        #expect(firstDifference(reversed.reversed(), together) == nil)
        for (index, request) in requests.enumerated() {
            let alone = try await policy.complete([request], progress: nil)
            #expect(firstDifference(alone, [together[index]]) == nil, "request \(index)")
        }
        #expect(try await policy.complete([], progress: nil).isEmpty)
    }

    /// An engine whose sessions have bounds of their own.
    private struct BoundedEngine: Sampler {
        let engine: LocalEngine
        let limits: DecodingState.Limits
        var contextLength: Int { engine.contextLength }
        func session() -> any SamplingSession { engine.session(limits: limits) }
    }

    @Test("not on the memory of the machine, which bounds what runs at once", arguments: [1, 1 << 18, 1 << 40])
    func bounds(cacheBytes: Int) async throws {
        let fixture = try EngineFixture(), policy = fixture.policy(), requests = fixture.mixedRequests
        var limits = DecodingState.Limits()
        limits.cacheBytes = cacheBytes
        let bounded = try await BoundedEngine(engine: policy, limits: limits).complete(requests)
        #expect(firstDifference(bounded, try await policy.complete(requests)) == nil)
    }

    @Test("not on prompts that begin alike", arguments: ["qwen2-untied", "qwen2-tied-bf16", "qwen3"])
    func sharedBeginnings(name: String) async throws {
        let fixture = try EngineFixture(name), policy = fixture.policy()
        let beginning = fixture.tokens(70, seed: 40)
        // Two adapters and none; ends of many lengths, one of them the beginning itself and one a page of its own.
        var requests: [CompletionRequest] = []
        for (index, end) in [7, 1, 30, 0, 13, 40, 7].enumerated() {
            for adapter in [nil, fixture.adapter(1), fixture.adapter(2)] {
                var request = fixture.request(1, samples: 2, problem: 3 * index, adapter: adapter)
                request.prompt = beginning + fixture.tokens(end, seed: UInt64(50 + index % 6))
                requests.append(request)
            }
        }
        let together = try await policy.complete(requests, progress: nil)
        for (index, request) in requests.enumerated() {
            let alone = try await policy.complete([request], progress: nil)
            #expect(firstDifference(alone, [together[index]]) == nil, "request \(index)")
        }
        let sequences = zip(requests, together).map { ScoredSequence(prompt: $0.prompt, completion: $1[0].tokens) }
        let scored = try await policy.logprobs(of: sequences, adapter: nil, temperature: 1)
        for (index, sequence) in sequences.enumerated() {
            let alone = try await policy.logprobs(of: [sequence], adapter: nil, temperature: 1)
            #expect(firstDifference(alone[0], scored[index]) == nil, "sequence \(index)")
        }
    }

    @Test("a beginning is computed once, for the adapter's numbers")
    func prefixCache() throws {
        let fixture = try EngineFixture()
        let beginning = fixture.tokens(70, seed: 40), adapter = AdapterContent(parameters: fixture.adapter(1))
        let prompts = (1...3).map { beginning + fixture.tokens(9, seed: $0) }
        var prefixes = PrefixCache(mostBytes: 100)
        #expect(prefixes.worthSharing(prompts[0], with: prompts.dropFirst(), adapter: adapter) == 70)
        #expect(prefixes.worthSharing(prompts[0], with: [fixture.tokens(70, seed: 41)], adapter: adapter) == nil)
        let cache = SequenceCache(for: fixture.model)
        _ = fixture.model.advance(
            [Segment(cache: cache, tokens: beginning, change: nil)], team: WorkerTeam(threads: 1))
        prefixes.keep(beginning, cache, bytes: 60, adapter: adapter)
        #expect(prefixes.beginning(of: prompts[1], adapter: adapter)?.count == 70)
        for other in [(0, fixture.adapter(2)), (1, fixture.adapter(1))] {
            let other = AdapterContent(method: other.0, parameters: other.1)
            #expect(prefixes.beginning(of: prompts[1], adapter: other) == nil)
        }
        #expect(prefixes.beginning(of: prompts[1], adapter: nil) == nil)
        #expect(prefixes.worthSharing(prompts[1], with: [prompts[2]], adapter: adapter) == nil)
        // The latest is kept whatever it takes; older ones only where there is room for both.
        prefixes.keep(beginning, cache, bytes: 40, adapter: nil)
        #expect(prefixes.beginning(of: prompts[1], adapter: adapter) != nil)
        prefixes.keep(beginning, cache, bytes: 200, adapter: nil)
        #expect(prefixes.beginning(of: prompts[1], adapter: adapter) == nil)
        #expect(prefixes.beginning(of: prompts[1], adapter: nil) != nil)
    }

    @Test("adapters used last stay prepared as far as there is room, and all that are in use")
    func preparedAdapters() throws {
        let fixture = try EngineFixture()
        // With an effect as large as the adapter itself: 80 bytes together.
        let adapters = (0..<4).map { [Float](repeating: Float($0), count: 10) }
        var prepared = PreparedAdapters(mostIdleBytes: 170), calls: [Float] = []
        func use(_ adapter: Int, as id: Int) throws {
            let request = fixture.request(5, problem: 1, adapter: adapters[adapter])
            _ = try prepared.effect(of: request, as: id) { (content) throws(EngineError) in
                calls.append(content.parameters[0])
                return .weights(content.parameters)
            }
        }
        try use(0, as: 0)
        try use(0, as: 1)
        prepared.release(0)
        prepared.release(1)
        try use(1, as: 2)
        prepared.release(2)
        #expect(calls == [0, 1])
        // The third gives up the one used longest ago.
        try use(2, as: 3)
        prepared.release(3)
        try use(1, as: 4)
        #expect(calls == [0, 1, 2])
        try use(0, as: 5)
        #expect(calls == [0, 1, 2, 0])
        // Adapter 1 is in use and takes none of the room.
        prepared.release(5)
        try use(2, as: 6)
        try use(0, as: 7)
        #expect(calls == [0, 1, 2, 0])

        var none = PreparedAdapters(mostIdleBytes: 79), count = 0
        for id in 0..<2 {
            let request = fixture.request(5, problem: 1, adapter: adapters[3])
            _ = try none.effect(of: request, as: id) { (content) throws(EngineError) in
                count += 1
                return .weights(content.parameters)
            }
            none.release(id)
        }
        #expect(count == 2)
    }

    @Test("frozen factors that prepared adapters share are counted once")
    func sharedFactors() throws {
        let fixture = try EngineFixture(), method = fixture.basis, factors = method.factors.byteCount
        #expect(factors > 100_000)
        var prepared = PreparedAdapters(mostIdleBytes: factors + 50_000), calls = 0
        for id in 0..<4 {
            let request = fixture.request(5, problem: 1, adapter: fixture.adapter(UInt64(id % 2)))
            _ = try prepared.effect(of: request, as: id) { (content) throws(EngineError) in
                calls += 1
                return method.effect(of: content.parameters)
            }
            prepared.release(id)
        }
        #expect(calls == 2)
    }

    @Test("an adapter that stays prepared completes as at first, and none of a removed method is taken")
    func keptAdapter() async throws {
        let fixture = try EngineFixture(), engine = fixture.policy()
        var limits = DecodingState.Limits()
        limits.adapterBytes = 1 << 30
        let session = engine.session(limits: limits)
        let request = fixture.request(20, samples: 2, problem: 1, adapter: fixture.adapter(1))
        let expected = try await engine.complete([request])
        for _ in 0..<2 {
            _ = try session.add(request)
            var found = [Completion?](repeating: nil, count: 2)
            while true {
                let events = try await session.advance()
                if events.isEmpty { break }
                for case .finished(let id, let completion) in events { found[id.sample] = completion }
            }
            #expect(firstDifference([found.compactMap(\.self)], expected) == nil)
        }
        engine.remove(0)
        #expect(throws: EngineError.self) { _ = try session.add(request) }
    }

    @Test("not on whether samples share a request")
    func samples() async throws {
        let fixture = try EngineFixture(), policy = fixture.policy()
        for request in fixture.mixedRequests {
            let together = try await policy.complete([request], progress: nil)
            let single = request.streams.map { stream in
                var request = request
                request.streams = [stream]
                return request
            }
            let apart = try await policy.complete(single, progress: nil)
            #expect(firstDifference([apart.flatMap { $0 }], together) == nil, "prompt of \(request.prompt.count)")
        }
    }

    @Test("each token is chosen from the model's logits with the first draw of its own block of the stream")
    func draws() async throws {
        let fixture = try EngineFixture(), requests = fixture.mixedRequests, team = WorkerTeam(threads: 1)
        let results = try await fixture.policy().complete(requests, progress: nil)
        for (request, completions) in zip(requests, results) {
            let sampling = request.sampling, change = request.adapter.map(fixture.basis.change(values:))
            let sampler = TokenSampler(temperature: sampling.temperature, topK: sampling.topK, topP: sampling.topP)
            for (stream, completion) in zip(request.streams, completions) {
                let tokens = request.prompt + completion.tokens
                let logits = fixture.model.logits(tokens, change: change, team: team)
                var stream = RandomStream(stream)
                for index in completion.tokens.indices {
                    let row = logits.row(request.prompt.count - 1 + index)
                    let choice = sampler.choose(row, count: logits.columns, uniform: stream.uniform())
                    _ = stream.uniform()  // a block holds two numbers; the second is not used
                    #expect(choice?.token == completion.tokens[index], "token \(index) after \(request.prompt.count)")
                    #expect(choice?.logprob.bitPattern == completion.logprobs[index].bitPattern, "token \(index)")
                }
            }
        }
    }

    @Test("of more sequences than run at once are all made, each as if alone")
    func manySequences() async throws {
        let fixture = try EngineFixture(), policy = fixture.policy()
        let sampling = SamplingParameters(maxTokens: 4, stopTokens: [3])
        let requests =
            (0..<5).map { fixture.request(3 + $0, samples: 110, problem: $0, sampling) }
            + [fixture.request(2, samples: 300, problem: 9, sampling)]
        let together = try await policy.complete(requests, progress: nil)
        #expect(together.map(\.count) == [110, 110, 110, 110, 110, 300])
        for index in [2, 5] {
            var last = requests[index]
            last.streams = last.streams.suffix(2)
            let alone = try await policy.complete([last], progress: nil)
            #expect(firstDifference(alone, [Array(together[index].suffix(2))]) == nil, "request \(index)")
        }
    }

    @Test("with an adapter of zeros are the base model's, bit for bit", arguments: ["qwen2-tied", "qwen2-untied"])
    func zeroAdapter(name: String) async throws {
        let fixture = try EngineFixture(name), policy = fixture.policy()
        let zeros = [Float](repeating: 0, count: policy.parameterCount)
        let base = fixture.request(30, samples: 4, problem: 1),
            zero = fixture.request(30, samples: 4, problem: 1, adapter: zeros)
        let results = try await policy.complete([base, zero], progress: nil)
        #expect(firstDifference([results[1]], [results[0]]) == nil)
        let without = LocalEngine(model: fixture.model, method: nil, threads: 1)
        #expect(firstDifference(try await without.complete([base], progress: nil), [results[0]]) == nil)
        #expect(without.parameterCount == 0)
        let changed = fixture.request(30, samples: 4, problem: 1, adapter: fixture.adapter(1))
        let other = try await policy.complete([changed], progress: nil)
        #expect(firstDifference(other, [results[0]]) != nil, "the adapter changes nothing, so this test says nothing")
    }

    @Test("come in the same bits when several tasks ask one engine")
    func tasks() async throws {
        let fixture = try EngineFixture(), policy = fixture.policy(threads: 2), requests = fixture.mixedRequests
        let expected = try await policy.complete(requests, progress: nil)
        try await withThrowingTaskGroup(of: (Int, [[Completion]]).self) { group in
            for (index, request) in requests.enumerated() {
                group.addTask { (index, try await policy.complete([request], progress: nil)) }
            }
            for try await (index, found) in group {
                #expect(firstDifference(found, [expected[index]]) == nil, "request \(index)")
            }
        }
    }
}
