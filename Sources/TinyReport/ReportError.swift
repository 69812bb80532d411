// Reports of training runs: reads the records of many runs, computes tables and draws charts.
//
// This target does not know: models, policies, tokenizers, how a run is made. It reads what runs have written, and nothing else.

public import TinyFoundation

/// What keeps a report from being made at all. A single run that is damaged or failed is listed in the report instead.
///
/// Caught by the command, which shows it; nothing was written when it is thrown.
public struct ReportError: ExplainedError {
    /// What a program switches on.
    public enum Code: String, Sendable, CaseIterable {
        /// A given directory is not there or cannot be listed.
        case unreadable
        /// No directory below the given ones holds a run.
        case noRuns
    }

    /// What a program switches on.
    public let code: Code
    /// What disagreed, in one sentence.
    public let message: String
    /// What to try, where the cause is known.
    public let hint: String?
    /// What the system said.
    public let underlying: (any Error)?

    init(_ code: Code, _ message: String, hint: String? = nil, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.underlying = underlying
    }
}
