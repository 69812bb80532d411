public import Foundation
import TinyFoundation

/// Writes files so that a reader sees the old contents or the new, never a part, even after a crash or a power cut.
public enum AtomicFile {
    /// Replaces the file at `path`.
    ///
    /// The data go to a temporary file in the same directory, are forced to the disk, and take the name in one step.
    ///
    /// - Throws: `unwritable`, naming the directory or file and the system's reason; the old file is then untouched.
    public static func write(_ data: Data, to path: String) throws(CheckpointError) {
        try write(to: path) { (file) throws(CheckpointError) in
            try data.withBytes { (bytes) throws(CheckpointError) in try file.append(bytes) }
        }
    }

    /// Makes a directory and those above it; one that is there already is left as it is.
    ///
    /// - Throws: `unwritable`, naming the directory that could not be made and the system's reason.
    public static func makeDirectory(_ path: String) throws(CheckpointError) {
        if mkdir(path, 0o755) == 0 { return }
        var error = SystemError.last
        if error.number == ENOENT, parentDirectory(of: path) != path, !path.isEmpty {
            try makeDirectory(parentDirectory(of: path))
            if mkdir(path, 0o755) == 0 { return }
            error = .last
        }
        var status = stat()
        if error.number == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
        throw CheckpointError(.unwritable, "cannot make the directory \(path): \(error)", underlying: error)
    }

    /// Replaces the file at `path` with what `body` appends. Costs no memory beyond what `body` holds.
    static func write(
        to path: String, _ body: (borrowing FileOutput) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
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
            throw CheckpointError(.unwritable, "cannot write \(path): \(error)", underlying: error)
        }
        synchronize(directory: directory)
    }

    /// Makes the new name last. Some file systems refuse to synchronise a directory; the data are safe all the same.
    private static func synchronize(directory: String) {
        let descriptor = open(directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

/// An open file that is only appended to, closed when it goes out of scope.
struct FileOutput: ~Copyable {
    private let descriptor: Int32
    private let path: String

    /// Creates `temporary`; errors speak of `path`, the file it will become.
    init(creating temporary: String, in directory: String, for path: String) throws(CheckpointError) {
        self.path = path
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let error = SystemError.last
            throw CheckpointError(
                .unwritable, "cannot write \(path): creating a file in \(directory) failed: \(error)",
                hint: error.number == ENOENT ? "the directory does not exist" : nil, underlying: error)
        }
    }

    deinit { close(descriptor) }

    func append(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
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

    func synchronize() throws(CheckpointError) {
        guard fsync(descriptor) == 0 else { throw failure(.last) }
    }

    private func failure(_ error: SystemError) -> CheckpointError {
        CheckpointError(.unwritable, "cannot write \(path): \(error)", underlying: error)
    }
}

/// The directory that holds `path`.
func parentDirectory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

extension Data {
    /// `withUnsafeBytes` with the type of its errors kept.
    func withBytes<Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        let result = withUnsafeBytes { bytes -> Result<Void, Failure> in
            do throws(Failure) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        try result.get()
    }
}
