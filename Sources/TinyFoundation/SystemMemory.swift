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

    /// Bytes that programs could take now without others giving any up; `nil` where the system does not say.
    public static var available: Int? {
        FileManager.default.contents(atPath: "/proc/meminfo").flatMap { data in
            available(meminfo: String(decoding: data, as: UTF8.self))
        }
    }

    /// The same from the text of `/proc/meminfo`, whose line `MemAvailable` is in kibibytes.
    package static func available(meminfo: String) -> Int? {
        let line = meminfo.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        return line.flatMap { Int($0.drop { !$0.isNumber }.prefix { $0.isNumber }) }.map { $0 << 10 }
    }
}
