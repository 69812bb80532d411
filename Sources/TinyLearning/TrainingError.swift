public import TinyFoundation

/// Why a run cannot start or go on.
///
/// Thrown before any work when a setting, a file or a directory is wrong, and between steps otherwise. Every step whose
/// line is in the run directory is safe; the run can be resumed from there.
public struct TrainingError: ExplainedError {
    /// What went wrong, for programs.
    public enum Code: String, Sendable {
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

    /// What a program switches on.
    public let code: Code
    /// What disagreed: names, values, file.
    public let message: String
    /// What to try, when the cause is known.
    public let hint: String?
    /// What the system said.
    public let underlying: (any Error)?

    /// Makes an error from its parts.
    public init(_ code: Code, _ message: String, hint: String? = nil, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.underlying = underlying
    }
}
