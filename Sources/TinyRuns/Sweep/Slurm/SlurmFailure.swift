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

    /// What the end of a command means.
    init(_ name: String, status: Int32, ending: Process.TerminationReason, _ errors: String) {
        let lines = errors.split(whereSeparator: \.isNewline).map(String.init)
        let said = lines.joined(separator: "; ")
        // Sentences of Slurm's about a controller that is down, restarting or overloaded.
        let passing = [
            "timed out", "communication", "temporarily", "try again", "zero bytes", "not responding",
        ]
        if ending == .exit, status == 127 {
            self.init(.absent, "this machine has no command \(name)")
        } else if ending == .uncaughtSignal {
            self.init(.unanswered, "\(name) was ended by \(signalName(status))")
        } else if ["unable to contact", "connect failure", "connection refused"].contains(
            where: said.lowercased().contains)
        {
            self.init(.unreached, "\(name) says: \(said)")
        } else if passing.contains(where: said.lowercased().contains) {
            self.init(.unanswered, "\(name) says: \(said)")
        } else {
            self.init(.refused, said.isEmpty ? "\(name) ended with status \(status)" : "\(name) says: \(said)")
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
