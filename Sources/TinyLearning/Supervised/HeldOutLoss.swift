public import TinyEngine
public import TinyFoundation
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
    /// Solutions that are not measured, because no token of them would be left behind so long a prompt.
    public let leftOut: Int

    /// Encodes the solutions as ``SFTTrainer`` does. Problems without a solution, or without room for one, are left out.
    ///
    /// - Returns: `nil` when no problem is left.
    /// - Throws: ``TrainingError`` with code `unusablePrompt`.
    public init?(learner: any Learner, task: TrainingTask, settings: SupervisedSettings) throws(TrainingError) {
        let (sequences, leftOut) = try Self.sequences(task, settings, contextLength: learner.contextLength)
        guard !sequences.isEmpty else { return nil }
        self.learner = learner
        self.sequences = sequences
        self.leftOut = leftOut
    }

    /// The solutions with their prompts, as they are measured, and how many have no room.
    ///
    /// - Parameter contextLength: Most tokens of a sequence, prompt included.
    package static func sequences(
        _ task: TrainingTask, _ settings: SupervisedSettings, contextLength: Int
    ) throws(TrainingError) -> (sequences: [ScoredSequence], leftOut: Int) {
        let encoder = SupervisedEncoder(task: task, settings: settings, contextLength: contextLength)
        var sequences: [ScoredSequence] = [], leftOut = 0
        for row in task.problems.indices where task.problems[row].isSolved {
            do throws(TrainingError) {
                sequences.append(try encoder.example(ofRow: row).sequence)
            } catch {
                guard error.code == .promptTooLong else { throw error }
                leftOut += 1
            }
        }
        return (sequences, leftOut)
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
