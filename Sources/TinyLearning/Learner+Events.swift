internal import Synchronization
import TinyEngine

extension Learner {
    /// The gradient of a weighted sum of log-probabilities, as ``Learner/gradients(of:adapter:temperature:tokenWeights:)`` gives
    /// it, with an event at the beginning and one whenever the log-probabilities of another sequence are known.
    func gradients(
        of sequences: [ScoredSequence], adapter: [Float], temperature: Double, step: Int, update: Int,
        report: @Sendable (TrainingEvent) -> Void,
        tokenWeights: @Sendable (_ sequence: Int, _ logprobs: [Float]) -> [Float]
    ) async throws -> LearnerGradient {
        let count = sequences.count, known = Mutex(0)
        report(.differentiating(step: step, update: update, finished: 0, completions: count))
        guard count > 0 else { return LearnerGradient(logprobs: [], parts: .units([])) }
        return try await gradients(of: sequences, adapter: adapter, temperature: temperature) { sequence, logprobs in
            let weights = tokenWeights(sequence, logprobs)
            let finished = known.withLock { known in
                known += 1
                return known
            }
            report(.differentiating(step: step, update: update, finished: finished, completions: count))
            return weights
        }
    }
}
