public import TinyEngine
import TinyProblems
public import TinyRecords

/// The loss on worked solutions that are not trained on: the mean of minus the log-probability of their tokens.
///
/// ```swift
/// let loss = try HeldOutLoss(learner: engine, task: heldOut, settings: configuration.supervised)
/// try await loss?.measured(at: nil)           // the base model's, in nats per token
/// ```
public struct HeldOutLoss: Sendable {
    private let learner: any Learner
    private let sequences: [ScoredSequence]

    /// Encodes the solutions as ``SFTTrainer`` does. Problems without a solution are left out.
    ///
    /// - Returns: `nil` when no problem has one.
    /// - Throws: ``TrainingError`` with code `promptTooLong` naming the row.
    public init?(learner: any Learner, task: TrainingTask, settings: SupervisedSettings) throws(TrainingError) {
        let sequences = try Self.sequences(task, settings, contextLength: learner.contextLength)
        guard !sequences.isEmpty else { return nil }
        self.learner = learner
        self.sequences = sequences
    }

    /// The solutions with their prompts, as they are measured.
    ///
    /// - Parameter contextLength: Most tokens of a sequence, prompt included.
    package static func sequences(
        _ task: TrainingTask, _ settings: SupervisedSettings, contextLength: Int
    ) throws(TrainingError) -> [ScoredSequence] {
        let encoder = SupervisedEncoder(task: task, settings: settings, contextLength: contextLength)
        var sequences: [ScoredSequence] = []
        for row in task.problems.indices where task.problems[row].isSolved {
            sequences.append(try encoder.example(ofRow: row).sequence)
        }
        return sequences
    }

    /// The loss in nats per token, each token of all solutions counting the same.
    ///
    /// Costs a forward pass over every prompt and solution.
    ///
    /// - Parameter adapter: The adapter's numbers as stored; `nil` is the base model.
    public func measured(at adapter: [Float]?) async throws -> Double {
        let logprobs = try await learner.logprobs(of: sequences, adapter: adapter, temperature: 1)
        try checkCounts(of: logprobs, scoring: sequences)
        return meanLoss(of: logprobs)
    }
}
