// Accuracy of a model on a problem set, with intervals and comparisons.
//
// This target does not know: tokenizers, checkpoints, how an adapter is made or trained, where results are printed. Only the
// folder Records knows files.

public import TinyFoundation

/// What keeps an evaluation or a comparison from being made.
///
/// Thrown before any sampling, except `wrongCompletions`. Errors of the sampler are passed on as they are.
public typealias EvaluationError = CodedError<EvaluationErrorCode>

/// The codes of ``EvaluationError``.
public enum EvaluationErrorCode: Sendable {
    /// The problem set is empty.
    case noProblems
    /// The number of samples of each problem is not positive.
    case noSamples
    /// A prompt cannot be made of a problem.
    case unusablePrompt
    /// A prompt has no tokens.
    case emptyPrompt
    /// A prompt leaves no room in the context for a completion.
    case promptTooLong
    /// The sampler returned another number of completions than it was asked for.
    case wrongCompletions
    /// A directory holds an evaluation already.
    case evaluationExists
    /// A directory holds an evaluation with other settings.
    case differentEvaluation
    /// A directory holds no evaluation, or files that none writes.
    case damagedRecords
    /// Another process is writing into the directory.
    case directoryInUse
    /// A directory or file cannot be written.
    case unwritable
    /// Two results cannot be compared problem by problem.
    case notPaired
}
