internal import Dispatch
package import Foundation
internal import Synchronization

/// Another program that is run to its end.
///
/// It has ended when its process has, also where programs that it started still run. Foundation's `waitUntilExit` and
/// `terminationHandler` wait for these as well on Linux, and so for ever for a server that a script leaves in the background.
///
/// ```swift
/// let program = ChildProgram("/bin/sh", ["-c", "sort"])
/// program.end(after: 60)
/// let result = try program.run(input: Data("b\na\n".utf8))       // result.output: a, b
/// ```
package final class ChildProgram: Sendable {
    /// How a process ended.
    package enum Ending: Sendable, Equatable {
        /// By itself, with a status.
        case exited(Int32)
        /// By a signal.
        case killed(Int32)
    }

    /// What is left of a program that has ended.
    package struct Result: Sendable {
        /// How it ended.
        package let ending: Ending
        /// All of its standard output.
        package let output: Data
        /// The end of what it wrote to standard error, at most 4,096 bytes of it.
        package let lastErrors: String
    }

    private struct State {
        /// The process while it runs: later its number may be another's.
        var number: pid_t?
        var isDue = false
    }

    private let program: String
    private let arguments: [String]
    private let environment: [String: String]?
    private let state = Mutex(State())

    /// Nothing is run yet.
    ///
    /// - Parameter environment: This process's unless given.
    package init(_ program: String, _ arguments: [String], environment: [String: String]? = nil) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
    }

    /// Whether ``end(after:)`` was called and the time is over.
    package var isDue: Bool { state.withLock(\.isDue) }

    /// Runs the program once; returns when it has ended. It reads and writes files, so that nothing has to read while it writes.
    ///
    /// - Parameter isComplete: Asked about the output of a program that has ended. Until it says so, what programs that were
    ///   started by this one write is waited for while any of them runs: a shell ends before `tee` in `command > >(tee log)`.
    ///   (Not on macOS, where nothing tells that they run.)
    /// - Throws: An error of the system when the program cannot be started or files cannot be written.
    package func run(
        input: Data = Data(), isComplete: (_ output: Data) -> Bool = { _ in true }
    ) throws -> Result {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appendingPathComponent("tinylora-\(UUID().uuidString)")
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? files.removeItem(at: folder) }
        let output = folder.appendingPathComponent("output"), errors = folder.appendingPathComponent("errors")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        if let environment { process.environment = environment }
        if input.isEmpty {
            process.standardInput = FileHandle.nullDevice
        } else {
            let file = folder.appendingPathComponent("input")
            try input.write(to: file)
            process.standardInput = try FileHandle(forReadingFrom: file)
        }
        for file in [output, errors] { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        started(process.processIdentifier)
        defer { state.withLock { $0.number = nil } }
        let ending = Self.ending(of: process)
        while true {
            // Foundation takes the process for running until what it started has ended, too. Asked first: what ends after that
            // has written before the output is read.
            let isLast = ending != .exited(0) || !process.isRunning || isDue
            let written = try Data(contentsOf: output)
            if isLast || isComplete(written) {
                return Result(ending: ending, output: written, lastErrors: Self.lastPart(of: errors))
            }
            usleep(10_000)
        }
    }

    /// Kills the process, and those of its group, some seconds from now if it has not ended by then; one that has not begun by
    /// then is killed at its beginning.
    package func end(after seconds: Double) {
        DispatchQueue.global().asyncAfter(deadline: .now() + min(max(0, seconds), 1e9)) { [self] in
            state.withLock { state in
                state.isDue = true
                if let number = state.number { Self.killGroup(of: number) }
            }
        }
    }

    private func started(_ number: pid_t) {
        state.withLock { state in
            state.number = number
            if state.isDue { Self.killGroup(of: number) }
        }
    }

    private static func killGroup(of process: pid_t) {
        kill(getpgid(process) == process ? -process : process, SIGKILL)
    }

    private static func ending(of process: Process) -> Ending {
        #if canImport(Glibc)
            var information = siginfo_t()
            // It stays for Foundation to collect, which may have done that already.
            while waitid(P_PID, id_t(process.processIdentifier), &information, WEXITED | WNOWAIT) != 0 {
                guard errno == EINTR else { return collected(process) }
            }
            let status = information._sifields._sigchld.si_status
            return information.si_code == CLD_EXITED ? .exited(status) : .killed(status)
        #else
            return collected(process)
        #endif
    }

    private static func collected(_ process: Process) -> Ending {
        process.waitUntilExit()
        let status = process.terminationStatus
        return process.terminationReason == .exit ? .exited(status) : .killed(status)
    }

    private static func lastPart(of file: URL) -> String {
        guard let handle = try? FileHandle(forReadingFrom: file), let size = try? handle.seekToEnd(),
            (try? handle.seek(toOffset: size - min(size, 4096))) != nil, let end = try? handle.readToEnd()
        else { return "" }
        return String(decoding: end, as: UTF8.self)
    }
}
