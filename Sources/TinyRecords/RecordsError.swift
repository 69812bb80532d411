public import TinyFoundation

/// A text or file is not a valid record, or a record cannot be written.
///
/// Code that reads a user's file catches it to add the file's name. Nothing was changed when it is thrown.
public typealias RecordsError = CodedError<RecordsErrorCode>

/// The codes of ``RecordsError``.
public enum RecordsErrorCode: Sendable {
    /// Not JSON at all.
    case malformed
    /// A key that no setting has.
    case unknownKey
    /// A key that must be there is not.
    case missingKey
    /// A value of the wrong kind or outside its choices.
    case invalidValue
    /// A number that JSON cannot hold.
    case notFinite
    /// A file cannot be read.
    case unreadable
    /// A file cannot be written.
    case unwritable
}

extension RecordsError {
    init(_ error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            self.init(.missingKey, "\(dotted(context.codingPath + [key])) is missing")
        case .typeMismatch(let type, let context):
            self.init(.invalidValue, "\(dotted(context.codingPath)) is not \(RecordsError.kind(of: type))")
        case .valueNotFound(let type, let context):
            self.init(.invalidValue, "\(dotted(context.codingPath)) is null, expected \(RecordsError.kind(of: type))")
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            self.init(.invalidValue, "\(dotted(context.codingPath)): \(context.debugDescription)")
        default:
            self.init(.malformed, "the text is not valid JSON", underlying: error)
        }
    }

    /// A Swift type in words that a writer of JSON knows.
    private static func kind(of type: Any.Type) -> String {
        switch type {
        case is String.Type, is String?.Type: "a text"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is [Float].Type, is [Any].Type: "a list"
        default: "an object"
        }
    }
}
