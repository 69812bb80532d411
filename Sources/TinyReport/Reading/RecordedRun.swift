public import TinyRecords

/// A finished run: what its directory holds.
public struct RecordedRun: Sendable {
    /// Name in reports: the path below the directory that was searched.
    public let name: String
    /// Absolute path of its directory.
    public let path: String
    /// Its configuration.
    public let settings: Settings
    /// Its manifest: versions, model, data sets, machine.
    public let manifest: RunManifest
    /// Its steps, in order.
    public let steps: [StepLine]
    /// Its evaluations, in order; the line of one in its file is its index plus 1.
    public let evaluations: [EvaluationLine]
    /// Answers to test problems before and after training.
    public let answers: [AnswerLine]
    /// Its role in its sweep; a run without a sweep is compared by its learning rate.
    public let role: SweepRole

    /// Bytes of the trained numbers as stored.
    public var bytes: Int {
        let size = settings["element_type"].text == "fp32" ? 4 : 2
        let (product, overflow) = manifest.trainedParameters.multipliedReportingOverflow(by: size)
        return overflow ? .max : product
    }

    /// Whether the run started from the base model, not from a trained adapter.
    var startsUntrained: Bool { manifest.initialAdapter == nil }

    /// Seed of the run.
    var seed: UInt64 { manifest.seed }

    /// Test evaluations of a problem set, with their line in `evaluations.jsonl`. A set that is known by its content may have
    /// another name here.
    func tests(on problemSet: String) -> [Located<EvaluationLine>] {
        let isKnown = manifest.datasets["eval"]?.content.isEmpty == false
        return evaluations.enumerated().filter { !$1.isValidation && (isKnown || $1.problemSet == problemSet) }
            .map { Located(value: $1, line: $0 + 1) }
    }

    /// The last evaluation on validation problems.
    var validation: Located<EvaluationLine>? {
        evaluations.enumerated().last { $1.isValidation && $1.step > 0 }.map { Located(value: $1, line: $0 + 1) }
    }

    /// The problems of ``validation``.
    var validationProblems: ValidationProblems? {
        validation.map { line in
            ValidationProblems(
                problemSet: line.value.problemSet, problems: line.value.problems,
                content: manifest.datasets["validation"]?.content ?? "")
        }
    }

    /// Seconds of all steps.
    var trainingSeconds: Double { steps.reduce(0) { $0 + $1.seconds } }

    /// Number of steps that count as the end of training.
    static let endSteps = 10

    /// Mean reward of the last ``endSteps`` steps; `nil` where one of them has none.
    var rewardAtEnd: Double? {
        let rewards = steps.suffix(Self.endSteps).map(\.reward), found = rewards.compactMap(\.self)
        return found.isEmpty || found.count < rewards.count ? nil : mean(found)
    }

    /// Mean reward of each step; empty unless every step has one.
    var rewards: [Double] {
        let found = steps.compactMap(\.reward)
        return found.count == steps.count ? found : []
    }

    /// Whether the rewards of some steps are of their kept groups only.
    var hasUnknownRewards: Bool { steps.contains(where: \.knowsKeptGroupsOnly) }

    /// Tokens sampled for training up to and including a step; `nil` when the records do not say.
    ///
    /// Where a record has no count, it is computed as completions per step times their mean length.
    func generatedTokens(through step: Int) -> Double? {
        let made = steps.prefix { $0.step <= step }
        guard let last = made.last else { return 0 }
        if let count = last.metrics["num_generated_tokens"] { return count }
        guard let problems = settings["problems_per_step"].magnitude, let group = settings["num_generations"].magnitude
        else { return nil }
        var sum = 0.0
        for step in made {
            guard let length = step.metrics["completions/mean_length"] else { return nil }
            sum += length * problems * group
        }
        return sum.rounded()
    }
}

/// What a validation accuracy is of. Accuracies on different problems do not compare.
struct ValidationProblems: Hashable {
    let problemSet: String
    let problems: Int
    /// Hash of the problems; empty when the manifest has none.
    let content: String
}

/// The role of a run in its sweep.
public struct SweepRole: Sendable, Hashable {
    /// The setting whose value is chosen on validation problems.
    public var tunedKey = "learning_rate"
    /// Whether the run only helps to choose, so that its test result does not count.
    public var isTrial = false
}

/// A value and its line in a file.
struct Located<Value: Sendable>: Sendable {
    let value: Value
    let line: Int
}

/// A run that has no result to report.
public struct UnusableRun: Error, Codable, Hashable {
    /// Why there is no result.
    public enum Reason: String, Sendable, Codable {
        /// The run recorded a failure.
        case failed
        /// A file of the run cannot be read.
        case damaged
        /// The run has fewer steps than its configuration asks for.
        case unfinished
        /// Another run has the same settings and seed.
        case repeated
    }

    /// Name in reports.
    public let name: String
    /// Absolute path of its directory.
    public let path: String
    /// Why there is no result.
    public let reason: Reason
    /// What happened, in one sentence.
    public let sentence: String
}
