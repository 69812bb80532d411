import Synchronization
import Testing
import TinyEngine
import TinyTestSupport

@Suite("Why a completion ends")
struct StopTests {
    /// What the model says when nothing stops it before the limit.
    private func unstopped(_ fixture: EngineFixture, _ length: Int, maxTokens: Int) async throws -> Completion {
        let sampling = SamplingParameters(maxTokens: maxTokens, stopTokens: [])
        return try await fixture.policy().complete([fixture.request(length, problem: 1, sampling)], progress: nil)[0][0]
    }

    @Test("a stop token ends it and is its last token")
    func stopToken() async throws {
        let fixture = try EngineFixture(), free = try await unstopped(fixture, 10, maxTokens: 30)
        #expect(free.stop == .tokenLimit)
        #expect(free.tokens.count == 30)
        for place in [0, 7, 29] {
            let stop = free.tokens[place], first = try #require(free.tokens.firstIndex(of: stop))
            let sampling = SamplingParameters(maxTokens: 30, stopTokens: [-1, stop])
            let found = try await fixture.policy().complete(
                [fixture.request(10, problem: 1, sampling)], progress: nil)[0][0]
            let expected = Completion(
                tokens: Array(free.tokens[...first]), logprobs: Array(free.logprobs[...first]), stop: .endOfText)
            #expect(firstDifference([[found]], [[expected]]) == nil, "stop token \(stop)")
        }
    }

    @Test("a watcher ends one sample after any token, and changes no other", arguments: [1, 2])
    func watcher(threads: Int) async throws {
        let fixture = try EngineFixture()
        let sampling = SamplingParameters(maxTokens: 12, stopTokens: [])
        let requests = [
            fixture.request(10, samples: 3, problem: 1, sampling),
            fixture.request(9, samples: 2, problem: 2, adapter: fixture.adapter(1), sampling),
        ]
        let free = try await fixture.policy().complete(requests), all = free.joined()
        for length in [1, 5, 12] {
            // The third completion ends after so many tokens; the last of them may be the last that is allowed.
            let wanted = Array(Array(all)[2].tokens.prefix(length))
            let found = try await fixture.policy(threads: threads).complete(
                requests,
                stopping: {
                    var seen: [Int] = []
                    return { token in
                        seen.append(token)
                        return seen == wanted
                    }
                })
            for (completion, whole) in zip(found.joined(), all) {
                let ends = whole.tokens.starts(with: wanted)
                let count = ends ? length : whole.tokens.count
                let expected = Completion(
                    tokens: Array(whole.tokens.prefix(count)), logprobs: Array(whole.logprobs.prefix(count)),
                    stop: ends ? .stopText : whole.stop)
                #expect(firstDifference([[completion]], [[expected]]) == nil, "after \(length)")
            }
        }
    }

    @Test("the limit ends it with exactly that many tokens, the same ones", arguments: [1, 2, 17])
    func limit(maxTokens: Int) async throws {
        let fixture = try EngineFixture(), free = try await unstopped(fixture, 10, maxTokens: 30)
        let found = try await unstopped(fixture, 10, maxTokens: maxTokens)
        #expect(found.stop == .tokenLimit)
        #expect(found.tokens == Array(free.tokens.prefix(maxTokens)))
    }

    @Test("a full context ends it with exactly the context's length", arguments: [127, 126, 100, 64])
    func fullContext(length: Int) async throws {
        let fixture = try EngineFixture(), room = fixture.policy().contextLength - length
        let full = try await unstopped(fixture, length, maxTokens: 500)
        #expect(full.stop == .contextFull)
        #expect(full.tokens.count == room)
        let limited = try await unstopped(fixture, length, maxTokens: room)
        #expect(limited.stop == .tokenLimit)
        #expect(limited.tokens == full.tokens)
    }

    @Test("progress counts tokens and completions and ends with all of them")
    func progress() async throws {
        let fixture = try EngineFixture(), reports = Mutex<[(tokens: Int, finished: Int)]>([])
        let results = try await fixture.policy().complete(fixture.mixedRequests) { tokens, finished in
            reports.withLock { $0.append((tokens, finished)) }
        }
        let seen = reports.withLock { $0 }
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.tokens < $1.tokens && $0.finished <= $1.finished })
        #expect(seen.last?.tokens == results.joined().reduce(0) { $0 + $1.tokens.count })
        #expect(seen.last?.finished == results.joined().count)
    }

    @Test("a stream gives the tokens of each sample one by one, then the completion")
    func streaming() async throws {
        let fixture = try EngineFixture(), engine = fixture.policy()
        var request = fixture.request(12, samples: 3, problem: 4, adapter: fixture.adapter(1))
        let expected = try await engine.complete([request])
        var tokens = [[Int]](repeating: [], count: 3), completions = [Completion?](repeating: nil, count: 3)
        for try await event in engine.stream(request) {
            switch event {
            case .began, .prompt: break
            case .token(let id, let chosen, _): tokens[id.sample].append(chosen.token)
            case .failed(_, let error): throw error
            case .finished(let id, let completion):
                #expect(tokens[id.sample] == completion.tokens)
                completions[id.sample] = completion
            }
        }
        #expect(firstDifference([completions.compactMap(\.self)], expected) == nil)
        request.streams = []
        await #expect(throws: EngineError.self) { for try await _ in engine.stream(request) {} }
    }
}
