public import Foundation

/// Writes files so that a reader sees the old contents or the new ones, never a part, even after a crash or power failure.
public enum AtomicFile {
    /// Replaces the file at `path`.
    ///
    /// The data are written to a temporary file in the same directory, flushed to the disk, and renamed. Temporary files of
    /// killed processes that were writing the same file are removed (see ``TemporaryName``).
    ///
    /// A link stays, and the file it leads to is replaced, or made where it is not there yet. The new file has the permissions of
    /// the old one. What is written to a pipe or a device goes into it.
    ///
    /// - Throws: `unwritable`, naming the directory or file and the system's reason; the old file is then untouched.
    public static func write(_ data: Data, to path: String) throws(FileError) {
        try write(to: path) { (file) throws(FileError) in
            try data.withBytes { (bytes) throws(FileError) in try file.append(bytes) }
        }
    }

    /// Creates a directory and the missing ones above it. An existing directory is left as it is.
    ///
    /// - Throws: `unwritable`, naming the directory that could not be created and the system's reason.
    public static func makeDirectory(_ path: String) throws(FileError) {
        guard try !makeNewDirectory(path) else { return }
        guard let kind = try? FileKind(at: path) else { throw unmade(path, SystemError(number: EEXIST)) }
        guard kind == .directory else {
            throw FileError(.unwritable, "\(path) is \(kind.name), expected a directory")
        }
    }

    /// Creates a directory and the missing ones above it, unless there is something of its name.
    ///
    /// - Returns: Whether this call has created it. Of several processes that try at the same moment one has.
    /// - Throws: `unwritable`, as ``makeDirectory(_:)``.
    package static func makeNewDirectory(_ path: String) throws(FileError) -> Bool {
        guard !path.isEmpty else { throw FileError(.unwritable, "the path of a directory is empty") }
        if mkdir(path, 0o755) == 0 { return true }
        var error = SystemError.last
        if error.number == ENOENT, parentDirectory(of: path) != path {
            try makeDirectory(parentDirectory(of: path))
            if mkdir(path, 0o755) == 0 { return true }
            error = .last
        }
        guard error.number == EEXIST else { throw unmade(path, error) }
        return false
    }

    private static func unmade(_ path: String, _ error: SystemError) -> FileError {
        FileError(.unwritable, "cannot make the directory \(path): \(error)", underlying: error)
    }

    /// Replaces the file at `path` with what `body` appends. Needs no memory beyond what `body` holds.
    package static func write(
        to path: String, _ body: (borrowing FileOutput) throws(FileError) -> Void
    ) throws(FileError) {
        guard !path.isEmpty else { throw FileError(.unwritable, "the path of a file is empty") }
        let kind = try? FileKind(at: path)
        guard kind == nil || kind == .file else {
            let file = try FileOutput(into: path)
            return try body(file)
        }
        let target = try target(of: path), directory = parentDirectory(of: target)
        TemporaryName.removeAbandoned(of: target, in: directory)
        let file = try FileOutput(beside: target, in: directory, for: path)
        do {
            try body(file)
            try file.synchronize()
            try file.rename(to: target)
        } catch {
            file.remove()
            throw error
        }
        synchronize(directory: directory)
    }

    /// Flushes the rename to the disk. Some file systems refuse to synchronise a directory; the data are safe all the same.
    private static func synchronize(directory: String) {
        let descriptor = open(directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

/// An open file that is only appended to, closed when it goes out of scope.
package struct FileOutput: ~Copyable {
    private let descriptor: Int32
    /// Its name now, and the one that errors have.
    private let name: String, path: String

    /// Creates a temporary file beside `target` with its permissions, and locks it until it is closed. Errors name `path`.
    fileprivate init(beside target: String, in directory: String, for path: String) throws(FileError) {
        self.path = path
        while true {
            let name = TemporaryName.new(of: target)
            let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                let error = SystemError.last
                throw FileError(
                    .unwritable, "cannot write \(path): creating a file in \(directory) failed: \(error)",
                    hint: error.number == ENOENT ? "the directory does not exist" : nil, underlying: error)
            }
            // Another writer of the same file may have taken it for abandoned before it was locked. Where there are no locks,
            // none does.
            let isTaken = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
            if !isTaken && access(name, F_OK) == 0 {
                var old = stat()
                if stat(target, &old) == 0 { fchmod(descriptor, old.st_mode & 0o777) }
                self.name = name
                self.descriptor = descriptor
                return
            }
            close(descriptor)
        }
    }

    /// Opens a pipe or a device, of which nothing can be replaced; a directory is refused by the system.
    fileprivate init(into path: String) throws(FileError) {
        name = path
        self.path = path
        descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let error = SystemError.last
            throw FileError(.unwritable, "cannot write \(path): \(error)", underlying: error)
        }
    }

    deinit { close(descriptor) }

    package func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))  // macOS refuses 2 GiB in one call
            let written = Foundation.write(descriptor, piece.baseAddress, piece.count)
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno != EINTR {
                throw failure(.last)
            }
        }
    }

    fileprivate func synchronize() throws(FileError) {
        guard fsync(descriptor) == 0 else { throw failure(.last) }
    }

    /// Gives the file its final name, while it is open and so locked.
    fileprivate func rename(to target: String) throws(FileError) {
        guard Foundation.rename(name, target) == 0 else { throw failure(.last) }
    }

    /// Removes the file.
    fileprivate func remove() { unlink(name) }

    private func failure(_ error: SystemError) -> FileError {
        FileError(.unwritable, "cannot write \(path): \(error)", underlying: error)
    }
}

/// Where a link leads, whether or not there is something; any other path itself.
///
/// - Throws: `unwritable` for links that lead to each other.
private func target(of path: String) throws(FileError) -> String {
    var target = path
    for _ in 0..<40 {  // as many as Linux follows
        guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: target) else { return target }
        target = next.hasPrefix("/") ? next : "\(parentDirectory(of: target))/\(next)"
    }
    let error = SystemError(number: ELOOP)
    throw FileError(.unwritable, "cannot write \(path): \(error)", underlying: error)
}

/// The directory that holds `path`.
private func parentDirectory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

extension Data {
    /// `withUnsafeBytes` with the type of its errors kept.
    package func withBytes<Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        let result = withUnsafeBytes { bytes -> Result<Void, Failure> in
            do throws(Failure) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        try result.get()
    }
}
