/// Why a tokenizer could not be read, trained or written.
///
/// Whoever opens a model catches it, before any work has begun; encoding and decoding never throw.
public struct TextError: Error, Sendable, CustomStringConvertible {
    /// What kind of disagreement it was: the part a program switches on.
    public enum Code: Sendable, Equatable {
        /// A file that is needed is not there.
        case missingFile
        /// A file is there and cannot be read.
        case unreadableFile
        /// A file or directory cannot be written.
        case unwritableFile
        /// A file is not JSON, or a field is missing or of the wrong kind.
        case malformedFile
        /// A component or setting that this reader does not know; it is refused, never approximated.
        case unsupported
        /// The vocabulary, the merges and the added tokens contradict each other.
        case inconsistentVocabulary
        /// What was asked of the trainer cannot be done.
        case invalidTrainingRequest
    }

    /// The kind of disagreement.
    public let code: Code
    /// What disagreed, in one sentence: names, values, file.
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

    /// The message, with the hint after it when there is one.
    public var description: String {
        hint.map { "\(message) (hint: \($0))" } ?? message
    }
}
