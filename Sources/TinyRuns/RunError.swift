// Runs as a library: prepare, train, evaluate, resume and sweep, from settings and files to records.
//
// This target knows every target below it. It does not know: terminals, flags, how anything is displayed. It prints nothing;
// what happens is reported as events.

public import TinyFoundation

/// Why a run, an evaluation or a sweep cannot start or continue.
///
/// Thrown before any work when a setting, a file or a directory is wrong. Messages about a recipe begin with the place,
/// `recipe.yaml:3` or the flag. Errors of the targets below are passed on as they are.
public typealias RunError = CodedError<RunErrorCode>

/// The codes of ``RunError``.
public enum RunErrorCode: Sendable {
    // Settings and files
    /// A file cannot be read.
    case unreadable
    /// A text is not YAML, or not of the form that a file of this kind has.
    case malformed
    /// A key that no setting has.
    case unknownKey
    /// A key that is there twice.
    case duplicateKey
    /// A required key is missing.
    case missingKey
    /// A value of the wrong kind or outside its range.
    case invalidValue
    /// A model's files do not belong together or lack what is asked for.
    case unusableModel
    /// The machine's memory is too small for a run.
    case notEnoughMemory

    // Problems and completions
    /// A problem set is empty or too small.
    case noProblems
    /// The number of samples of each problem is not positive.
    case noSamples
    /// A prompt cannot be made of a problem.
    case unusablePrompt
    /// A prompt has no tokens.
    case emptyPrompt
    /// A prompt leaves no room in the context for a completion.
    case promptTooLong
    /// The reward gave another number of grades than there are completions.
    case wrongGrades
    /// Two results cannot be compared problem by problem.
    case notPaired

    // Directories
    /// The directory already holds a run, an evaluation or a model.
    case alreadyExists
    /// The run, evaluation or saved state was made with other settings, another model or other data.
    case differentSettings
    /// A file is missing from a run or an evaluation, or holds what neither writes.
    case damagedRecords
    /// A number to write is infinite or not a number.
    case notFinite
    /// Another process is writing into the directory.
    case directoryInUse
    /// A directory or file cannot be written.
    case unwritable

    // Processes
    /// A run of a sweep cannot be started.
    case unstartable
}
