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

    /// The sets, read, each with what is known about it.
    func sets(isAbacus: Bool) throws -> [(benchmark: Benchmark, set: ProblemSet)] {
        if let problems {
            if let count = Int(problems), !FileManager.default.fileExists(atPath: problems) {
                throw UsageError("--problems \(count) is not a file (--limit \(count) evaluates so many problems)")
            }
            var mapping = ProblemFields.automatic
            if let fields { try mapping.map(fields) }
            let set = try ProblemSet(contentsOf: problems, fields: mapping)
            let benchmark = Benchmark(
                name: set.name, location: problems, fields: mapping, promptStyle: isAbacus ? "abacus" : "gsm8k")
            return [(benchmark, limited(set))]
        }
        guard on != nil || isAbacus else {
            throw UsageError("--on or --problems is missing: a model of your own needs problems")
        }
        var registry = Benchmark.registry
        registry.add(Benchmark(name: Self.abacus, location: "", promptStyle: "abacus"))
        if let benchmarks { try registry.add(contentsOf: absolutePath(benchmarks)) }
        let names = (on ?? Self.abacus).split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        guard !names.isEmpty else { throw UsageError("--on names no problem set") }
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw UsageError("--on names \(twice) twice")
        }
        let found = try names.map { try registry.benchmark(named: $0) }
        return try found.map { benchmark in
            if benchmark.name == Self.abacus, benchmark.location.isEmpty {
                return (benchmark, ProblemSet(name: "abacus/test", problems: AbacusProblems.test(limit ?? 400)))
            }
            return (benchmark, limited(try benchmark.load(below: data)))
        }
    }

    /// The style of a set.
    func style(of benchmark: Benchmark, isAbacus: Bool) throws -> PromptStyle {
        let style = try PromptStyle(named: promptStyle ?? (isAbacus ? "abacus" : benchmark.promptStyle))
        guard let shots else { return style }
        guard let shotsFrom, shots > 0 else { return try style.withShots(shots) }
        return try style.withShots(shots, from: ProblemSet(contentsOf: shotsFrom))
    }

    private static let abacus = "abacus"

    private func limited(_ set: ProblemSet) -> ProblemSet {
        guard let limit else { return set }
        return ProblemSet(name: set.name, problems: Array(set.problems.prefix(limit)), path: set.path)
    }
}
