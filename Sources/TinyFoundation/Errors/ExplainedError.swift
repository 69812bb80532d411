// Errors that are sentences, and the names that were meant.
//
// This target does not know: anything. Every target whose errors a person reads stands on it.

/// An error that says in one sentence what disagreed, so that whoever catches it need not know which target threw it.
///
/// Each target has one error type, with codes that a program switches on. What they share is how they are told.
public protocol ExplainedError: Error, Sendable, CustomStringConvertible {
    /// What disagreed: names, both values, file. One sentence without a final stop.
    var message: String { get }
    /// What to try, where the cause is known.
    var hint: String? { get }
    /// What the system or another part said.
    var underlying: (any Error)? { get }
}

extension ExplainedError {
    /// The message and, on a second line, the hint.
    public var description: String { hint.map { "\(message)\n hint: \($0)" } ?? message }

    /// Nothing to try.
    public var hint: String? { nil }

    /// Nothing beneath.
    public var underlying: (any Error)? { nil }
}
