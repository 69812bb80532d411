internal import Foundation
internal import Synchronization
internal import TinyFoundation

/// The beginning of a blob on disk, which a later attempt or process continues.
final class IncompleteFile: ByteSink {
    private let path: String
    private let descriptor: Int32
    private let written: Mutex<Int>
    private let moved: @Sendable (Int) -> Void

    /// Opens or creates the file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - size: The size of the whole blob. A file that is longer begins anew.
    ///   - moved: Told how many bytes there are, whenever more have come.
    init(_ path: String, of size: Int, moved: @escaping @Sendable (Int) -> Void) throws(HubError) {
        self.path = path
        self.moved = moved
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            written = Mutex(0)
            throw writeError(path, .last)
        }
        let present = Int(status.st_size)
        written = Mutex(present)
        if present > size { try restart() }
        moved(count)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    var count: Int { written.withLock { $0 } }

    func restart() throws(HubError) {
        guard ftruncate(descriptor, 0) == 0 else { throw writeError(path, .last) }
        written.withLock { $0 = 0 }
        moved(0)
    }

    func append(_ data: Data) throws(HubError) {
        try data.withBytes { (bytes) throws(HubError) in
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = UnsafeRawBufferPointer(rebasing: rest)
                let done = pwrite(descriptor, piece.baseAddress, piece.count, off_t(count))
                if done >= 0 {
                    rest = rest.dropFirst(done)
                    written.withLock { $0 += done }
                } else if errno != EINTR {
                    throw writeError(path, .last)
                }
            }
        }
        moved(count)
    }

    /// Waits until the bytes are on the disk.
    func synchronize() throws(HubError) {
        guard fsync(descriptor) == 0 else { throw writeError(path, .last) }
    }
}

/// The error of a failed write.
private func writeError(_ path: String, _ error: SystemError) -> HubError {
    HubError(
        error.number == ENOSPC || error.number == EDQUOT ? .diskFull : .unwritable, "cannot write \(path): \(error)",
        hint: error.number == ENOSPC ? "what has been fetched is kept, and the next attempt continues there" : nil,
        underlying: error)
}
