import TinyRecords

/// A model and the test problems it was evaluated on. Only results of the same model on the same problems are compared.
///
/// Two are the same by their contents: folders and files of one content may have several names, of which the first is shown.
struct Benchmark: Hashable, Sendable {
    let model: String
    let modelContent: String
    let problemSet: String
    let problems: Int
    /// Hash of the problem file; empty when the manifest has none.
    let content: String

    /// What stands for the problem set: its content, or its name where that is not known.
    var problemIdentity: String { content.isEmpty ? problemSet : content }

    private var identity: [String] {
        [modelContent.isEmpty ? model : modelContent, problemIdentity, "\(problems)"]
    }

    static func == (a: Benchmark, b: Benchmark) -> Bool { a.identity == b.identity }

    func hash(into hasher: inout Hasher) { hasher.combine(identity) }

    /// Each one for which a run has an evaluation after its last step.
    static func all(of run: RecordedRun) -> [Benchmark] {
        let last = run.steps.last?.step ?? 0
        var found: [Benchmark] = []
        for evaluation in run.evaluations where !evaluation.isValidation && evaluation.step == last {
            let benchmark = Benchmark(
                model: run.manifest.model.name, modelContent: run.manifest.model.content,
                problemSet: evaluation.problemSet, problems: evaluation.problems,
                content: run.manifest.datasets["eval"]?.content ?? "")
            if !found.contains(benchmark) { found.append(benchmark) }
        }
        return found
    }

    /// Whether a run has the same model and problem file.
    private func holds(_ run: RecordedRun) -> Bool {
        run.manifest.model.content == modelContent && run.manifest.datasets["eval"]?.content ?? "" == content
    }

    /// A run's evaluations here, in order.
    func evaluations(of run: RecordedRun) -> [Located<EvaluationLine>] {
        holds(run) ? run.tests(on: problemSet).filter { $0.value.problems == problems } : []
    }

    /// The evaluation after the last step.
    func final(of run: RecordedRun) -> Located<EvaluationLine>? {
        evaluations(of: run).last { $0.value.step > 0 && $0.value.step == run.steps.last?.step }
    }

    /// The evaluation before the first step; `nil` for a run that started from a trained adapter.
    func untrained(_ run: RecordedRun) -> Located<EvaluationLine>? {
        run.startsUntrained ? evaluations(of: run).first { $0.value.step == 0 } : nil
    }
}

/// The result of the untrained model (adapter 0). Usually all runs agree on it; runs that were evaluated in another way,
/// such as with another prompt, have a baseline of their own.
public struct Baseline: Sendable, Encodable {
    /// Accuracy by strict grading.
    public let accuracy: Estimate
    /// Accuracy by lenient grading.
    public let lenient: Double?
    /// Share of completions with an answer in the requested format.
    public let wellFormed: Double?
    /// Mean tokens of a completion.
    public let completionLength: Double?
    /// Runs that measured it.
    public let sources: [Source]

    let verdicts: [Bool]?
    let strict: Double

    private enum CodingKeys: String, CodingKey {
        case accuracy, lenient, sources
        case wellFormed = "well_formed"
        case completionLength = "mean_completion_length"
    }

    /// The different baselines of some runs, the one with the most runs first.
    static func all(of runs: [RecordedRun], on benchmark: Benchmark) -> [Baseline] {
        struct Key: Hashable {
            let strict: Double
            let outcomes: String?
        }
        return runs.compactMap { run in benchmark.untrained(run).map { (run: run, line: $0) } }
            .inGroups { Key(strict: $0.line.value.strict, outcomes: $0.line.value.outcomes) }
            .map(\.members).sorted { $0.count > $1.count }.map { Baseline($0, on: benchmark) }
    }

    private init(_ members: [(run: RecordedRun, line: Located<EvaluationLine>)], on benchmark: Benchmark) {
        let line = members[0].line.value
        accuracy = Estimate(shares: [line.strict], problems: benchmark.problems)
        lenient = line.lenient
        wellFormed = line.wellFormed.map { Double($0) / Double(benchmark.problems) }
        completionLength = line.meanCompletionLength
        sources = members.map { Source(run: $0.run.name, line: $0.line.line) }
        verdicts = line.verdicts
        strict = line.strict
    }
}

extension Fingerprint {
    /// The name and the first twelve digits of the hash, without the hash's name.
    var brief: String {
        let digits = content.split(separator: ":").last ?? ""
        return digits.isEmpty ? name : "\(name) (\(digits.prefix(12)))"
    }
}
