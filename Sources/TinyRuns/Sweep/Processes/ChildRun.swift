internal import Foundation
internal import Synchronization
internal import TinyFoundation

/// One run as a process of its own: the same program with the run's settings.
///
/// The child reads its standard input until it ends, which it does when this process ends, however that happens; so no run
/// outlives its sweep.
final class ChildRun: Sendable {
    let follower: RunFollower
    private let process: Mutex<Process>
    private let input = Pipe()

    /// Starts the run.
    ///
    /// - Parameter ended: Called once, from any thread.
    init(
        _ run: SweepRun, in folder: SweepFolder, command: RunCommand, ended: @escaping @Sendable () -> Void
    ) throws {
        follower = RunFollower(run, in: folder)
        let process = Process()
        process.executableURL = command.program
        process.arguments = command.arguments(for: run.name, in: folder) + ["--end-with-input"]
        for path in [folder.log(run.name), folder.result(run.name)] { try AtomicFile.write(Data(), to: path) }
        process.standardError = try FileHandle(forWritingTo: URL(filePath: folder.log(run.name)))
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: folder.result(run.name)))
        process.standardInput = input
        process.terminationHandler = { _ in ended() }
        self.process = Mutex(process)
        do {
            try process.run()
        } catch {
            throw RunError(.unstartable, "cannot start \(command.program.path): \(systemReason(error))")
        }
    }

    /// Asks the run to end; it may end at any instant and loses the step in flight at most.
    func stop() {
        process.withLock { if $0.isRunning { $0.terminate() } }
        // A child that inherited deafness to that signal still ends with its input.
        try? input.fileHandleForWriting.close()
    }

    /// How the process ended.
    var ending: RunEnding {
        process.withLock {
            $0.terminationReason == .uncaughtSignal ? .killed($0.terminationStatus) : .exited($0.terminationStatus)
        }
    }
}
