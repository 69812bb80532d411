internal import Foundation
internal import TinyFoundation

/// The exclusive right to fetch a blob, which huggingface_hub respects too: the system's lock on a file.
final class BlobLock: Sendable {
    private let descriptor: Int32

    /// Waits for the lock.
    ///
    /// - Parameter waiting: Called once when another process holds it.
    init(_ path: String, waiting: () -> Void) async throws(HubError) {
        try makeDirectory(above: path)
        var isFirst = true
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                let error = SystemError.last
                throw HubError(.unwritable, "cannot make the lock \(path): \(error)", underlying: error)
            }
            // A file system without locks fails with another error; there, a checksum finds what two processes spoil.
            let isTaken = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
            if !isTaken, isFile(descriptor, at: path) {
                self.descriptor = descriptor
                return
            }
            close(descriptor)
            if isTaken {
                if isFirst { waiting() }
                isFirst = false
                do { try await Task.sleep(for: .milliseconds(50)) } catch {
                    throw HubError(.unwritable, "another process holds \(path)")
                }
            }
        }
    }

    deinit { close(descriptor) }
}

/// Whether the open file is still the one at the path: some holders remove their lock's file when they are done.
private func isFile(_ descriptor: Int32, at path: String) -> Bool {
    var opened = stat(), present = stat()
    return fstat(descriptor, &opened) == 0 && stat(path, &present) == 0 && opened.st_ino == present.st_ino
        && opened.st_dev == present.st_dev
}
