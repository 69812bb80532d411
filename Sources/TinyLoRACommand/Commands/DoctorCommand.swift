import ArgumentParser
import Foundation
import TinyFoundation
import TinyLoRA

/// Says what is wrong with this machine or a model, and what to do.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Shows what this machine offers, and everything that is wrong with a model's files.",
        discussion: """
            With --model, every weight is read: missing tensors, tensors that the model would not use, wrong shapes, numbers \
            that are not finite and tensors of zeros are named, tokenizer, stop tokens and chat template are tried. Memory \
            does not grow with the model. Every line begins with ok, warning or problem; the exit code is 1 when there is a \
            problem.

            EXAMPLES
              tinylora doctor
              tinylora doctor --model Qwen/Qwen2.5-0.5B-Instruct
              tinylora doctor --model Qwen2.5-0.5B-Instruct-Q4_K_M.gguf --json
            """)

    @Option(
        help: ArgumentHelp(
            "Directory of a model in Hugging Face layout, GGUF file, or name of a downloaded model, to examine.",
            valueName: "path"),
        transform: modelPath)
    var model: String?
    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let console = Console(json: json), machine = Machine()
        var findings = machine.findings
        for finding in findings { show(finding, console) }
        if let model {
            let examination = ModelExamination(of: model) { done, total in
                console.progress("examining  \(done)/\(total) tensors")
            }
            let ofModel = examination.findings + [memory(for: examination, on: machine)].compactMap(\.self)
            for finding in ofModel { show(finding, console) }
            findings += ofModel
        }
        let problems = findings.count { $0.outcome == .problem }, warnings = findings.count { $0.outcome == .warning }
        console.say("\(counted(problems, "problem")), \(counted(warnings, "warning"))")
        try console.result(
            DoctorResult(machine: machine, model: model, findings: findings, problems: problems, warnings: warnings))
        if problems > 0 { throw ExitCode.failure }
    }

    private func show(_ finding: Finding, _ console: Console) {
        console.say("\(left(finding.outcome.rawValue, 8)) \(left(finding.subject, 14)) \(finding.message)")
        if let advice = finding.advice { console.say(left("", 24) + "→ " + advice) }
    }

    /// Whether the packed weights, with two bytes each at least, have room.
    private func memory(for examination: ModelExamination, on machine: Machine) -> Finding? {
        guard let count = examination.parameterCount else { return nil }
        let text = "the weights take \(bytes(2 * count)) in bfloat16, \(bytes(4 * count)) in float32"
        guard 2 * count > machine.usableMemory else { return Finding(.ok, "memory", text) }
        return Finding(
            .warning, "memory", "\(text), more than the \(bytes(machine.usableMemory)) of this machine",
            advice: "use a smaller model or a machine with more memory")
    }
}

private struct DoctorResult: Encodable {
    let machine: Machine
    let model: String?
    let findings: [Finding]
    let problems: Int
    let warnings: Int
}
