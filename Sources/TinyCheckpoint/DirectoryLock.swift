import Foundation
import TinyFoundation

/// The right to write into a directory, which one process has at a time.
///
/// It is the system's lock on the file `.lock`, so it ends with the process, however that ends. The file stays and holds the
/// id of the process that had it last.
package final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// Takes the right to write into `directory`.
    ///
    /// - Throws: ``CheckpointError`` with code `directoryInUse` when another process has it, or `unwritable`.
    package init(_ directory: String) throws(CheckpointError) {
        let path = directory + "/.lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let error = SystemError.last
            throw CheckpointError(.unwritable, "\(directory) cannot be written: \(error)", underlying: error)
        }
        // A file system without locks refuses with another number; there the user has to see to it. A process that is just
        // being started holds copies of its parent's descriptors, and with them a lock that was given back, for a moment.
        var isTaken = true
        for attempt in 0..<25 where isTaken {
            if attempt > 0 { usleep(20_000) }
            isTaken = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
        }
        if isTaken {
            let holder = Self.holder(descriptor)
            close(descriptor)
            throw CheckpointError(
                .directoryInUse, "another process\(holder) is writing into \(directory)",
                hint: "wait until it has ended, or choose another directory")
        }
        // Only for the sentence above: when it cannot be written, the lock holds all the same.
        let name = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, name, name.count, 0) }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// ` (id)` of the process that holds the lock, empty when the file does not say.
    private static func holder(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }
        return Int(String(decoding: digits, as: UTF8.self)).map { " (\($0))" } ?? ""
    }
}
