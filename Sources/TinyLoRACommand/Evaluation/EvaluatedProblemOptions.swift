import ArgumentParser
import Foundation
import TinyLoRA

/// Which problems, how they are asked and who grades.
struct EvaluatedProblemOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Problem sets by name, with commas; abacus unless given or --problems.", valueName: "names"))
    var on: String?
    @Option(help: ArgumentHelp("Directory of the published sets' files.", valueName: "dir"))
    var data = "data"
    @Option(help: ArgumentHelp("File that describes more problem sets by name.", valueName: "file.yaml"))
    var benchmarks: String?
    @Option(
        name: [.customLong("problems"), .customLong("eval")],
        help: ArgumentHelp("Problem file of your own, JSON lines.", valueName: "file.jsonl"))
    var problems: String?
    @Option(
        help: ArgumentHelp(
            "Keys of the parts in --problems: \(ProblemFields.partNames.joined(separator: ", ")).",
            valueName: "part=key,…"))
    var fields: String?
    @Option(help: "Problems of each set, from its start; all unless given.")
    var limit: Int?
    @Option(help: "Prompt style: \(PromptStyle.builtInNames); each set's own unless given.")
    var promptStyle: String?
    @Option(help: "Worked examples before the question.")
    var shots: Int?
    @Option(help: ArgumentHelp("Problem file with solutions to take the examples from.", valueName: "file.jsonl"))
    var shotsFrom: String?
    @Option(help: "Grader: auto, final-answer, math or command:…; each set's own unless given.")
    var grader: String?
    @Option(help: "Seconds that a command may take to grade a batch.")
    var graderTimeout = 60.0

    func check() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1, is \(limit)") }
        guard on == nil || problems == nil else { throw ValidationError("give either --on or --problems") }
        guard fields == nil || problems != nil else { throw ValidationError("--fields needs --problems") }
        guard shotsFrom == nil || shots != nil else { throw ValidationError("--shots-from needs --shots") }
        guard graderTimeout > 0, graderTimeout <= 1e6 else {
            throw ValidationError("--grader-timeout must be greater than 0 and at most 1e6, is \(graderTimeout)")
        }
        if let shots, shots < 0 { throw ValidationError("--shots must be at least 0, is \(shots)") }
    }

    /// The options as the library takes them.
    func resolved() throws -> EvaluatedProblems {
        var resolved = EvaluatedProblems()
        resolved.names = on?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        resolved.data = data
        resolved.benchmarkFile = benchmarks
        resolved.file = problems
        if let fields { try resolved.fields.map(fields) }
        resolved.limit = limit
        resolved.promptStyle = promptStyle
        resolved.shots = shots
        resolved.shotsFile = shotsFrom
        resolved.grader = grader
        resolved.graderTimeout = .seconds(graderTimeout)
        return resolved
    }
}
