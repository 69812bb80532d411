internal import Foundation

/// What is at a path, where links lead.
enum FileKind {
    case file, directory, pipe, socket, device

    /// - Throws: The system's reason, for example that nothing is there.
    init(at path: String) throws(SystemError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .last }
        switch status.st_mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .directory
        case S_IFIFO: self = .pipe
        case S_IFSOCK: self = .socket
        default: self = .device
        }
    }

    /// The kind with its article, for messages.
    var name: String {
        switch self {
        case .file: "a file"
        case .directory: "a directory"
        case .pipe: "a pipe"
        case .socket: "a socket"
        case .device: "a device"
        }
    }
}

/// Checks that there is a directory.
///
/// - Parameter role: What it should be, for the message.
package func requireDirectory(_ path: String, as role: String = "directory") throws(FileError) {
    let kind: FileKind
    do throws(SystemError) {
        kind = try FileKind(at: path)
    } catch {
        throw FileError(.unreadable, "cannot read the \(role) \(path): \(error)", underlying: error)
    }
    guard kind == .directory else {
        throw FileError(.unreadable, "\(path) is \(kind.name), expected a \(role)")
    }
}
