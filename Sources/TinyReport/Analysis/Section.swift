public import TinyRecords
import TinyStatistics

/// All results of one model on one set of test problems.
public struct Section: Sendable, Encodable {
    /// The model.
    public let model: Fingerprint
    /// Name of the test problems.
    public let problemSet: String
    /// Number of the test problems.
    public let problems: Int
    /// Results of the untrained model; more than one when runs were evaluated in different ways.
    public let baselines: [Baseline]
    /// One result for each configuration: supervised after reinforcement, small before large.
    public let results: [CellResult]
    /// Name of the row that all others are compared with; `nil` where none was asked for or this section does not have it.
    public let against: String?
    /// Full fine-tuning that shares of the gain refer to, each once.
    public let references: [FullReference]
    /// The smallest sizes that recover given shares of the gain of full fine-tuning.
    public let thresholds: [Threshold]
    /// How tuned settings, such as the learning rate, were chosen.
    public let choices: [TunedChoice]
    /// Configurations that differ in one setting only.
    public let ablations: [Ablation]
    /// Evolution against policy gradients.
    public let equalTokens: [EqualTokens]
    /// Answers before and after training.
    public let answers: [RunAnswers]

    /// Bootstrap draws of the intervals.
    let draws: Int
    /// Every cell, including those with learning rates that were not chosen.
    let cells: [Cell]
    let differences: Differences

    private enum CodingKeys: String, CodingKey {
        case model, problems, baselines, results, against, references, thresholds, choices, ablations, answers
        case problemSet = "problem_set"
        case equalTokens = "equal_tokens"
    }

    /// Computes the results of some runs on a benchmark. Costs about `runs * problems * 5000` additions.
    ///
    /// - Parameter row: Compares all rows with the one of this name, if there is one.
    init(_ benchmark: Benchmark, runs: [RecordedRun], against row: String?) {
        let cells = Cell.sorting(runs)
        let sizes = Size.sorting(cells)
        let differences = Differences(among: cells)
        // Only outcomes prove that there are as many problems as a record says, and so limit the cost of the draws.
        let hasOutcomes = runs.contains { benchmark.final(of: $0)?.value.outcomes != nil }
        let draws = Self.draws(of: benchmark.problems)
        let bootstrap = hasOutcomes ? HierarchicalBootstrap(problems: benchmark.problems, draws: draws) : nil
        let baselines = Baseline.all(of: runs, on: benchmark)
        let shown = sizes.flatMap(\.shown).compactMap { cell, choice in
            MeasuredCell(cell, on: benchmark, bootstrap: bootstrap).map { ($0, choice) }
        }
        let full = shown.map(\.0).filter { $0.cell.method == "full" }
        let names = RowNames(shown.map(\.0.cell), differences)
        let reference = row.flatMap { row in shown.first { names.isName(row, of: $0.0) }?.0 }
        let maker = ResultMaker(
            benchmark: benchmark, bootstrap: bootstrap, baselines: baselines, full: full, differences: differences,
            names: names, comparison: reference.map { RowComparison(reference: $0, bootstrap: bootstrap) })

        model = Fingerprint(name: benchmark.model, content: benchmark.modelContent)
        problemSet = benchmark.problemSet
        problems = benchmark.problems
        self.draws = bootstrap?.draws ?? 0
        self.baselines = baselines
        self.cells = cells
        self.differences = differences
        results = shown.map { maker.result(of: $0.0, choice: $0.1) }.sorted { Self.precedes($0, $1, differences) }
        against = reference.map { names[$0.cell] }
        references = results.compactMap(\.reference).inGroups { $0 }.map(\.key)
        thresholds = Threshold.all(in: results)
        choices = sizes.compactMap { $0.selection(differences: differences) }
            .sorted { Self.order($0) < Self.order($1) }
        ablations = Ablation.all(in: results)
        equalTokens = EqualTokens.all(in: results, on: benchmark)
        answers = RunAnswers.chosen(from: results)
    }

