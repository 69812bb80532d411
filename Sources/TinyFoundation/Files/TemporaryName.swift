import Foundation

/// Names of the files that ``AtomicFile`` writes before they replace others: `adapter.safetensors.4711-1804289383.tmp`, with the id
/// of the process.
///
/// A process holds the system's lock on such a file as long as it writes it, so that a free lock tells that it was killed.
enum TemporaryName {
    private static let ending = ".tmp"

    /// A new name beside a file, different each time.
    static func new(of target: String) -> String {
        "\(target).\(getpid())-\(UInt32.random(in: 0 ... .max))\(ending)"  // allowed: only a name
    }

    /// Removes what processes left that were killed while they wrote a file. Where it is not certain that a process has ended, its
    /// file stays.
    static func removeAbandoned(of target: String, in directory: String) {
        let prefix = (target.split(separator: "/").last ?? "") + "."
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let abandoned = names.filter { $0.hasPrefix(prefix) && hasEnded(writerOf: $0.dropFirst(prefix.count)) }
        // A lock that holds on one machine only says nothing of the processes of others.
        guard !abandoned.isEmpty, Mount.holding(directory)?.locksReachAllMachines ?? true else { return }
        for name in abandoned {
            let path = "\(directory)/\(name)", descriptor = open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
            close(descriptor)
        }
    }

    /// Whether the end of a name, `4711-1804289383.tmp`, is of a process that does not run on this machine. Of one that does, the
    /// file may have been made this moment and not be locked yet, and earlier versions locked none.
    private static func hasEnded(writerOf end: Substring) -> Bool {
        guard end.hasSuffix(ending) else { return false }
        let numbers = end.dropLast(ending.count).split(separator: "-", omittingEmptySubsequences: false)
        guard numbers.count == 2, let process = pid_t(numbers[0]), process > 0, UInt32(numbers[1]) != nil else {
            return false
        }
        return kill(process, 0) != 0 && errno == ESRCH
    }
}
