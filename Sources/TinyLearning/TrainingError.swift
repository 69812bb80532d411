public import TinyFoundation

/// Why training cannot start or continue.
///
/// Thrown before any work when a setting, a problem or a state is unusable, and between steps otherwise. Every step that was
/// recorded is safe; the run can be resumed from there.
public typealias TrainingError = CodedError<TrainingErrorCode>

/// The codes of ``TrainingError``.
public enum TrainingErrorCode: Sendable {
    /// A setting is out of its range.
    case invalidConfiguration
    /// There is nothing to train on.
    case noProblems
    /// A problem has no worked solution to learn from.
    case noSolution
    /// A prompt and its completion do not fit into the model's context.
    case promptTooLong
    /// A prompt cannot be made of a problem.
    case unusablePrompt
    /// The state to resume from does not fit the adapter or the algorithm.
    case unusableState
    /// A loss, gradient or trained number became infinite or not a number.
    case notFinite
    /// A sampler or learner returned other sizes than were asked for.
    case engineMismatch
}
