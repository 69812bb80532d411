import Foundation
import TinyAdapter
import TinyCheckpoint
import TinyModel
import TinyEngine
import TinyTestSupport
import TinyFoundation

/// Engines on the small models under `Tests/Fixtures`, with an adapter basis made from their weights.
struct EngineFixture: Sendable {
    let checkpoint: Checkpoint
    let model: LanguageModel
    let basis: TinyLoRAMethod

    init(_ name: String = "qwen2-untied") throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/\(name)")
        checkpoint = try Checkpoint(directory: folder.path)
        model = try LanguageModel(checkpoint)
        let plan = try AdapterPlan(
            modules: checkpoint.configuration.modules, rank: 2, u: 2, tying: .tiled(modulesPerGroup: 5))
        basis = try TinyLoRAMethod(
            design: TinyLoRADesign(plan: plan, seed: 11),
            for: AdapterPreparation(checkpoint: checkpoint, threads: 1))
    }

    func policy(threads: Int = 1) -> LocalEngine { LocalEngine(model: model, method: basis, threads: threads) }

    /// An adapter's numbers, large enough to change what is sampled.
    func adapter(_ seed: UInt64) -> [Float] { noise(basis.parameterCount, seed: seed).map { 0.5 * $0 } }

    /// Token ids drawn evenly.
    func tokens(_ count: Int, seed: UInt64) -> [Int] {
        var stream = RandomStream(.initialisation, seed: seed)
        return (0..<count).map { _ in stream.below(model.configuration.vocabularySize) }
    }

    /// `count` samples of a prompt of `length` tokens.
    func request(
        _ length: Int, samples count: Int = 1, problem: Int, adapter: [Float]? = nil,
        _ sampling: SamplingParameters = SamplingParameters(maxTokens: 24, stopTokens: [3, 50])
    ) -> CompletionRequest {
        CompletionRequest(
            prompt: tokens(length, seed: UInt64(problem)),
            streams: (0..<count).map { StreamName(.sampling, seed: 1, step: 2, problem: problem, sample: $0) },
            adapter: adapter, sampling: sampling)
    }

    /// Requests that differ in everything: lengths around a page, samples, adapters, sampling, lengths of answers.
    var mixedRequests: [CompletionRequest] {
        func sampling(
            _ temperature: Double, _ maxTokens: Int, topK: Int? = nil, topP: Double = 1
        ) -> SamplingParameters {
            SamplingParameters(
                temperature: temperature, topK: topK, topP: topP, maxTokens: maxTokens, stopTokens: [3, 50])
        }
        return [
            request(1, samples: 3, problem: 1, sampling(1, 30)),
            request(63, samples: 4, problem: 2, adapter: adapter(1), sampling(0.7, 12)),
            request(64, samples: 2, problem: 3, adapter: adapter(2), sampling(1.3, 5, topK: 10)),
            request(65, problem: 4, adapter: adapter(1), sampling(0, 20)),
            request(100, samples: 5, problem: 5, sampling(1, 100, topP: 0.8)),
            request(20, samples: 2, problem: 6, adapter: adapter(3), sampling(1, 1)),
        ]
    }
}

/// Where two results first differ, in words; log-probabilities are compared by their bits.
func firstDifference(_ found: [[Completion]], _ expected: [[Completion]]) -> String? {
    guard found.map(\.count) == expected.map(\.count) else { return "\(found.map(\.count)) completions" }
    for (request, pairs) in zip(found, expected).enumerated() {
        for (sample, pair) in zip(pairs.0, pairs.1).enumerated() {
            let place = "request \(request), sample \(sample): "
            guard pair.0.tokens == pair.1.tokens else { return place + "\(pair.0.tokens), expected \(pair.1.tokens)" }
            guard pair.0.stop == pair.1.stop else { return place + "\(pair.0.stop), expected \(pair.1.stop)" }
            if let difference = firstDifference(pair.0.logprobs, pair.1.logprobs) { return place + difference }
        }
    }
    return nil
}

/// The completions that a stream ends with, by sample.
func streamed(_ events: AsyncThrowingStream<SamplingEvent, any Error>) async throws -> [Completion] {
    var found: [Int: Completion] = [:]
    for try await event in events {
        if case .finished(let id, let completion) = event { found[id.sample] = completion }
    }
    return found.sorted { $0.key < $1.key }.map(\.value)
}
