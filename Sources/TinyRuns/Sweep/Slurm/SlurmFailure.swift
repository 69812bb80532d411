internal import Foundation
internal import TinyFoundation

/// Why a command of Slurm failed.
struct SlurmFailure: Error {
    enum Kind {
        /// The machine has no such command.
        case absent
        /// The controller cannot be reached for now, so it has not acted on the command.
        case unreached
        /// The controller does not answer for now; whether it has acted on the command is not known.
        case unanswered
        /// Slurm says no.
        case refused
    }

    let kind: Kind
    let message: String

    /// Whether asking again later may help.
    var isPassing: Bool { kind == .unreached || kind == .unanswered }

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// What the end of a command means that did not succeed.
    init(_ name: String, _ result: ChildProgram.Result) {
        let said = result.lastErrors.split(whereSeparator: \.isNewline).joined(separator: "; ")
        // Sentences of Slurm's about a controller that is down, restarting or overloaded.
        let passing = [
            "timed out", "communication", "temporarily", "try again", "zero bytes", "not responding",
        ]
        switch result.ending {
        case .killed(let signal): self.init(.unanswered, "\(name) was ended by \(signalName(signal))")
        case .exited(127): self.init(.absent, "this machine has no command \(name)")
        case .exited(let status):
            let message = said.isEmpty ? "\(name) ended with status \(status)" : "\(name) says: \(said)"
            let words = said.lowercased()
            if ["unable to contact", "connect failure", "connection refused"].contains(where: words.contains) {
                self.init(.unreached, message)
            } else {
                self.init(passing.contains(where: words.contains) ? .unanswered : .refused, message)
            }
        }
    }

    /// The failure as the reason why a sweep ends.
    var ended: RunError {
        switch kind {
        case .absent:
            RunError(.unstartable, message, hint: "--on slurm belongs on a machine from which jobs can be submitted")
        case .unreached, .unanswered:
            RunError(.unstartable, message, hint: "jobs go on; the same command follows them when Slurm answers")
        case .refused:
            RunError(
                .unstartable, message, hint: "--sbatch key=value passes what the cluster asks for, such as a partition")
        }
    }
}
