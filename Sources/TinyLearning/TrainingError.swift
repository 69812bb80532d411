public import TinyFoundation

/// Why a run cannot start or go on.
///
/// Thrown before any work when a setting, a file or a directory is wrong, and between steps otherwise. Every step whose
/// line is in the run directory is safe; the run can be resumed from there.
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
    /// The directory already holds a run.
    case runExists
    /// Another process is writing into the directory.
    case directoryInUse
    /// The run in the directory was made with other settings, another model or other data.
    case differentRun
    /// A file of the run holds what no run writes.
    case damagedRun
    /// A directory or file cannot be written.
    case unwritable
    /// A loss, gradient or trained number became infinite or not a number.
    case notFinite
    /// A sampler or learner returned other sizes than were asked for.
    case engineMismatch
}
