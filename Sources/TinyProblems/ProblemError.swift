public import TinyFoundation

/// What is wrong with a problem file, a prompt or the name of a set, style or grader.
///
/// Thrown before sampling starts, for the person who named the file; nothing of a run is lost. Grading never
/// throws: an answer that cannot be read scores 0.
public typealias ProblemError = CodedError<ProblemErrorCode>

/// The codes of ``ProblemError``.
public enum ProblemErrorCode: Sendable {
    /// The file cannot be opened or read.
    case unreadableFile
    /// The file is in a format that is not read, such as Parquet.
    case foreignFormat
    /// The file holds no rows.
    case emptyFile
    /// A line is not a JSON object.
    case malformedLine
    /// A row lacks a field that is needed.
    case missingField
    /// A field has a type that cannot be used.
    case wrongType
    /// A field is there but empty.
    case emptyField
    /// An answer has no `####`, but other answers of the file have.
    case missingMarker
    /// A prompt template lacks its placeholder.
    case invalidTemplate
    /// No prompt style has this name.
    case unknownPromptStyle
    /// No problem set has this name.
    case unknownBenchmark
    /// A mapping of fields names a part that problems do not have.
    case unknownPart
    /// No grader has this name.
    case unknownGrader
    /// The program of a grader is not there or cannot be started.
    case unusableGrader
    /// A chat template refuses the messages of a prompt, or changes a question that holds a special token.
    case unusableChatFormat
    /// A question holds a special token that cannot be written as plain text.
    case reservedText
}