    /// The colour of an algorithm: that of its family, or another one where the family has several algorithms here.
    func colour(of algorithm: String) -> ChartColour {
        let family = Family(algorithm: algorithm)
        let algorithms = (results.map(\.cell) + cells).filter { $0.family == family }.inGroups(by: \.algorithm).map(
            \.key)
        return ChartColour(family, algorithm: algorithms.firstIndex(of: algorithm) ?? 0)
    }

    /// The standard number of draws; fewer where they would need more than 40 MB.
    private static func draws(of problems: Int) -> Int {
        max(200, min(HierarchicalBootstrap.standardDraws, 20_000_000 / max(1, problems)))
    }

    /// Sections for all runs, in the order of their first run. Runs with validation results only go to the section where
    /// others of their size are, or else others of their model.
    static func all(of runs: [RecordedRun], against row: String?) -> [Section] {
        var groups = runs.flatMap { run in Benchmark.all(of: run).map { (benchmark: $0, run: run) } }
            .inGroups(by: \.benchmark).map { (benchmark: $0.key, runs: $0.members.map(\.run)) }
        let sizes = groups.map { Set($0.runs.map { Cell.sizeKey(of: $0) }) }
        for run in runs where Benchmark.all(of: run).isEmpty {
            let key = Cell.sizeKey(of: run)
            let home =
                sizes.firstIndex { $0.contains(key) }
                ?? groups.firstIndex { $0.benchmark.modelContent == run.manifest.model.content }
            if let home { groups[home].runs.append(run) }
        }
        return groups.map { Section($0.benchmark, runs: $0.runs, against: row) }
    }

    private static func precedes(_ a: CellResult, _ b: CellResult, _ differences: Differences) -> Bool {
        let left = order(a), right = order(b)
        if left != right { return left < right }
        let typical = (differences.typicality(of: a.cell), differences.typicality(of: b.cell))
        if typical.0 != typical.1 { return typical.0 > typical.1 }
        return (a.differences, a.learningRate ?? 0) < (b.differences, b.learningRate ?? 0)
    }

    private static func order(
        _ row: some TrainedSize
    ) -> (family: Int, algorithm: String, place: Int, method: String, parameters: Int) {
        (Family(algorithm: row.algorithm).order, row.algorithm, methodOrder(row.method), row.method, row.parameters)
    }
}

/// Full fine-tuning: the reference of shares of the gain in a family.
public struct FullReference: Sendable, Encodable, Hashable {
    /// The family.
    public let family: Family
    /// How it was trained.
    public let algorithm: String
    /// Its mean accuracy.
    public let accuracy: Double
    /// Accuracy of the untrained model that gains are measured from.
    public let untrained: Double
    /// Its runs.
    public let sources: [Source]

    init(_ full: MeasuredCell, for family: Family, over baseline: Baseline) {
        self.family = family
        algorithm = full.cell.algorithm
        accuracy = full.mean
        untrained = baseline.strict
        sources = full.sources
    }
}

/// The smallest trained size that recovers a share of the gain of full fine-tuning.
public struct Threshold: Sendable, Encodable {
    /// How it is trained.
    public let algorithm: String
    /// The share, in `[0, 1]`.
    public let share: Double
    /// The smallest size; `nil` when none recovers as much.
    public let parameters: Int?
    /// What is trained at that size.
    public let method: String?

    static let shares = [0.75, 0.90, 0.95]

    static func all(in results: [CellResult]) -> [Threshold] {
        results.filter { $0.share != nil }.inGroups(by: \.algorithm).flatMap { algorithm, results in
            shares.map { share in
                let reached = results.filter { $0.share?.value ?? 0 >= share }.min { $0.parameters < $1.parameters }
                return Threshold(
                    algorithm: algorithm, share: share, parameters: reached?.parameters, method: reached?.method)
            }
        }
    }
}
