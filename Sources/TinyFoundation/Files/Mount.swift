import Foundation

/// A mounted file system, as far as it decides whether locks on its files reach other machines.
package struct Mount: Equatable {
    /// Where it is mounted.
    package let path: String
    /// Its kind, such as `ext4` or `nfs4`.
    package let kind: String
    let options: Set<String>

    /// The file system that holds a directory, as Linux tells it; `nil` elsewhere.
    static func holding(_ directory: String) -> Mount? {
        guard let table = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8) else { return nil }
        return holding(URL(filePath: directory).resolvingSymlinksInPath().path, in: table)
    }

    /// Reads the lines of `/proc/self/mountinfo`: the longest mount point that the path begins with; the last of equal ones.
    package static func holding(_ path: String, in table: String) -> Mount? {
        var holder: Mount?
        for line in table.split(separator: "\n") {
            // number, parent, device, root, mount point, options, some fields, "-", kind, source, options
            let words = line.split(separator: " ")
            guard words.count > 6, let dash = words.firstIndex(of: "-"), dash + 3 < words.count else { continue }
            let point = unescaped(words[4])
            guard path == point || path.hasPrefix(point == "/" ? "/" : point + "/") else { continue }
            guard point.count >= holder?.path.count ?? 0 else { continue }
            holder = Mount(
                path: point, kind: String(words[dash + 1]),
                options: Set(words[dash + 3].split(separator: ",").map(String.init)))
        }
        return holder
    }

    /// Spaces and the like are written as three octal digits.
    private static func unescaped(_ text: Substring) -> String {
        [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")].reduce(String(text)) { text, pair in
            text.replacing(pair.0, with: pair.1)
        }
    }

    /// Whether `flock` keeps out processes of other machines that mount the same files: true of file systems of one machine,
    /// and of network file systems unless their kind or their options say otherwise.
    package var locksReachAllMachines: Bool {
        switch kind {
        case "nfs", "nfs4":
            options.isDisjoint(with: ["nolock", "local_lock=all", "local_lock=flock"])
        case "lustre": !options.contains("localflock")
        case "cifs", "smb3": options.isDisjoint(with: ["nobrl", "forcemand"])
        // These leave the lock to each machine's kernel, beegfs unless its servers are set up otherwise.
        case "beegfs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.gcsfuse": false
        default: true
        }
    }
}
