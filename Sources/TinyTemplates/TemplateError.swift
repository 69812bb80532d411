public import TinyFoundation

/// The error of this target: a chat template cannot be read, or refuses or fails to render a conversation.
///
/// Rendering one conversation may throw it while the next one renders.
public struct TemplateError: ExplainedError {
    /// What went wrong, for programs.
    public enum Code: Sendable {
        /// A file that is needed does not exist.
        case missingFile
        /// A file exists but cannot be read.
        case unreadableFile
        /// A file or a conversation is not JSON, or a field is missing or of the wrong kind.
        case malformedFile
        /// The text is not a template.
        case malformedTemplate
        /// The template uses a part of Jinja that is not implemented or is refused.
        case unsupported
        /// The template needs a value that is not defined.
        case undefinedValue
        /// The template applies an operation to a value of the wrong kind.
        case invalidOperation
        /// A variable for the template is none that it reads, or no single value.
        case unusableVariable
        /// The template refused the conversation; the message is the template's own.
        case raisedByTemplate
        /// The template takes more steps, memory or depth than it may.
        case limitExceeded
    }

    /// What went wrong, for programs.
    public let code: Code
    /// What disagreed, in one sentence: names, values, file.
    public let message: String
    /// What to try, where the cause is known.
    public let hint: String?
    /// The error of the system that caused this one.
    public let underlying: (any Error)?
    /// The place in the template.
    public private(set) var position: TextPosition?

    init(
        _ code: Code, _ message: String, hint: String? = nil, underlying: (any Error)? = nil,
        position: TextPosition? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.underlying = underlying
        self.position = position
    }

    /// Reports an error of a file or of JSON as one of this target.
    init(_ error: FileError) {
        let code: Code =
            error.code == .malformedFile ? .malformedFile : error.isMissingFile ? .missingFile : .unreadableFile
        self.init(code, error.message, hint: error.hint, underlying: error)
    }

    /// The same error with a place, if it has none.
    func located(at position: TextPosition) -> TemplateError {
        var located = self
        located.position = self.position ?? position
        return located
    }

    /// The message, with the place before it and the hint on a second line when there are any.
    public var description: String {
        let place = position.map { "\($0): " } ?? ""
        return place + (hint.map { "\(message)\n hint: \($0)" } ?? message)
    }
}

/// Calls `read` and reports errors of files and of JSON as ``TemplateError``.
func reportingTemplateErrors<Value>(_ read: () throws -> Value) throws(TemplateError) -> Value {
    do {
        return try read()
    } catch let error as TemplateError {
        throw error
    } catch let error as FileError {
        throw TemplateError(error)
    } catch {
        throw TemplateError(.unreadableFile, "\(error)", underlying: error)
    }
}

/// The error of an operation on a value that does not have it.
func invalidOperation(_ message: String) -> TemplateError { TemplateError(.invalidOperation, message) }
