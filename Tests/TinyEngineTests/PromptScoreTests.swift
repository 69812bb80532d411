import Testing
import TinyEngine

@Suite("The tokens of a prompt")
struct PromptScoreTests {
    /// The scores of prompts and the completions, by request.
    private func sampled(
        _ requests: [CompletionRequest], by session: any SamplingSession
    ) async throws -> (prompts: [[ScoredChoice]], completions: [[Completion]]) {
        let ids = try requests.map(session.add)
        var prompts: [Int: [ScoredChoice]] = [:], begun: Set<Int> = []
        var completions = requests.map { [Completion?](repeating: nil, count: $0.streams.count) }
        while true {
            let events = try await session.advance()
            guard !events.isEmpty else { break }
            for event in events {
                switch event {
                case .began: break
                case .prompt(let id, let tokens):
                    #expect(!begun.contains(id.request) && prompts[id.request] == nil)
                    prompts[id.request] = tokens
                case .token(let id, _, _): begun.insert(id.request)
                case .finished(let id, let completion):
                    completions[try #require(ids.firstIndex(of: id.request))][id.sample] = completion
                case .failed(_, let error): throw error
                }
            }
        }
        return (ids.map { prompts[$0] ?? [] }, completions.map { $0.compactMap(\.self) })
    }

    @Test(
        "are scored with the bits that a learner gets, in pieces and beside others, and change no sample",
        arguments: [7, 1024], [2, 256])
    func scores(promptRows: Int, sequences: Int) async throws {
        let fixture = try EngineFixture(), engine = fixture.policy(threads: 2)
        var limits = DecodingState.Limits()
        limits.promptRows = promptRows
        limits.sequences = sequences
        let sampling = SamplingParameters(temperature: 1.3, maxTokens: 4, stopTokens: [])
        var requests = [70, 71, 3, 1, 70].enumerated().map { index, length in
            fixture.request(
                length, samples: 3, problem: index % 3, adapter: index == 1 ? nil : fixture.adapter(UInt64(index / 3)),
                sampling)
        }
        let expected = try await engine.complete(requests)
        for index in requests.indices where index != 1 {
            requests[index].scoresPrompt = true
            requests[index].alternatives = 2
        }
        let found = try await sampled(requests, by: engine.session(limits: limits))
        #expect(firstDifference(found.completions, expected) == nil)
        for (request, tokens) in zip(requests, found.prompts) {
            let completion = Array(request.prompt.dropFirst())
            guard request.scoresPrompt, !completion.isEmpty else {
                #expect(tokens.isEmpty)
                continue
            }
            let sequence = ScoredSequence(prompt: [request.prompt[0]], completion: completion)
            let logprobs = try await engine.logprobs(of: [sequence], adapter: request.adapter, temperature: 1.3)
            #expect(tokens.map(\.chosen.token) == completion)
            #expect(tokens.map(\.chosen.logprob) == logprobs[0])
            for token in tokens {
                #expect(token.alternatives.count == 2)
                #expect(token.alternatives[0].logprob >= max(token.alternatives[1].logprob, token.chosen.logprob))
            }
        }
    }

    @Test("without a probability end their request only")
    func notFinite() async throws {
        let fixture = try EngineFixture(), engine = fixture.policy()
        var requests = (0..<2).map { fixture.request(9, problem: $0, adapter: fixture.adapter(1)) }
        requests[1].adapter = [Float](repeating: 1e30, count: engine.parameterCount)
        requests[1].scoresPrompt = true
        let session = engine.session()
        let ids = try requests.map(session.add)
        var finished: [Int] = [], failed: [Int] = []
        while true {
            let events = try await session.advance()
            guard !events.isEmpty else { break }
            for event in events {
                switch event {
                case .finished(let id, _): finished.append(id.request)
                case .failed(let id, _): failed.append(id.request)
                case .began: break
                case .prompt: Issue.record("a broken prompt was scored")
                case .token: break
                }
            }
        }
        #expect(finished == [ids[0]] && failed == [ids[1]])
    }
}
