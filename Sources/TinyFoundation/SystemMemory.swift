import Foundation

/// The memory of this machine.
public enum SystemMemory {
    /// Bytes of memory.
    public static var byteCount: Int { Int(clamping: ProcessInfo.processInfo.physicalMemory) }

    /// Bytes that the system lets the programs of this container use; `nil` without a limit.
    public static var limit: Int? {
        FileManager.default.contents(atPath: "/sys/fs/cgroup/memory.max").flatMap { data in
            Int(String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    /// The smaller of both.
    public static var usable: Int { min(byteCount, limit ?? byteCount) }
}
