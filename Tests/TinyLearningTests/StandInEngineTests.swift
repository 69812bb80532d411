import Testing
import TinyEngine
import TinyFoundation
import TinyLearning
import TinyLearningTestSupport
import TinyProblems
import TinyRecords

/// A sampler whose tokens come from elsewhere, as a server's do: it draws them evenly and knows nothing of the learner.
private struct EvenSampler: Sampler {
    let contextLength = 64
    let tokenCount = 4

    func session() -> any SamplingSession {
        AnsweringSession { requests in requests.map { request in request.streams.map { complete(request, $0) } } }
    }

    private func complete(_ request: CompletionRequest, _ stream: StreamName) -> Completion {
        var random = RandomStream(stream), tokens: [Int] = []
        while tokens.count < request.sampling.maxTokens {
            tokens.append(random.below(tokenCount))
            if request.sampling.stopTokens.contains(tokens[tokens.count - 1]) { break }
        }
        let isStopped = request.sampling.stopTokens.contains(tokens[tokens.count - 1])
        return Completion(
            tokens: tokens, logprobs: tokens.map { _ in -1.3862944 },  // ln ¼
            stop: isStopped ? .endOfText : .tokenLimit)
    }
}

@Suite("A sampler that is not the learner")
struct StandInEngineTests {
    @Test("GRPO trains with it, and importance weights correct for the difference")
    func trains() async throws {
        var configuration = smallRun
        configuration.steps = 30
        configuration.rollout.problemsPerStep = 5
        configuration.loss.importanceMode = .tokenTruncate
        configuration.loss.importanceMax = 3
        let learner = FakeEngine()
        let trainer = try GRPOTrainer(
            sampler: EvenSampler(), learner: learner, task: letterTask(), configuration: configuration)
        let result = try await TrainingLoop(trainer).run()
        let metrics = try #require(result.metrics.first?.policy)
        #expect(metrics.importanceRatioMin < 1 && metrics.importanceRatioMax > 1, "the weights differ from 1")
        #expect(metrics.importanceRatioMin > 0 && metrics.importanceRatioMax <= 3)
        #expect(metrics.samplingDifferenceMax > 0.01)
        // The first parameter raises the probability of `a`, which is the answer to every problem.
        #expect(result.stored[0] > 0.3, "\(result.stored)")
        #expect(learner.calls.recorded.sampledAdapters.isEmpty, "the learner was asked to sample")
    }
}
