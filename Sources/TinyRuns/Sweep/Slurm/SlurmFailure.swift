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
    /// What may be done about it.
    let hint: String

    /// Whether asking again later may help.
    var isPassing: Bool { kind == .unreached || kind == .unanswered }

    init(_ kind: Kind, _ message: String, isSubmission: Bool) {
        self.kind = kind
        self.message = message
        hint =
            switch kind {
            case .absent: "--on slurm belongs on a machine from which jobs can be submitted"
            case .unreached, .unanswered:
                "jobs keep running; when Slurm answers, the same command follows them. Their clusters are in the sweep's slurm/*.json"
            case .refused where isSubmission:
                "--sbatch key=value passes what the cluster asks for, such as a partition"
            case .refused: "jobs keep running; when squeue works again, the same command follows them"
            }
    }

    /// What the end of a command means that did not succeed.
    init(_ name: String, _ result: ChildProgram.Result) {
        let said = result.lastErrors.split(whereSeparator: \.isNewline).joined(separator: "; ")
        // Sentences of Slurm's about a controller, another cluster, or the database that knows where it is, that cannot be reached;
        // and about a controller that is restarting or overloaded.
        let unreached = [
            "unable to contact", "connect failure", "connection refused", "be reached now", "talking to the database",
        ]
        let unanswered = ["timed out", "communication", "temporarily", "try again", "zero bytes", "not responding"]
        let kind: Kind, message: String
        switch result.ending {
        case .killed(let signal):
            kind = .unanswered
            message = "\(name) was ended by \(signalName(signal))"
        case .exited(127):
            kind = .absent
            message = "this machine has no command \(name)"
        case .exited(let status):
            let words = said.lowercased()
            kind =
                unreached.contains(where: words.contains)
                ? .unreached : unanswered.contains(where: words.contains) ? .unanswered : .refused
            message = said.isEmpty ? "\(name) ended with status \(status)" : "\(name) says: \(said)"
        }
        self.init(kind, message, isSubmission: name == "sbatch")
    }

    /// The failure as the reason why a sweep ends.
    var ended: RunError { RunError(.unstartable, message, hint: hint) }
}
