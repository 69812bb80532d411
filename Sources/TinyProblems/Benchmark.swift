import Foundation
public import TinyFoundation

/// A problem set with a name: its file, the keys of its rows, its prompt style and grader.
///
/// ```swift
/// let set = try Benchmark.registry.benchmark(named: "math500").load(below: "data")
/// set.problems[0].subject         // "Precalculus"
/// ```
public struct Benchmark: Sendable, Hashable {
    /// Its name on the command line: `gsm8k`.
    public var name: String
    /// Its file below a data directory, or an absolute path.
    public var location: String
    /// Keys of the parts of a problem.
    public var fields: ProblemFields
    /// Name of its usual prompt style.
    public var promptStyle: String
    /// Texts that end a completion, instead of those of the style.
    public var stopTexts: [String]?
    /// How it is graded; `automatic` depends on its answers and the style.
    public var grader: GraderChoice
    /// How ``MathReward`` compares its answers.
    public var options: GradingOptions
    /// Number of rows of the published set; a file with another number gives a note, no error.
    public var publishedCount: Int?

    /// Describes a set.
    public init(
        name: String, location: String, fields: ProblemFields = .automatic, promptStyle: String = "boxed",
        stopTexts: [String]? = nil,
        grader: GraderChoice = .automatic, options: GradingOptions = GradingOptions(), publishedCount: Int? = nil
    ) {
        self.name = name
        self.location = location
        self.fields = fields
        self.promptStyle = promptStyle
        self.stopTexts = stopTexts
        self.grader = grader
        self.options = options
        self.publishedCount = publishedCount
    }

    /// Where the file is.
    public func path(below data: String) -> String {
        location.hasPrefix("/") ? location : "\(data)/\(location)"
    }

    /// Reads the problems.
    ///
    /// - Throws: ``ProblemError`` naming the file, and the line where it is one.
    public func load(below data: String) throws(ProblemError) -> ProblemSet {
        let path = path(below: data)
        guard FileManager.default.fileExists(atPath: path) else {
            throw ProblemError(
                .unreadableFile, "\(path) does not exist",
                hint: published.isEmpty
                    ? "it is the file of the problem set \(name)"
                    : "`tinylora download \(name)\(data == "data" ? "" : " --data \(data)")` fetches it")
        }
        var set = try ProblemSet(contentsOf: path, fields: fields)
        set.name = name
        return set
    }

    /// A note when a file has another number of problems than the published set; `nil` for the whole set.
    public func note(on set: ProblemSet) -> String? {
        guard let publishedCount, publishedCount != set.problems.count else { return nil }
        return "\(name) has \(set.problems.count) problems here, the published set \(publishedCount)"
    }

    /// The reward for these problems when prompts ask for this answer format.
    public func reward(
        for problems: [Problem], answerFormat: GradingOptions.AnswerFormat, grader: GraderChoice? = nil,
        limit: Duration = CommandReward.standardLimit
    ) -> any Reward {
        (grader ?? self.grader).reward(for: problems, answerFormat: answerFormat, options: options, limit: limit)
    }
}

/// Problem sets by name.
public struct BenchmarkRegistry: Sendable, Hashable {
    /// The sets, in the order in which they were added.
    public private(set) var benchmarks: [Benchmark]

    /// Makes a registry; of two sets with the same name the later one counts.
    public init(_ benchmarks: [Benchmark] = []) {
        self.benchmarks = []
        for benchmark in benchmarks { add(benchmark) }
    }

    /// Adds a set; it replaces one with the same name.
    public mutating func add(_ benchmark: Benchmark) {
        benchmarks.removeAll { $0.name == benchmark.name }
        benchmarks.append(benchmark)
    }

    /// The names, in order.
    public var names: [String] { benchmarks.map(\.name) }

    /// The set of this name.
    ///
    /// - Throws: ``ProblemError`` with code `unknownBenchmark` and the nearest name.
    public func benchmark(named name: String) throws(ProblemError) -> Benchmark {
        guard let benchmark = benchmarks.first(where: { $0.name == name }) else {
            throw ProblemError(
                .unknownBenchmark,
                "there is no problem set \"\(name)\"; the sets are: \(names.joined(separator: ", "))",
                hint: nearestName(to: name, in: names).map { "did you mean \"\($0)\"?" })
        }
        return benchmark
    }
}

extension Benchmark {
    /// The published sets that this library knows.
    public static let registry = BenchmarkRegistry([
        .gsm8k, .math500, .aime24, .aime25, .amc23, .minerva, .olympiadBench,
    ])

    /// Grade-school word problems, test split. Answers are whole numbers after `####`, some with thousands commas.
    ///
    /// Source: Cobbe et al., arXiv:2110.14168.
    public static let gsm8k = Benchmark(
        name: "gsm8k", location: "gsm8k/test.jsonl", fields: ProblemFields(question: ["question"], answer: ["answer"]),
        promptStyle: "gsm8k", publishedCount: 1319)

    /// 500 problems of the MATH test set with seven subjects and five levels. Answers are LaTeX as their authors wrote it.
    ///
    /// Source: Hendrycks et al., arXiv:2103.03874; the selection is that of Lightman et al., arXiv:2305.20050.
    public static let math500 = Benchmark(
        name: "math500", location: "math500/test.jsonl",
        fields: ProblemFields(question: ["problem"], answer: ["answer"], id: ["unique_id"]), publishedCount: 500)

    /// AIME 2024, both papers. Answers are whole numbers from 0 to 999, some written with leading zeros (`025`), which
    /// change nothing: numbers are compared by value.
    public static let aime24 = Benchmark(
        name: "aime24", location: "aime24/test.jsonl", fields: competitionFields, publishedCount: 30)

    /// AIME 2025, both papers.
    public static let aime25 = Benchmark(
        name: "aime25", location: "aime25/test.jsonl", fields: competitionFields, publishedCount: 30)

    /// AMC 12 of 2023, the problems whose answer is a whole number. No worked solutions.
    public static let amc23 = Benchmark(
        name: "amc23", location: "amc23/test.jsonl", fields: competitionFields, publishedCount: 40)

    /// Problems of MIT's open courses. Many answers are rounded measurements, so numbers within 1 % are right.
    ///
    /// Source: Lewkowycz et al., arXiv:2206.14858.
    public static let minerva = Benchmark(
        name: "minerva", location: "minerva_math/test.jsonl",
        fields: ProblemFields(question: ["problem"], answer: ["answer"], id: ["idx"], subject: ["type"]),
        grader: .method(.math), options: relative(0.01), publishedCount: 272)

    /// The English open-ended text-only mathematics problems of OlympiadBench. A row may have several answers in one string, a unit
    /// that answers may contain or not, and a tolerance.
    ///
    /// Source: He et al., arXiv:2402.14008.
    public static let olympiadBench = Benchmark(
        name: "olympiadbench", location: "olympiadbench/test.jsonl",
        fields: ProblemFields(
            question: ["problem", "question"], answer: ["answer", "final_answer"], id: ["id"], subject: ["subfield"],
            unit: ["unit"], tolerance: ["error"]), grader: .method(.math), publishedCount: 675)

    private static let competitionFields = ProblemFields(
        question: ["problem"], answer: ["answer", "expected_answer"], solution: ["solution", "reference_solution"],
        id: ["id"])

    private static func relative(_ tolerance: Double) -> GradingOptions {
        var options = GradingOptions()
        options.relativeTolerance = tolerance
        return options
    }
}
