extension Benchmark {
    /// The published sets that this library knows.
    public static let registry = BenchmarkRegistry([
        .gsm8k, .math500, .aime24, .aime25, .amc23, .minerva, .olympiadBench,
    ])

    /// Grade-school word problems, test split. Answers are whole numbers behind `####`, some with thousands commas.
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

    /// Problems of MIT's open courses. Many answers are rounded measurements, so that numbers pass within 1 %.
    ///
    /// Source: Lewkowycz et al., arXiv:2206.14858.
    public static let minerva = Benchmark(
        name: "minerva", location: "minerva_math/test.jsonl",
        fields: ProblemFields(question: ["problem"], answer: ["answer"], id: ["idx"], subject: ["type"]),
        grader: .method(.math), options: relative(0.01), publishedCount: 272)

    /// The English open-ended text-only mathematics of OlympiadBench. A row may have several answers in one string, a unit
    /// that answers may name or leave out, and an error that numbers may be off by.
    ///
    /// Source: He et al., arXiv:2402.14008.
    public static let olympiadBench = Benchmark(
        name: "olympiadbench", location: "olympiadbench/test.jsonl",
        fields: ProblemFields(
            question: ["problem"], answer: ["answer"], id: ["id"], subject: ["subfield"], unit: ["unit"],
            tolerance: ["error"]), grader: .method(.math), publishedCount: 675)

    private static let competitionFields = ProblemFields(question: ["problem"], answer: ["answer"], id: ["id"])

    private static func relative(_ tolerance: Double) -> GradingOptions {
        var options = GradingOptions()
        options.relativeTolerance = tolerance
        return options
    }
}
