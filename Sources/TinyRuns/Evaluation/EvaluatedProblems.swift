internal import Foundation
internal import TinyAbacus
internal import TinyFoundation
public import TinyProblems
public import TinyRecords

/// Which problems are evaluated, how they are asked and who grades.
public struct EvaluatedProblems: Sendable {
    /// Problem sets by name; Abacus's own unless given or ``file``.
    public var names: [String]?
    /// Directory of the published sets' files.
    public var data = "data"
    /// File that describes more problem sets by name.
    public var benchmarkFile: String?
    /// The user's problem file, JSON Lines.
    public var file: String?
    /// Keys of the parts in ``file``.
    public var fields = ProblemFields.automatic
    /// Problems of each set, from its start; `nil` for all.
    public var limit: Int?
    /// Prompt style; each set's own unless given, and for ``file`` that of `ModelText.naturalStyle(for:)`. ``automaticStyle`` is
    /// chosen by ``choosingStyles(for:_:adapter:sampling:seed:progress:)``.
    public var promptStyle: String?
    /// Variables of the model's chat template.
    public var templateVariables: TemplateVariables?
    /// Texts that end a completion, instead of those of the style.
    public var stopTexts: [String]?
    /// How the styles did that `auto` chooses from, by problem set.
    public internal(set) var styleTrials: [String: [StyleTrial]] = [:]
    /// Worked examples before the question.
    public var shots: Int?
    /// Problem file with solutions to take the examples from.
    public var shotsFile: String?
    /// Grader; each set's own unless given.
    public var grader: String?
    /// Time that a command may take to grade a batch.
    public var graderTimeout = Duration.seconds(60)

    /// Abacus's own problems.
    public init() {}

    /// A problem set with what is known about it.
    public typealias Set = (benchmark: Benchmark, set: ProblemSet)

    /// Name of the set of the model in the box.
    private static let abacus = "abacus"

    /// Reads the sets.
    ///
    /// - Parameter isAbacus: Whether the model is the one in the box.
    /// - Throws: ``RunError`` for names that cannot be used, `ProblemError` for files.
    public func sets(isAbacus: Bool) throws -> [Set] {
        if let file {
            if let count = Int(file), !FileManager.default.fileExists(atPath: file) {
                throw RunError(
                    .invalidValue, "--problems \(count) is not a file (--limit \(count) evaluates so many problems)")
            }
            let set = try ProblemSet(contentsOf: file, fields: fields)
            let style = PromptStyle.natural(isAbacus: isAbacus, grader: try grader.map(GraderChoice.init) ?? .automatic)
            let benchmark = Benchmark(name: set.name, location: file, fields: fields, promptStyle: style.name)
            return [(benchmark, set.prefix(limit))]
        }
        guard names != nil || isAbacus else {
            throw RunError(.missingKey, "--on or --problems is missing: your own model needs problems")
        }
        var registry = Benchmark.registry
        registry.add(Benchmark(name: Self.abacus, location: "", promptStyle: "abacus"))
        if let benchmarkFile { try registry.add(contentsOf: absolutePath(benchmarkFile)) }
        let names = names ?? [Self.abacus]
        guard !names.isEmpty else { throw RunError(.missingKey, "--on names no problem set") }
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw RunError(.duplicateKey, "--on names \(twice) twice")
        }
        return try names.map { try registry.benchmark(named: $0) }.map { benchmark in
            if benchmark.name == Self.abacus, benchmark.location.isEmpty {
                let problems = AbacusProblems.test(limit ?? RunProblems.abacusTestCount)
                return (benchmark, ProblemSet(name: "abacus/test", problems: problems))
            }
            return (benchmark, try benchmark.load(below: data).prefix(limit))
        }
    }

    /// The prompt style of a set.
    func style(of benchmark: Benchmark, isAbacus: Bool) throws -> PromptStyle {
        var name = promptStyle ?? ownStyle(of: benchmark, isAbacus: isAbacus)
        if name == Self.automaticStyle, let trials = styleTrials[benchmark.name] {
            name = StyleTrial.chosen(from: trials) ?? ownStyle(of: benchmark, isAbacus: isAbacus)
        }
        return try style(named: name, of: benchmark)
    }

    /// The name of a set's own style.
    func ownStyle(of benchmark: Benchmark, isAbacus: Bool) -> String { isAbacus ? "abacus" : benchmark.promptStyle }

    /// A style with the examples and stop texts that were asked for.
    func style(named name: String, of benchmark: Benchmark) throws -> PromptStyle {
        var style = try PromptStyle(named: name)
        style.stopTexts = stopTexts ?? benchmark.stopTexts
        guard let shots else { return style }
        guard let shotsFile, shots > 0 else { return try style.withShots(shots) }
        return try style.withShots(shots, from: ProblemSet(contentsOf: shotsFile))
    }
}
