internal import Foundation

/// An operation on a file or directory failed.
///
/// The targets above report it as their own error, with the same message.
public typealias FileError = CodedError<FileErrorCode>

/// The codes of ``FileError``.
public enum FileErrorCode: Sendable {
    /// The file is missing or the system refused to read it.
    case unreadable
    /// The file is not the kind of text that was expected, or a value in it is missing or of the wrong kind.
    case malformedFile
    /// The file is now shorter than when it was opened.
    case truncatedFile
    /// The system refused to write.
    case unwritable
    /// Another process is writing into the directory.
    case directoryInUse
}

extension FileError {
    /// Whether the reason was that there is no such file.
    package var isMissingFile: Bool { (underlying as? SystemError)?.number == ENOENT }
}

/// The text of a file.
///
/// - Throws: `unreadable`, or `malformedFile` when it is not UTF-8.
package func text(ofFile path: String) throws(FileError) -> String {
    guard let text = String(validating: try contents(ofFile: path), as: UTF8.self) else {
        throw FileError(.malformedFile, "\(path) is not UTF-8")
    }
    return text
}

/// Whether a text is what Git LFS leaves in the place of a large file. Source: its specification, which has the limit of 1024.
func isGitLFSPointer(_ text: some Collection<UInt8>) -> Bool {
    text.count < 1024 && text.starts(with: "version https://git-lfs.github.com/".utf8)
}

/// The error for such a text.
func gitLFSPointer(_ name: String) -> FileError {
    FileError(
        .malformedFile, "\(name) is a Git LFS pointer, not the file itself", hint: "`git lfs pull` fetches the file")
}
