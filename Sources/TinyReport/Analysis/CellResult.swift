import TinyRecords
import TinyStatistics

/// The result of one configuration on a set of test problems.
public struct CellResult: Sendable, Encodable, TrainedSize {
    /// Name of the row in its section, such as `tinylora grpo 13`.
    public let row: String
    /// What is trained.
    public let method: String
    /// How it is trained.
    public let algorithm: String
    /// Trained numbers.
    public let parameters: Int
    /// Bytes of the trained numbers as stored.
    public let bytes: Int
    /// Peak learning rate.
    public let learningRate: Double?
    /// How the learning rate, or another tuned setting, was chosen.
    public let choice: ChoiceKind
    /// Settings in which it differs from others with the same method, algorithm and number of parameters.
    public let differences: String
    /// Seeds of the runs.
    public let seeds: [UInt64]
    /// Mean accuracy over seeds by the strict grade.
    public let accuracy: Estimate
    /// Mean accuracy minus that of the untrained model.
    public let gain: Estimate?
    /// The gain as a share of that of full fine-tuning.
    public let share: Estimate?
    /// The full fine-tuning of ``share``.
    public let reference: FullReference?
    /// The test of each seed against the untrained model.
    public let comparisons: [SeedComparison]
    /// The difference from the row that all others are compared with; `nil` for that row, and where none was asked for.
    public let against: RowDifference?
    /// Mean accuracy over seeds by the lenient grade.
    public let lenient: Double?
    /// Mean share of completions with an answer in the requested format.
    public let wellFormed: Double?
    /// Mean tokens of a completion.
    public let completionLength: Double?
    /// Mean reward of all completions sampled in the last `RecordedRun.endSteps` steps of training, mean over seeds; of evolution
    /// strategies that of the population. `nil` without rewards, and where a run has those of kept groups only.
    public let sampledReward: Double?
    /// Tokens sampled for training, mean over seeds.
    public let generatedTokens: Double?
    /// Seconds of training, mean over seeds.
    public let trainingSeconds: Double
    /// Names of the runs and the line of `evaluations.jsonl` that holds their result.
    public let sources: [Source]

    let cell: Cell

    /// Whether no draw of problems can differ: all were right, all wrong, or none changed.
    var hasEqualDraws: Bool {
        accuracy.value == 0 || accuracy.value == 1
            || !comparisons.isEmpty && comparisons.allSatisfy { $0.improved + $0.worsened == 0 }
    }

    /// The largest p-value of all seeds.
    public var largestP: Double? { comparisons.map(\.p).max() }

    var family: Family { cell.family }

    private enum CodingKeys: String, CodingKey {
        case row, method, algorithm, parameters, bytes, choice, differences, seeds, accuracy, gain, share, reference,
            comparisons, against
        case lenient, sources
        case learningRate = "learning_rate"
        case wellFormed = "well_formed"
        case completionLength = "mean_completion_length"
        case sampledReward = "sampled_reward"
        case generatedTokens = "generated_tokens"
        case trainingSeconds = "training_seconds"
    }
}

/// The source of a number.
public struct Source: Sendable, Codable, Hashable {
    /// ``RecordedRun/name``.
    public let run: String
    /// Line of `evaluations.jsonl`, the first is 1.
    public let line: Int
}

/// How the tuned setting of a row was chosen.
public enum ChoiceKind: String, Sendable, Codable {
    /// No other value was tried.
    case only
    /// It has the best accuracy on validation problems.
    case validation
    /// Other values were tried, and not all have results on the same validation problems to choose by.
    case none
}

/// The runs of a cell that were evaluated on one benchmark, and their bootstrap draws.
struct MeasuredCell {
    let cell: Cell
    /// Runs with a test evaluation after their last step that counts, and that evaluation.
    let finals: [(run: RecordedRun, evaluation: Located<EvaluationLine>)]
    /// ``HierarchicalBootstrap/shares(_:)`` of each run; `nil` unless every run has its outcomes.
    let draws: [[Double]]?

    init?(_ cell: Cell, on benchmark: Benchmark, bootstrap: HierarchicalBootstrap?) {
        self.cell = cell
        finals = cell.runs.filter { !$0.role.isTrial }.compactMap { run in benchmark.final(of: run).map { (run, $0) } }
        guard !finals.isEmpty else { return nil }
        let verdicts = finals.compactMap(\.evaluation.value.verdicts)
        draws = verdicts.count == finals.count ? bootstrap.map { verdicts.map($0.shares) } : nil
    }

    var mean: Double { TinyReport.mean(finals.map(\.evaluation.value.strict)) }

    var sources: [Source] { finals.map { Source(run: $0.run.name, line: $0.evaluation.line) } }
}

/// A number with its 95 % interval.
public struct Estimate: Sendable, Codable, Hashable {
    /// The number.
    public let value: Double
    /// Lower end of its 95 % interval.
    public let low: Double?
    /// Upper end of its 95 % interval.
    public let high: Double?

    init(_ value: Double, _ interval: PercentileInterval? = nil) {
        self.init(value, low: interval?.low, high: interval?.high)
    }

    init(_ value: Double, low: Double?, high: Double?) {
        self.value = value
        self.low = low
        self.high = high
    }

    /// The mean of `shares`, each of `problems` problems, when it is not known which problems were right: Wilson's interval
    /// of a single run, so that more seeds do not make it narrower than the problems allow.
    init(shares: [Double], problems: Int) {
        value = mean(shares)
        let interval = WilsonInterval(fraction: value, trials: Double(problems), confidence: .percent95)
        low = interval.low
        high = interval.high
    }
}

/// The mean; 0 without values.
func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
}

/// The test of one seed against the untrained model.
public struct SeedComparison: Sendable, Codable, Hashable {
    /// Seed of the run.
    public let seed: UInt64
    /// Problems that only the trained model answers rightly.
    public let improved: Int
    /// Problems that only the untrained model answers rightly.
    public let worsened: Int
    /// Two-sided p-value of McNemar's exact test.
    public let p: Double

    init(seed: UInt64, before: [Bool], after: [Bool]) {
        let pairs = zip(before, after)
        let test = PairedComparison(
            improved: pairs.count { !$0 && $1 }, worsened: pairs.count { $0 && !$1 })
        self.seed = seed
        improved = test.improved
        worsened = test.worsened
        p = test.pValue
    }
}
