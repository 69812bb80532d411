// What several targets need and none of them owns: errors, files, JSON, hashes, random streams, exact arithmetic, and the
// settings that more than one target names.
//
// This target does not know: models, adapters, problems, runs.

/// An error that says in one sentence what is wrong, so that whoever catches it need not know which target threw it.
public protocol ExplainedError: Error, Sendable, CustomStringConvertible {
    /// What disagreed: names, both values, file. One sentence without a full stop.
    var message: String { get }
    /// What to try, where the cause is known.
    var hint: String? { get }
    /// The error of the system or of another target that caused this one.
    var underlying: (any Error)? { get }
}

extension ExplainedError {
    /// The message and, on a second line, the hint.
    public var description: String { hint.map { "\(message)\n hint: \($0)" } ?? message }

    /// No hint.
    public var hint: String? { nil }

    /// No underlying error.
    public var underlying: (any Error)? { nil }
}

/// The error type of a target: an explained error with a code that programs can switch on.
///
/// Each target declares its codes and names its error, so that errors of different targets are different types:
///
/// ```swift
/// public typealias CheckpointError = CodedError<CheckpointErrorCode>
///
/// do throws(CheckpointError) {
///     model = try Checkpoint(directory: "model")
/// } catch {
///     if error.code == .truncatedFile { … }
/// }
/// ```
public struct CodedError<Code: Sendable & Equatable>: ExplainedError {
    /// What went wrong, for programs.
    public let code: Code
    /// What disagreed: names, both values, file. One sentence without a full stop.
    public let message: String
    /// What to try, where the cause is known.
    public let hint: String?
    /// The error of the system or of another target that caused this one.
    public let underlying: (any Error)?

    /// Makes an error from its parts.
    public init(_ code: Code, _ message: String, hint: String? = nil, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.underlying = underlying
    }

    /// Reports another target's error as one of this target, with the same message and hint.
    public init(_ code: Code, _ error: some ExplainedError) {
        self.init(code, error.message, hint: error.hint, underlying: error)
    }
}
