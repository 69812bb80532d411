public import TinyFoundation

/// Why a tokenizer could not be read, trained or written, or a chat template not be read or rendered.
///
/// Whoever opens a model catches it, before any work has begun; encoding and decoding never throw. Rendering a
/// conversation may: a template can refuse one by itself.
public struct TextError: ExplainedError {
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
        /// A text is not a template.
        case malformedTemplate
        /// A template needs a value that nobody gave it.
        case undefinedValue
        /// A template does to a value what cannot be done to one of its kind.
        case invalidOperation
        /// A template refused the conversation; the message is the template's own.
        case raisedByTemplate
        /// A template takes more steps, room or depth than it may.
        case limitExceeded
    }

    /// A place in a text.
    public struct Position: Sendable, Hashable {
        /// From 1.
        public let line: Int
        /// In code points, from 1.
        public let column: Int
    }

    /// The kind of disagreement.
    public let code: Code
    /// What disagreed, in one sentence: names, values, file.
    public let message: String
    /// What to try, where the cause is known.
    public let hint: String?
    /// What the system said.
    public let underlying: (any Error)?
    /// Where in a template.
    public let position: Position?

    init(
        _ code: Code, _ message: String, hint: String? = nil, underlying: (any Error)? = nil, position: Position? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.underlying = underlying
        self.position = position
    }

    /// The same error with a place, if it has none.
    func located(at position: Position) -> TextError {
        self.position == nil
            ? TextError(code, message, hint: hint, underlying: underlying, position: position) : self
    }

    /// The message, with the place before it and the hint on a second line when there are any.
    public var description: String {
        let place = position.map { "line \($0.line), column \($0.column): " } ?? ""
        return place + (hint.map { "\(message)\n hint: \($0)" } ?? message)
    }
}
