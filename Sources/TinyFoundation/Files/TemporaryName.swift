import Foundation

/// Names of the files that ``AtomicFile`` writes before they replace others: `adapter.safetensors.3f1c9a07-1804289383.tmp`, with
/// the beginning of the id that this system has had since it started, and a random number.
///
/// A process holds the system's lock on such a file as long as it writes it. The processes of one system see each other's locks
/// on every file, also those in containers, whose process ids say nothing to each other. So a free lock tells that the process was
/// killed; of names of other systems, or of before a restart, nothing is known, and these files stay.
package enum TemporaryName {
    private static let ending = ".tmp"

    /// A new name beside a file, different each time.
    static func new(of target: String) -> String {
        "\(target).\(system ?? "\(getpid())")-\(UInt32.random(in: 0 ... .max))\(ending)"  // allowed: only a name
    }

    /// Removes what killed processes of this system left of a file that they were writing.
    static func removeAbandoned(of target: String, in directory: String) {
        guard let system else { return }
        let start = "\(target.split(separator: "/").last ?? "").\(system)-"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in names where isName(name, startingWith: start) {
            let path = "\(directory)/\(name)", descriptor = open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
            close(descriptor)
        }
    }

    private static func isName(_ name: String, startingWith start: String) -> Bool {
        name.hasPrefix(start) && name.hasSuffix(ending)
            && UInt32(name.dropFirst(start.count).dropLast(ending.count)) != nil
    }

    /// The beginning of the id of this run of the system; `nil` where it does not say one.
    package static let system: String? = {
        #if canImport(Darwin)
            var text = [UInt8](repeating: 0, count: 64), size = text.count
            guard sysctlbyname("kern.bootsessionuuid", &text, &size, nil, 0) == 0 else { return nil }
            let id = String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        #else
            guard let id = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8) else {
                return nil
            }
        #endif
        let start = id.lowercased().prefix(8)
        return start.count == 8 && start.allSatisfy(\.isHexDigit) ? String(start) : nil
    }()
}
