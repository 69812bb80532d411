import Foundation
import TinyLoRA
import TinyFoundation

/// The same work in a process of its own, which computes with another instruction set: a process has only one.
struct VerifyProcess {
    let program: URL
    let model: VerifiedModel
    let arithmetic: Arithmetic
    let threads: Int
    let sizes: VerifiedSizes

    /// What the process found.
    ///
    /// - Throws: ``UsageError`` with the reason when it gives no result.
    func findings(on set: InstructionSet) throws -> Findings {
        let record = try record(on: set)
        var findings = record.values[arithmetic.rawValue] ?? Findings()
        findings.difference = record.divisions.first { $0.outcome == .different }.map {
            "\($0.name) on these kernels: \($0.note ?? "")"
        }
        return findings
    }

    private func record(on set: InstructionSet) throws -> VerifyRecord {
        let process = Process()
        process.executableURL = program
        process.arguments =
            ["verify"] + model.arguments + [
                "--arithmetic", arithmetic.rawValue, "--threads", "\(threads)",
                "--prompt-tokens", "\(sizes.promptTokens)", "--new-tokens", "\(sizes.newTokens)",
                "--first-prompts", "\(sizes.prompts)", "--end-with-input", "--json",
            ]
        process.environment = ProcessInfo.processInfo.environment.merging([InstructionSet.variable: set.rawValue]) {
            $1
        }
        let input = Pipe(), output = Pipe(), errors = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        do {
            try process.run()
        } catch {
            throw UsageError("cannot start \(program.path): \(systemReason(error))")
        }
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        let complaint = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        do {
            return try JSONDecoder().decode(VerifyRecord.self, from: text, named: "the result")
        } catch {
            let line = String(decoding: complaint, as: UTF8.self).split(separator: "\n").last.map(String.init)
            throw UsageError(
                "the process with \(set.rawValue) kernels gave no result: "
                    + (line ?? "it ended with status \(process.terminationStatus)"))
        }
    }
}
