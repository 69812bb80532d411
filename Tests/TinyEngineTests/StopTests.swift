import Synchronization
import Testing
import TinyEngine
import TinyTestSupport

@Suite("Why a completion ends")
struct StopTests {
    /// What the model says when nothing stops it before the limit.
    private func unstopped(_ fixture: PolicyFixture, _ length: Int, maxTokens: Int) async throws -> Completion {
        let sampling = SamplingParameters(maxTokens: maxTokens, stopTokens: [])
        return try await fixture.policy().complete([fixture.request(length, problem: 1, sampling)], progress: nil)[0][0]
    }

    @Test("a stop token ends it and is its last token")
    func stopToken() async throws {
        let fixture = try PolicyFixture(), free = try await unstopped(fixture, 10, maxTokens: 30)
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

    @Test("the limit ends it with exactly that many tokens, the same ones", arguments: [1, 2, 17])
    func limit(maxTokens: Int) async throws {
        let fixture = try PolicyFixture(), free = try await unstopped(fixture, 10, maxTokens: 30)
        let found = try await unstopped(fixture, 10, maxTokens: maxTokens)
        #expect(found.stop == .tokenLimit)
        #expect(found.tokens == Array(free.tokens.prefix(maxTokens)))
    }

    @Test("a full context ends it with exactly the context's length", arguments: [127, 126, 100, 64])
    func fullContext(length: Int) async throws {
        let fixture = try PolicyFixture(), room = fixture.policy().contextLength - length
        let full = try await unstopped(fixture, length, maxTokens: 500)
        #expect(full.stop == .contextFull)
        #expect(full.tokens.count == room)
        let limited = try await unstopped(fixture, length, maxTokens: room)
        #expect(limited.stop == .tokenLimit)
        #expect(limited.tokens == full.tokens)
    }

    @Test("progress counts tokens and completions and ends with all of them")
    func progress() async throws {
        let fixture = try PolicyFixture(), reports = Mutex<[(tokens: Int, finished: Int)]>([])
        let results = try await fixture.policy().complete(fixture.mixedRequests) { tokens, finished in
            reports.withLock { $0.append((tokens, finished)) }
        }
        let seen = reports.withLock { $0 }
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.tokens < $1.tokens && $0.finished <= $1.finished })
        #expect(seen.last?.tokens == results.joined().reduce(0) { $0 + $1.tokens.count })
        #expect(seen.last?.finished == results.joined().count)
    }

    @Test("tokens told one by one are those of the completion")
    func streaming() async throws {
        let fixture = try PolicyFixture(), policy = fixture.policy(), told = Mutex<[Int]>([])
        var request = fixture.request(12, samples: 3, problem: 4, adapter: fixture.adapter(1))
        let expected = try await policy.complete([request], progress: nil)[0][0]
        let found = try await policy.complete(request) { token in told.withLock { $0.append(token) } }
        #expect(firstDifference([[found]], [[expected]]) == nil)
        #expect(told.withLock { $0 } == expected.tokens)
        request.streams = []
        let empty = request
        await #expect(throws: EngineError.self) { try await policy.complete(empty, token: { _ in }) }
    }
}
