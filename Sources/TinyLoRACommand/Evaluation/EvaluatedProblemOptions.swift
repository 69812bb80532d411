import ArgumentParser
import Foundation
import TinyLoRA

/// Which problems, how they are asked and who grades.
struct EvaluatedProblemOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Problem sets by name, separated by commas (default: abacus).", valueName: "names"))
    var on: String?
    @Option(
        help: ArgumentHelp("Directory with the files of published sets (default: data).", valueName: "dir"),
        transform: path)
    var data = "data"
    @Option(help: ArgumentHelp("File that describes more problem sets.", valueName: "file.yaml"), transform: path)
    var benchmarks: String?
    @Option(
        name: [.customLong("problems"), .customLong("eval")],
        help: ArgumentHelp("Your own problem file, JSON Lines.", valueName: "file.jsonl"), transform: path)
    var problems: String?
    @Option(
        help: ArgumentHelp(
            "Keys of the parts in --problems: \(ProblemFields.partNames.joined(separator: ", ")).",
            valueName: "part=key,…"))
    var fields: String?
    @Option(parsing: .unconditional, help: "Use the first N problems of each set (default: all).")
    var limit: Int?
    @Option(
        help: """
            Prompt style: \(PromptStyle.builtInNames); auto chooses gsm8k, boxed or each set's own by trial completions \
            (default: each set's own).
            """)
    var promptStyle: String?
    @OptionGroup var template: TemplateOptions
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Text that ends a completion and is not part of it; may be repeated (default: the style's).",
            valueName: "text"))
    var stop: [String] = []
    @Option(parsing: .unconditional, help: "Worked examples before the question.")
    var shots: Int?
    @Option(
        help: ArgumentHelp("Problem file with solutions, source of the worked examples.", valueName: "file.jsonl"),
        transform: path)
    var shotsFrom: String?
    @Option(help: "Grader: auto, final-answer, math or command:… (default: each set's own).")
    var grader: String?
    @Option(parsing: .unconditional, help: "Time limit of a grader command per batch, in seconds.")
    var graderTimeout = 60.0

    func check() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1, is \(limit)") }
        guard on == nil || problems == nil else { throw ValidationError("give either --on or --problems") }
        guard fields == nil || problems != nil else { throw ValidationError("--fields needs --problems") }
        guard shotsFrom == nil || shots != nil else { throw ValidationError("--shots-from needs --shots") }
        guard graderTimeout > 0, graderTimeout <= 1e6 else {
            throw ValidationError("--grader-timeout must be greater than 0 and at most 1e6, is \(graderTimeout)")
        }
        guard !stop.contains("") else { throw ValidationError("--stop is empty and would end every completion") }
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
        resolved.templateVariables = try template.variables()
        resolved.stopTexts = stop.isEmpty ? nil : stop
        resolved.shots = shots
        resolved.shotsFile = shotsFrom
        resolved.grader = grader
        if let grader { try GraderChoice(grader).checkProgram() }
        resolved.graderTimeout = .seconds(graderTimeout)
        return resolved
    }
}
