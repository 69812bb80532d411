import Testing
import TinyEngine
import TinyTestSupport
import TinyFoundation

@Suite("What a policy refuses")
struct RefusalTests {
    private func code(_ body: () async throws -> Void) async -> EngineErrorCode? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? EngineError)?.code
        }
    }

    private func completion(
        _ prompt: [Int], adapter: [Float]? = nil,
        _ sampling: SamplingParameters = SamplingParameters(maxTokens: 2, stopTokens: [])
    ) async throws -> EngineErrorCode? {
        let fixture = try EngineFixture(), good = fixture.request(3, problem: 1)
        let request = CompletionRequest(prompt: prompt, streams: good.streams, adapter: adapter, sampling: sampling)
        return await code { _ = try await fixture.policy().complete([good, request], progress: nil) }
    }

    @Test("prompts that are empty or leave no space in the context")
    func promptLength() async throws {
        #expect(try await completion([]) == .promptLength)
        #expect(try await completion([Int](repeating: 1, count: 128)) == .promptLength)
        #expect(try await completion([Int](repeating: 1, count: 500)) == .promptLength)
        #expect(try await completion([Int](repeating: 1, count: 127)) == nil)
    }

    @Test("tokens outside the vocabulary", arguments: [-1, 130, Int.max])
    func unknownToken(token: Int) async throws {
        #expect(try await completion([1, token]) == .unknownToken)
        let fixture = try EngineFixture()
        for sequence in [
            ScoredSequence(prompt: [1, token], completion: [1]), ScoredSequence(prompt: [1], completion: [1, token]),
        ] {
            let found = await code {
                _ = try await fixture.policy().logprobs(of: [sequence], adapter: nil, temperature: 1)
            }
            #expect(found == .unknownToken)
        }
    }

    @Test("adapters of another size, and any adapter without a method")
    func adapterSize() async throws {
        let fixture = try EngineFixture(), right = fixture.adapter(1),
            bare = LocalEngine(model: fixture.model, method: nil, threads: 1)
        #expect(try await completion([1], adapter: right) == nil)
        for wrong in [[], Array(right.dropLast()), right + [0]] {
            #expect(try await completion([1], adapter: wrong) == .adapterMismatch, "\(wrong.count) numbers")
            let sequence = ScoredSequence(prompt: [1], completion: [2])
            let scored = await code {
                _ = try await fixture.policy().logprobs(of: [sequence], adapter: wrong, temperature: 1)
            }
            #expect(scored == .adapterMismatch, "\(wrong.count) numbers")
        }
        let gradient = await code {
            _ = try await bare.gradients(of: [], adapter: [], temperature: 1) { _, logprobs in logprobs }
        }
        #expect(gradient == .adapterMismatch)
        let request = fixture.request(3, problem: 1, adapter: right)
        #expect(await code { _ = try await bare.complete([request], progress: nil) } == .adapterMismatch)
    }

    @Test(
        "sampling parameters out of range",
        arguments: [
            SamplingParameters(temperature: -0.1, maxTokens: 2, stopTokens: []),
            SamplingParameters(temperature: .nan, maxTokens: 2, stopTokens: []),
            SamplingParameters(temperature: .infinity, maxTokens: 2, stopTokens: []),
            SamplingParameters(topK: 0, maxTokens: 2, stopTokens: []),
            SamplingParameters(topP: 0, maxTokens: 2, stopTokens: []),
            SamplingParameters(topP: 1.01, maxTokens: 2, stopTokens: []),
            SamplingParameters(topP: .nan, maxTokens: 2, stopTokens: []),
            SamplingParameters(maxTokens: 0, stopTokens: []),
        ])
    func sampling(parameters: SamplingParameters) async throws {
        #expect(try await completion([1], parameters) == .invalidSampling)
    }

    @Test("sequences that are empty in part, too long, or scored at temperature 0")
    func scoredSequences() async throws {
        let policy = try EngineFixture().policy(), long = [Int](repeating: 1, count: 64)
        func refusal(_ prompt: [Int], _ completion: [Int], temperature: Double = 1) async -> EngineErrorCode? {
            await code {
                _ = try await policy.logprobs(
                    of: [ScoredSequence(prompt: prompt, completion: completion)], adapter: nil, temperature: temperature
                )
            }
        }
        #expect(await refusal(long, long) == nil)
        #expect(await refusal(long, long + [1]) == .promptLength)
        #expect(await refusal([], [1]) == .promptLength)
        #expect(await refusal([1], []) == .promptLength)
        for temperature in [0, -1, Double.nan, .infinity] {
            #expect(await refusal([1], [1], temperature: temperature) == .invalidSampling, "\(temperature)")
        }
    }

    @Test("adapters that drive the logits out of range, with a sentence instead of tokens")
    func diverged() async throws {
        let fixture = try EngineFixture(), policy = fixture.policy()
        let broken = fixture.request(5, problem: 1, adapter: [Float](repeating: .nan, count: policy.parameterCount))
        #expect(await code { _ = try await policy.complete([broken], progress: nil) } == .notFinite)
    }

    @Test("errors name both values")
    func messages() async throws {
        let fixture = try EngineFixture()
        do {
            _ = try await fixture.policy().complete([fixture.request(128, problem: 1)], progress: nil)
            Issue.record("a prompt of 128 tokens was accepted")
        } catch let error as EngineError {
            #expect(error.message == "a prompt has 128 tokens and the model's context holds 128")
            #expect("\(error)" == error.message)
        }
    }
}
