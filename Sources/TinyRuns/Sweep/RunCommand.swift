import Foundation

/// The command that makes one run of a sweep, wherever that is executed.
struct RunCommand: Sendable {
    /// The `tinylora` program.
    let program: URL
    /// Threads of each run.
    let threads: Int
    /// Further arguments of `tinylora train`.
    let rest: [String]

    /// Everything after the program's name. A run that was begun before is resumed.
    func arguments(for name: String, in folder: SweepFolder) -> [String] {
        [
            "train", "--config", folder.settings(name), "--output", folder.run(name), "--threads", "\(threads)",
            "--resume", "--json", "--untrained-cache", folder.untrained,
        ] + rest
    }
}
