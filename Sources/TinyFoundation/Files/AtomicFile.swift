public import Foundation

/// Writes files so that a reader sees the old contents or the new ones, never a part, even after a crash or power failure.
public enum AtomicFile {
    /// Replaces the file at `path`.
    ///
    /// The data are written to a temporary file in the same directory, flushed to the disk, and renamed.
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
        if mkdir(path, 0o755) == 0 { return }
        var error = SystemError.last
        if error.number == ENOENT, parentDirectory(of: path) != path, !path.isEmpty {
            try makeDirectory(parentDirectory(of: path))
            if mkdir(path, 0o755) == 0 { return }
            error = .last
        }
        var status = stat()
        if error.number == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
        throw FileError(.unwritable, "cannot make the directory \(path): \(error)", underlying: error)
    }

    /// Replaces the file at `path` with what `body` appends. Needs no memory beyond what `body` holds.
    package static func write(
        to path: String, _ body: (borrowing FileOutput) throws(FileError) -> Void
    ) throws(FileError) {
        let directory = parentDirectory(of: path)
        let temporary = path + ".\(getpid())-\(UInt32.random(in: 0 ... .max)).tmp"  // allowed: only a name
        do {
            let file = try FileOutput(creating: temporary, in: directory, for: path)
            try body(file)
            try file.synchronize()
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let error = SystemError.last
            unlink(temporary)
            throw FileError(.unwritable, "cannot write \(path): \(error)", underlying: error)
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
    private let path: String

    /// Creates `temporary`. Errors name `path`, the file it will become.
    fileprivate init(creating temporary: String, in directory: String, for path: String) throws(FileError) {
        self.path = path
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let error = SystemError.last
            throw FileError(
                .unwritable, "cannot write \(path): creating a file in \(directory) failed: \(error)",
                hint: error.number == ENOENT ? "the directory does not exist" : nil, underlying: error)
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

    private func failure(_ error: SystemError) -> FileError {
        FileError(.unwritable, "cannot write \(path): \(error)", underlying: error)
    }
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
