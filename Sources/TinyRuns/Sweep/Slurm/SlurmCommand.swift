internal import Dispatch
internal import Foundation
internal import TinyFoundation

/// A command of Slurm, such as `squeue`, run to its end.
enum SlurmCommand {
    /// Runs a command that is found in `PATH`.
    ///
    /// - Parameter limit: Seconds after which it is killed: a controller that is gone keeps commands waiting.
    /// - Returns: What it printed.
    static func run(_ name: String, _ arguments: [String], limit: Double = 120) async throws(SlurmFailure) -> String {
        let result = await withCheckedContinuation { continuation in
            // Not a thread of the tasks, because it waits.
            DispatchQueue.global().async { continuation.resume(returning: finished(name, arguments, limit: limit)) }
        }
        return try result.get()
    }

    private static func finished(_ name: String, _ arguments: [String], limit: Double) -> Result<String, SlurmFailure> {
        let process = Process(), output = Pipe()
        let errors = FileManager.default.temporaryDirectory.appendingPathComponent("tinylora-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: errors) }
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [name] + arguments
        // A user's own filters for squeue would hide jobs.
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SQUEUE_") }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        do {
            try Data().write(to: errors)
            process.standardError = try FileHandle(forWritingTo: errors)
            try process.run()
        } catch {
            return .failure(SlurmFailure(.refused, "\(name) cannot be started: \(systemReason(error))"))
        }
        let identifier = process.processIdentifier
        let watch = DispatchWorkItem { kill(identifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + limit, execute: watch)
        let printed = (try? output.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        watch.cancel()
        if process.terminationReason == .exit, process.terminationStatus == 0 {
            return .success(String(decoding: printed, as: UTF8.self))
        }
        let said = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
        return .failure(SlurmFailure(name, status: process.terminationStatus, ending: process.terminationReason, said))
    }
}
