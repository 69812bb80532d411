// Reports of training runs: reads the records of many runs, computes tables and draws charts.
//
// This target does not know: models, policies, tokenizers, how a run is made. It reads what runs have written, and nothing else.

public import TinyFoundation

/// What keeps a report from being made at all. A single run that is damaged or failed is listed in the report instead.
///
/// Caught by the command, which shows it; nothing was written when it is thrown.
public typealias ReportError = CodedError<ReportErrorCode>

/// The codes of ``ReportError``.
public enum ReportErrorCode: Sendable {
    /// A given directory is not there or cannot be listed.
    case unreadable
    /// No directory below the given ones holds a run.
    case noRuns
}
