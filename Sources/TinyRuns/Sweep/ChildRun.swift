internal import Foundation
internal import Synchronization
internal import TinyFoundation
internal import TinyRecords

/// One run as a process of its own: the same program with the run's settings.
///
/// The child reads its standard input until it ends, which it does when this process ends, however that happens; so no run
/// outlives its sweep.
final class ChildRun: Sendable {
    let name: String
    let steps: Int
    let began = ContinuousClock.now
    private let folder: SweepFolder
    private let process: Mutex<Process>
    private let input = Pipe()
    private let reading = Mutex(Reading())

    private struct Reading {
        var offset = 0
        var steps = 0
        var firstSteps: Int?
        var last: StepRecord?
    }

    /// Starts the run.
    ///
    /// - Parameter ended: Called once, from any thread.
    init(
        _ name: String, steps: Int, in folder: SweepFolder, program: URL, threads: Int,
        ended: @escaping @Sendable () -> Void
    ) throws {
        self.name = name
        self.steps = steps
        self.folder = folder
        let process = Process()
        process.executableURL = program
        process.arguments = [
            "train", "--config", folder.settings(name), "--output", folder.run(name), "--threads", "\(threads)",
            "--resume", "--json", "--untrained-cache", folder.untrained, "--end-with-input",
        ]
        for path in [folder.log(name), folder.result(name)] { try AtomicFile.write(Data(), to: path) }
        process.standardError = try FileHandle(forWritingTo: URL(filePath: folder.log(name)))
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: folder.result(name)))
        process.standardInput = input
        process.terminationHandler = { _ in ended() }
        self.process = Mutex(process)
        _ = progress()  // what an earlier call did is not this one's speed
        do {
            try process.run()
        } catch {
            throw RunError(.unstartable, "cannot start \(program.path): \(systemReason(error))")
        }
    }

    /// Asks the run to end; it may end at any instant and loses the step in flight at most.
    func stop() {
        process.withLock { if $0.isRunning { $0.terminate() } }
        // A child that inherited deafness to that signal still ends with its input.
        try? input.fileHandleForWriting.close()
    }

    /// How the process ended: the exit status, or the signal.
    var ending: (status: Int32, signal: Bool) {
        process.withLock { ($0.terminationStatus, $0.terminationReason == .uncaughtSignal) }
    }

    /// How far the run is, as its file shows.
    func progress() -> SweepProgress {
        reading.withLock { reading in
            let new = folder.steps(of: name).newLines(after: &reading.offset)
            reading.steps += new.count
            reading.last = new.last ?? reading.last
            let first = reading.firstSteps ?? reading.steps
            reading.firstSteps = first
            return SweepProgress(
                name: name, steps: steps, finished: reading.steps, finishedNow: max(0, reading.steps - first),
                seconds: (ContinuousClock.now - began) / .seconds(1), last: reading.last)
        }
    }
}
