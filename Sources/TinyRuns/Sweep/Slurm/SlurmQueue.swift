/// What `squeue` says of job arrays: the state of each task, by the array's name and the task's index.
package struct SlurmQueue: Sendable, Equatable {
    /// The state of one task.
    package enum TaskState: Sendable, Equatable {
        /// It waits, also after its node was lost; Slurm's word for what it waits for.
        case queued(String)
        case running
        /// It has ended; the reason in Slurm's short form, such as `CA` for one that was cancelled.
        case ended(String)

        fileprivate var hasEnded: Bool { if case .ended = self { true } else { false } }
    }

    private var tasks: [String: [Int: TaskState]] = [:]
    /// The state of those tasks of an array that Slurm puts into one line without their numbers: cancelled before they began.
    private var others: [String: TaskState] = [:]
    /// Slurm's numbers of the arrays.
    private(set) var identifiers: [String: String] = [:]

    /// `squeue` with options that make it print what ``init(_:)`` reads: one line a task, recently ended ones too.
    static func read(_ arrays: [JobArray]) async throws(SlurmFailure) -> SlurmQueue {
        var output = ""
        for clusters in Set(arrays.map(\.clusters)).sorted(by: { $0 ?? "" < $1 ?? "" }) {
            let names = Set(arrays.filter { $0.clusters == clusters }.map(\.name)).sorted()
            output += try await SlurmCommand.run(
                "squeue",
                [
                    "--noheader", "--array", "--me", "--all", "--states=all", "--name=" + names.joined(separator: ","),
                    "--format=%K %t %F %j %r",
                ] + (clusters.map { ["--clusters=" + $0] } ?? []))
        }
        return SlurmQueue(output)
    }

    /// Reads lines of index, state, number, name and reason; lines of another kind say nothing.
    package init(_ output: String) {
        for line in output.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 4)
            guard words.count >= 4 else { continue }
            let name = String(words[3]), reason = words.count > 4 ? String(words[4]) : "unknown"
            let state = Self.state(String(words[1]), reason: reason)
            if let index = Int(words[0]) {
                // Of two arrays of one name the one that still has the task counts.
                if case .ended = state, let other = tasks[name]?[index], !other.hasEnded { continue }
                if case .queued = state, tasks[name]?[index] == .running { continue }
                tasks[name, default: [:]][index] = state
            } else {
                others[name] = state
            }
            identifiers[name] = String(words[2])
        }
    }

    /// The state of a task; `nil` when Slurm does not know it, or not any more.
    package subscript(array: String, index: Int) -> TaskState? { tasks[array]?[index] ?? others[array] }

    /// Whether Slurm knows an array.
    package func has(_ array: String) -> Bool { identifiers[array] != nil }

    /// States that end a task; all others lead back to the queue or to the end.
    private static let ends: Set = ["BF", "CA", "CD", "DL", "F", "NF", "OOM", "PR", "RV", "TO"]
    private static let runs: Set = ["R", "CG", "S", "ST", "SI", "SO", "RS"]

    private static func state(_ code: String, reason: String) -> TaskState {
        ends.contains(code) ? .ended(code) : runs.contains(code) ? .running : .queued(reason)
    }
}
