import Foundation
import TinyLoRA

/// An evaluation with everything resolved: what is asked, how, and who grades.
struct EvaluationPlan {
    /// One problem set of it.
    struct Part {
        let set: ProblemSet
        let prompter: Prompter
        let reward: any Reward
        let grader: String
        /// What a reader should know about the set's file.
        let note: String?
    }

    let parts: [Part]
    let manifest: EvaluationManifest

    init(
        sets: [(benchmark: Benchmark, set: ProblemSet)], options: EvaluatedProblemOptions, loaded: LoadedModel,
        adapter: (path: String, file: AdapterFile?)?, sampling: SamplingParameters, samplesPerProblem: Int,
        seed: UInt64
    ) throws {
        let asked = try options.grader.map { text throws(ProblemError) in try GraderChoice(text) }
        parts = try sets.map { benchmark, set in
            let prompter = try loaded.prompter(
                style: try options.style(of: benchmark, isAbacus: loaded.isAbacus))
            let format = prompter.style.answerFormat, grader = asked ?? benchmark.grader
            return Part(
                set: set, prompter: prompter,
                reward: benchmark.reward(
                    for: set.problems, answerFormat: format, grader: grader, limit: .seconds(options.graderTimeout)),
                grader: try Self.name(of: grader, for: set, format: format, options: benchmark.options),
                note: options.limit == nil ? benchmark.note(on: set) : nil)
        }
        let template = try loaded.chatTemplate()
        manifest = EvaluationManifest(
            version: TinyLoRAVersion.current, model: Fingerprint(name: loaded.name, content: loaded.fingerprint),
            adapter: try adapter.map { adapter in
                Fingerprint(
                    name: URL(filePath: adapter.path).lastPathComponent,
                    content: SHA256.hash(try Data(contentsOf: URL(filePath: adapter.path))).hexadecimal)
            },
            template: template.map { SHA256.hash(Array($0.text.utf8)).hexadecimal },
            sets: try parts.map(Self.entry), sampling: sampling, samplesPerProblem: samplesPerProblem, seed: seed)
    }

    private static func entry(of part: Part) throws -> EvaluationManifest.ProblemSetEntry {
        var content = SHA256(), prompts = SHA256()
        for problem in part.set.problems {
            content.update(Array("\(problem.id)\u{0}\(problem.question)\u{0}\(problem.answer)\u{0}".utf8))
            prompts.update(Array("\(try part.prompter.prompt(for: problem).text)\u{0}".utf8))
        }
        return EvaluationManifest.ProblemSetEntry(
            name: part.set.name, problems: part.set.problems.count, content: content.finish().hexadecimal,
            promptStyle: part.prompter.style.name, prompts: prompts.finish().hexadecimal, grader: part.grader)
    }

    /// The grader with what it goes by, such as `math {"answer_format":"boxed","relative_tolerance":0.01}`.
    private static func name(
        of grader: GraderChoice, for set: ProblemSet, format: GradingOptions.AnswerFormat, options: GradingOptions
    ) throws -> String {
        let name = grader.resolvedName(for: set.problems, answerFormat: format)
        guard name == GradingMethod.math.rawValue else { return name }
        var options = options
        if options.answerFormat == .any { options.answerFormat = format }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return "\(name) \(String(decoding: try encoder.encode(options), as: UTF8.self))"
    }
}
