public import TinyFoundation

/// The error of this target: a tokenizer cannot be read, trained or written.
///
/// Opening a model can throw it, before any work begins. Encoding and decoding never throw.
public typealias TextError = CodedError<TextErrorCode>

/// The codes of ``TextError``.
public enum TextErrorCode: Sendable {
    /// A file that is needed does not exist.
    case missingFile
    /// A file exists but cannot be read.
    case unreadableFile
    /// A file or directory cannot be written.
    case unwritableFile
    /// A file is not JSON, or a field is missing or of the wrong kind.
    case malformedFile
    /// A component or setting that this reader does not implement; it is refused, never approximated.
    case unsupported
    /// The vocabulary, the merges and the added tokens contradict each other.
    case inconsistentVocabulary
    /// The trainer cannot do what was requested.
    case invalidTrainingRequest
}

/// Calls `read` and reports errors of files and of JSON as ``TextError``.
func reportingTextErrors<Value>(_ read: () throws -> Value) throws(TextError) -> Value {
    do {
        return try read()
    } catch let error as TextError {
        throw error
    } catch let error as FileError where error.code == .malformedFile || error.code == .truncatedFile {
        throw TextError(.malformedFile, error)
    } catch let error as FileError {
        throw TextError(error.isMissingFile ? .missingFile : .unreadableFile, error)
    } catch {
        throw TextError(.unreadableFile, "\(error)", underlying: error)
    }
}

extension JSONNode {
    /// The error for a value that asks for something that is not implemented.
    func unsupported(_ what: String, hint: String? = nil) -> TextError {
        TextError(.unsupported, "\(place) \(what)", hint: hint)
    }
}
