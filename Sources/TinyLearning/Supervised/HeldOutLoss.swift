public import TinyEngine
public import TinyProblems
public import TinyRecords

/// The loss on worked solutions that are not trained on: the mean of minus the log-probability of their tokens.
///
/// ```swift
/// let loss = try HeldOutLoss(policy: policy, settings: configuration.supervised, problems: heldOut,
///     prompter: prompter, endToken: 0)
/// try await loss?.measured(at: nil)           // the base model's, in nats per token
/// ```
public struct HeldOutLoss: Sendable {
    private let policy: any Policy
    private let sequences: [ScoredSequence]

    /// Encodes the solutions as ``SFTTrainer`` does. Problems without a solution are left out.
    ///
    /// - Returns: `nil` when no problem has one.
    /// - Throws: ``TrainingError`` with code `promptTooLong` naming the row.
    public init?(
        policy: any Policy, settings: SupervisedSettings, problems: [Problem],
        prompter: Prompter, endToken: Int?
    ) throws(TrainingError) {
        let encoder = SupervisedEncoder(
            prompter: prompter, endToken: endToken,
            maxLength: min(settings.maxLength ?? .max, policy.contextLength))
        var sequences: [ScoredSequence] = []
        for problem in problems where problem.isSolved {
            sequences.append(try encoder.example(of: problem).sequence)
        }
        guard !sequences.isEmpty else { return nil }
        self.policy = policy
        self.sequences = sequences
    }

    /// The loss in nats per token, each token of all solutions counting the same.
    ///
    /// Costs a forward pass over every prompt and solution.
    ///
    /// - Parameter adapter: The adapter's numbers as stored; `nil` is the base model.
    public func measured(at adapter: [Float]?) async throws -> Double {
        let logprobs = try await policy.logprobs(of: sequences, adapter: adapter, temperature: 1)
        try checkCounts(of: logprobs, scoring: sequences)
        return meanLoss(of: logprobs)
    }
}
