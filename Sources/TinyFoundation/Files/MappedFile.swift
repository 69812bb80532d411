package import Foundation

/// A file's bytes as memory: read on first touch, shared between processes, never written.
///
/// Opening costs microseconds at any size. If another process truncates the file while it is mapped, reading the missing
/// part ends the program, as with any mapping; call ``checkSize()`` first.
public final class MappedFile: Sendable {
    /// Where the file was found, as given.
    public let path: String

    // Safety: the mapping is private and read-only, made in `init` and unmapped in `deinit`, so that any thread may read
    // it as long as `self` exists.
    nonisolated(unsafe) private let mapping: UnsafeRawBufferPointer

    /// What tells this file's contents apart from others', as far as the system knows: device, number, size, and when it was
    /// last written and changed, in nanoseconds. As it was when the file was opened.
    package let identity: String
    /// When the file had last been changed when it was opened, in seconds since 1970.
    package let changed: Int

    /// The whole file. Valid only while this object exists, and Swift may release it after its last use in the code:
    /// prefer ``withBytes(_:)``, or wrap the use into `withExtendedLifetime`.
    public var bytes: UnsafeRawBufferPointer { mapping }

    /// Lends the whole file.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(mapping)
    }

    /// Maps a file.
    ///
    /// - Throws: `unreadable` when there is no such file, it is a directory, a pipe or a device, or the system refuses;
    ///   `malformedFile` when it is the pointer that Git LFS leaves in the place of a file.
    public init(path: String) throws(FileError) {
        self.path = path
        guard !path.isEmpty else { throw FileError(.unreadable, "the path of a file is empty") }
        let kind: FileKind
        do throws(SystemError) { kind = try FileKind(at: path) } catch { throw unreadable(path, error) }
        // Not opened before its kind is known: opening a pipe waits for its other end. Files are read more than once.
        guard kind == .file else {
            throw FileError(
                .unreadable, "\(path) is \(kind.name), expected a file",
                hint: kind == .pipe ? "save what comes out of the pipe as a file" : nil)
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path, .last) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path, .last) }
        #if canImport(Darwin)
            let (written, changed) = (status.st_mtimespec, status.st_ctimespec)
        #else
            let (written, changed) = (status.st_mtim, status.st_ctim)
        #endif
        identity =
            "\(status.st_dev) \(status.st_ino) \(status.st_size) \(written.tv_sec).\(written.tv_nsec) "
            + "\(changed.tv_sec).\(changed.tv_nsec)"
        self.changed = changed.tv_sec
        let count = Int(status.st_size)
        guard count > 0 else {  // the system refuses to map nothing
            mapping = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
            throw unreadable(path, .last)
        }
        mapping = UnsafeRawBufferPointer(start: address, count: count)
        if isGitLFSPointer(mapping) {  // `deinit` unmaps
            throw gitLFSPointer(path)
        }
    }

    deinit {
        if let address = mapping.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: address), mapping.count)
        }
    }

    /// Checks that the file at the path is still as long as what was mapped. Costs one system call.
    ///
    /// - Throws: `unreadable` when the file is gone, `truncatedFile` when it is now shorter.
    public func checkSize() throws(FileError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw unreadable(path, .last) }
        guard Int(status.st_size) >= mapping.count else {
            throw FileError(
                .truncatedFile, "\(path) has \(status.st_size) bytes; it had \(mapping.count) when it was opened")
        }
    }
}

private func unreadable(_ path: String, _ error: SystemError) -> FileError {
    FileError(.unreadable, "cannot read \(path): \(error)", underlying: error)
}

/// The bytes of a small file.
package func contents(ofFile path: String) throws(FileError) -> Data {
    try MappedFile(path: path).withBytes { Data($0) }
}
