internal import Dispatch
internal import Foundation
internal import Synchronization
internal import TinyFoundation

/// A command of Slurm, such as `squeue`, run to its end.
enum SlurmCommand {
    /// Runs a command that is found in `PATH`.
    ///
    /// - Parameters:
    ///   - limit: Seconds after which it is killed: a controller that is gone keeps commands waiting.
    ///   - grace: Seconds that it still has when the task is cancelled.
    /// - Returns: What it printed.
    static func run(
        _ name: String, _ arguments: [String], limit: Double = 120, grace: Double = 0
    ) async throws(SlurmFailure) -> String {
        let child = CommandProcess()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Not a thread of the tasks, because it waits.
                DispatchQueue.global().async {
                    continuation.resume(returning: finished(name, arguments, limit: limit, child))
                }
            }
        } onCancel: {
            child.end(after: grace)
        }
        return try result.get()
    }

    /// The clusters to which `sbatch` would submit, as its option `--clusters` names them; `nil` for the one of this machine.
    static var clusters: String? {
        let variables = ProcessInfo.processInfo.environment
        return clusterVariables.compactMap { variables[$0] }.first { !$0.isEmpty }
    }

    /// The first one that is set counts, as for `sbatch`.
    private static let clusterVariables = ["SBATCH_CLUSTERS", "SLURM_CLUSTERS"]

    private static func finished(
        _ name: String, _ arguments: [String], limit: Double, _ child: CommandProcess
    ) -> Result<String, SlurmFailure> {
        let process = Process(), output = Pipe()
        let errors = FileManager.default.temporaryDirectory.appendingPathComponent("tinylora-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: errors) }
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [name] + arguments
        // A user's own filters for squeue would hide jobs, and clusters are named by options.
        process.environment = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("SQUEUE_") && !clusterVariables.contains($0.key)
        }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        do {
            try Data().write(to: errors)
            process.standardError = try FileHandle(forWritingTo: errors)
            try process.run()
        } catch {
            return .failure(SlurmFailure(.refused, "\(name) cannot be started: \(systemReason(error))"))
        }
        child.started(process.processIdentifier)
        child.end(after: limit)
        let printed = (try? output.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        child.ended()
        if process.terminationReason == .exit, process.terminationStatus == 0 {
            return .success(String(decoding: printed, as: UTF8.self))
        }
        let said = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
        return .failure(SlurmFailure(name, status: process.terminationStatus, ending: process.terminationReason, said))
    }
}

/// The process of a command, which may be killed while it runs, and only then: later its number may be another's.
private final class CommandProcess: Sendable {
    private struct State {
        var number: pid_t?
        /// It was to be killed before it began.
        var isDue = false
    }

    private let state = Mutex(State())

    func started(_ number: pid_t) {
        let isDue = state.withLock { state in
            state.number = number
            return state.isDue
        }
        if isDue { end() }
    }

    func ended() { state.withLock { $0.number = nil } }

    /// Kills it after some seconds.
    func end(after seconds: Double) { DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { self.end() } }

    private func end() {
        state.withLock { state in
            state.isDue = true
            guard let number = state.number else { return }
            // A site's own sbatch may be a script: what it has started ends too.
            kill(getpgid(number) == number ? -number : number, SIGKILL)
        }
    }
}
