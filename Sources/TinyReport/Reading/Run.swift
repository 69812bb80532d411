public import TinyRecords

/// A finished run, as it stands in its directory.
public struct Run: Sendable {
    /// What people call it: its path below the directory that was searched.
    public let name: String
    /// Absolute path of its directory.
    public let path: String
    /// What it was asked to do.
    public let settings: Settings
    /// What it ran on.
    public let manifest: RunManifest
    /// Its steps, the first first.
    public let steps: [StepLine]
    /// Its evaluations in the order they were made; the line of one is its index plus 1.
    public let evaluations: [EvaluationLine]
    /// Answers to test problems before and after.
    public let answers: [AnswerLine]
    /// What the sweep it belongs to says about it; a run of its own is compared by its learning rate.
    public let role: SweepRole

    /// Bytes of the trained numbers as stored.
    public var bytes: Int {
        let (product, overflow) = manifest.trainedParameters.multipliedReportingOverflow(by: elementSize)
        return overflow ? .max : product
    }

    private var elementSize: Int { settings["element_type"].text == "fp32" ? 4 : 2 }

    /// Seed of the run.
    var seed: UInt64 { manifest.seed }

    /// Test evaluations of a problem set, with their line in `evaluations.jsonl`.
    func tests(on problemSet: String) -> [Located<EvaluationLine>] {
        evaluations.enumerated().filter { !$1.isValidation && $1.problemSet == problemSet }
            .map { Located(value: $1, line: $0 + 1) }
    }

    /// The last evaluation on the problems that choose settings.
    var validation: Located<EvaluationLine>? {
        evaluations.enumerated().last { $1.isValidation && $1.step > 0 }.map { Located(value: $1, line: $0 + 1) }
    }

    /// Seconds of all steps.
    var trainingSeconds: Double { steps.reduce(0) { $0 + $1.seconds } }

    /// Steps whose rewards stand for the end of training.
    static let endSteps = 10

    /// Mean reward of the last ``endSteps`` steps; `nil` where one of them has none.
    var rewardAtEnd: Double? {
        let rewards = steps.suffix(Self.endSteps).map { $0.metrics["reward"] }, found = rewards.compactMap(\.self)
        return found.isEmpty || found.count < rewards.count ? nil : mean(found)
    }

    /// Tokens sampled for training up to and with a step; `nil` when the records do not tell.
    ///
    /// Where a record does not count them, completions per step times their mean length does.
    func generatedTokens(through step: Int) -> Double? {
        let made = steps.prefix { $0.step <= step }
        guard let last = made.last else { return 0 }
        if let count = last.metrics["num_generated_tokens"] { return count }
        guard let problems = settings["problems_per_step"].number, let group = settings["num_generations"].number
        else { return nil }
        var sum = 0.0
        for step in made {
            guard let length = step.metrics["completions/mean_length"] else { return nil }
            sum += length * problems * group
        }
        return sum.rounded()
    }
}

/// What a sweep says about one of its runs.
public struct SweepRole: Sendable, Hashable {
    /// The setting whose value is chosen on validation problems.
    public var tunedKey = "learning_rate"
    /// Whether the run only helps to choose, so that its test result does not count.
    public var isTrial = false

    init() {}
}

/// A value and the line of the file it stands in.
struct Located<Value: Sendable>: Sendable {
    let value: Value
    let line: Int
}

/// A run that has no result to report.
public struct UnusableRun: Sendable, Codable, Hashable {
    /// Why there is no result.
    public enum Reason: String, Sendable, Codable {
        /// It said so itself.
        case failed
        /// A file of it cannot be read.
        case damaged
        /// It has made fewer steps than it was asked for.
        case unfinished
        /// It is another run once more.
        case repeated
    }

    /// What people call it.
    public let name: String
    /// Absolute path of its directory.
    public let path: String
    /// Why there is no result.
    public let reason: Reason
    /// What happened, in one sentence.
    public let sentence: String
}
