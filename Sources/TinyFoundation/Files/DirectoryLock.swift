import Foundation

/// The exclusive right to write into a directory, held by one process at a time.
///
/// It is the system's lock on the file `.lock`, so it is released when the process ends, even after a crash. The file stays
/// and contains the id of the last process that held the lock.
package final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// Where the lock keeps no one out, as a sentence; `nil` when it holds against every process of every machine.
    package let weakness: String?

    /// Locks `directory`.
    ///
    /// - Throws: ``FileError`` with code `directoryInUse` when another process holds the lock, or `unwritable`.
    package init(_ directory: String) throws(FileError) {
        let path = directory + "/.lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let error = SystemError.last
            throw FileError(.unwritable, "\(directory) cannot be written: \(error)", underlying: error)
        }
        // A file system without locks fails with another error; there, keeping other processes out is the user's task. A
        // process that is being started holds copies of its parent's descriptors, and with them a released lock, for a moment.
        var isTaken = true, reason: SystemError?
        for attempt in 0..<25 where isTaken {
            if attempt > 0 { usleep(20_000) }
            reason = flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? nil : .last
            isTaken = reason?.number == EWOULDBLOCK
        }
        if isTaken {
            let holder = Self.holder(descriptor)
            close(descriptor)
            throw FileError(
                .directoryInUse, "another process\(holder) is writing into \(directory)",
                hint: "wait until it has ended, or choose another directory")
        }
        // Only for the message above; the lock is valid even if the id cannot be written.
        let name = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, name, name.count, 0) }
        self.descriptor = descriptor
        if let reason {
            weakness =
                "\(directory) cannot be locked (\(reason)): see to it yourself that only one process writes into it"
        } else if let mount = Mount.holding(directory), !mount.locksReachAllMachines {
            weakness =
                "locks on \(mount.path) (\(mount.kind)) hold on one machine only: see to it yourself that no process of "
                + "another machine writes into \(directory)"
        } else {
            weakness = nil
        }
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
