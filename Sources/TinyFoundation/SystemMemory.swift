import Foundation

/// The memory of this machine.
public enum SystemMemory {
    /// Bytes of memory.
    public static var byteCount: Int { Int(clamping: ProcessInfo.processInfo.physicalMemory) }

    /// Bytes that the system lets this program use together with others of its control groups; `nil` without a limit.
    public static var limit: Int? {
        let limits = controlGroups(cgroup: text("/proc/self/cgroup") ?? "").compactMap { group in
            text("/sys/fs/cgroup\(group)/memory.max").flatMap { Int($0.prefix(while: \.isNumber)) }
        }
        return limits.min()
    }

    /// The control groups of version 2 that hold a process by the text of its `/proc/self/cgroup`: its own first, the root, which
    /// has an empty name, last. Each may have a limit.
    package static func controlGroups(cgroup: String) -> [String] {
        let line = cgroup.split(separator: "\n").first { $0.hasPrefix("0::/") } ?? ""
        let names = line.dropFirst("0::/".count).split(separator: "/")
        return (0...names.count).reversed().map { depth in names.prefix(depth).map { "/\($0)" }.joined() }
    }

    /// The smaller of both.
    public static var usable: Int { min(byteCount, limit ?? byteCount) }

    /// Bytes that programs could take now without others giving any up; `nil` where the system does not say.
    public static var available: Int? {
        text("/proc/meminfo").flatMap(available(meminfo:))
    }

    /// The same from the text of `/proc/meminfo`, whose line `MemAvailable` is in kibibytes.
    package static func available(meminfo: String) -> Int? {
        let line = meminfo.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        return line.flatMap { Int($0.drop { !$0.isNumber }.prefix { $0.isNumber }) }.map { $0 << 10 }
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
