internal import Dispatch
internal import Foundation
internal import TinyFoundation

/// A command of Slurm, such as `squeue`, run to its end.
enum SlurmCommand {
    /// Runs a command that is found in `PATH`.
    ///
    /// - Parameters:
    ///   - limit: Seconds after which it is killed: a controller that is gone keeps commands waiting.
    ///   - grace: Seconds that it still has when the task is cancelled.
    ///   - answers: Whether it always prints something. A site's own script may end before what it started has printed that.
    /// - Returns: What it printed.
    static func run(
        _ name: String, _ arguments: [String], limit: Double = 120, grace: Double = 0, answers: Bool = false
    ) async throws(SlurmFailure) -> String {
        // A user's own filters for squeue would hide jobs, and clusters are named by options.
        let program = ChildProgram(
            "/usr/bin/env", [name] + arguments,
            environment: ProcessInfo.processInfo.environment.filter {
                !$0.key.hasPrefix("SQUEUE_") && !clusterVariables.contains($0.key)
            })
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Not a thread of the tasks, because it waits.
                DispatchQueue.global().async {
                    program.end(after: limit)
                    continuation.resume(returning: Result { try program.run { !answers || !$0.isEmpty } })
                }
            }
        } onCancel: {
            program.end(after: grace)
        }
        let ended: ChildProgram.Result
        do { ended = try result.get() } catch {
            throw SlurmFailure(.unreached, "\(name) cannot be started: \(systemReason(error))", isSubmission: false)
        }
        guard ended.ending == .exited(0) else { throw SlurmFailure(name, ended) }
        return String(decoding: ended.output, as: UTF8.self)
    }

    /// The clusters to which `sbatch` would submit, as its option `--clusters` names them; `nil` for the one of this machine.
    static var clusters: String? {
        let variables = ProcessInfo.processInfo.environment
        return clusterVariables.compactMap { variables[$0] }.first { !$0.isEmpty }
    }

    /// The first one that is set counts: `sbatch` reads them in the other order, and the last one that it reads counts.
    private static let clusterVariables = ["SLURM_CLUSTERS", "SBATCH_CLUSTERS"]
}
