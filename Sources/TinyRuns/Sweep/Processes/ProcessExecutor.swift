internal import Synchronization

/// Executes a sweep's runs as processes of this machine, a few at a time. They end when the sweep does.
final class ProcessExecutor: SweepExecutor {
    private let folder: SweepFolder
    private let command: RunCommand
    private let jobs: Int
    private let changed: @Sendable () -> Void
    private let state = Mutex(State())

    private struct State {
        var children: [String: ChildRun] = [:]
        var ended: [String] = []
    }

    /// - Parameters:
    ///   - jobs: Runs at a time.
    ///   - changed: Called when a run has ended, from any thread.
    init(in folder: SweepFolder, command: RunCommand, jobs: Int, changed: @escaping @Sendable () -> Void) {
        self.folder = folder
        self.command = command
        self.jobs = jobs
        self.changed = changed
    }

    func underWay(_ tell: @Sendable (String) -> Void) -> [String] { [] }

    func start(_ due: [SweepRun]) throws -> [String] {
        var started: [String] = []
        for run in due.prefix(max(0, jobs - state.withLock { $0.children.count })) {
            try folder.forgetFailure(run.name)
            try folder.write(run.configuration, of: run.name)
            let child = try ChildRun(run, in: folder, command: command) { [self] in
                state.withLock { $0.ended.append(run.name) }
                changed()
            }
            state.withLock { $0.children[run.name] = child }
            started.append(run.name)
        }
        return started
    }

    func progress() -> [SweepProgress] { state.withLock { Array($0.children.values) }.map { $0.follower.progress() } }

    func endings() -> [(name: String, ending: RunEnding)] {
        state.withLock { state in
            let ended = state.ended
            state.ended = []
            return ended.compactMap { name in
                state.children.removeValue(forKey: name).map { (name, $0.ending) }
            }
        }
    }

    func notes() -> [String] { [] }

    func interrupt() -> Bool {
        let children = state.withLock { Array($0.children.values) }
        for child in children { child.stop() }
        return !children.isEmpty
    }
}
