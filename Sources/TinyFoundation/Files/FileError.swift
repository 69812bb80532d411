/// An operation on a file or directory failed.
///
/// The targets above report it as their own error, with the same message.
public typealias FileError = CodedError<FileErrorCode>

/// The codes of ``FileError``.
public enum FileErrorCode: Sendable {
    /// The file is missing or the system refused to read it.
    case unreadable
    /// The file is now shorter than when it was opened.
    case truncatedFile
    /// The system refused to write.
    case unwritable
    /// Another process is writing into the directory.
    case directoryInUse
}
