public import TinyRecords

/// One training step as a report needs it: every metric by its key in the file, and no optimiser state.
public struct StepLine: Record {
    /// Number of the step; the first is 1.
    public let step: Int
    /// Metrics that are numbers, by their JSON key.
    public let metrics: [String: Double]
    /// Seconds of the whole step.
    public let seconds: Double

    /// Whether what the line says of completions is of the kept groups only, as earlier versions recorded it (see `RolloutMetrics`).
    var knowsKeptGroupsOnly: Bool {
        metrics["dynamic_sampling/discarded_groups"] ?? 0 > 0 && metrics["dynamic_sampling/kept_reward"] == nil
    }

    /// A metric; `nil` where there is none, or where it should be of all completions that the step sampled and is not.
    subscript(key: String) -> Double? {
        let isOfCompletions = key.hasPrefix("reward") || key.hasPrefix("completions/") || key == "entropy"
        return isOfCompletions && knowsKeptGroupsOnly ? nil : metrics[key]
    }

    /// Mean reward of all completions that the step sampled.
    var reward: Double? { self["reward"] }

    /// Reads a line; keys whose values are neither numbers nor `null` are ignored.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: LineKey.self)
        step = try container.decode(Int.self, forKey: LineKey("step"))
        let time = LineKey("time")
        seconds =
            container.contains(time)
            ? try container.nestedContainer(keyedBy: LineKey.self, forKey: time)
                .decodeIfPresent(Double.self, forKey: LineKey("seconds")) ?? 0 : 0
        var metrics: [String: Double] = [:]
        for key in container.allKeys where !Self.others.contains(key.stringValue) {
            if try container.decodeNil(forKey: key) { continue }
            metrics[key.stringValue] = try? container.decode(Double.self, forKey: key)
        }
        self.metrics = metrics
    }

    /// Writes what was read.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: LineKey.self)
        try container.encode(step, forKey: LineKey("step"))
        try container.encode(["seconds": seconds], forKey: LineKey("time"))
        for (key, value) in metrics { try container.encode(value, forKey: LineKey(key)) }
    }

    private static let others: Set<String> = ["step", "state", "time"]

    private struct LineKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// One evaluation as a report needs it; keys that older versions did not write are optional.
public struct EvaluationLine: Record {
    /// Training step whose adapter was evaluated; 0 is the untrained model.
    public let step: Int
    /// Which problems: `test` unless it says `validation`.
    public let split: String?
    /// Name of the problem set.
    public let problemSet: String
    /// Problems evaluated.
    public let problems: Int
    /// Share of right answers in the requested format, in `[0, 1]`.
    public let strict: Double
    /// Share of right answers anywhere in the completion, in `[0, 1]`.
    public let lenient: Double?
    /// Completions with an answer in the requested format.
    public let wellFormed: Int?
    /// Mean tokens of a completion.
    public let meanCompletionLength: Double?
    /// Sampled tokens.
    public let tokens: Int?
    /// Mean loss of a token of the held-out solutions, where one was measured.
    public let loss: Double?
    /// `1` or `0` for each problem, in order, by strict grading.
    public let outcomes: String?

    /// Whether the problems are validation problems.
    var isValidation: Bool { split == "validation" }

    /// The outcomes as truth values; `nil` when there are none.
    var verdicts: [Bool]? { outcomes.map { text in text.utf8.map { $0 == UInt8(ascii: "1") } } }

    /// A sentence that says which numbers of the line disagree; `nil` when they agree.
    var contradiction: String? {
        guard step >= 0 else { return "step is \(step), expected 0 or more" }
        guard problems > 0 else { return "problems is \(problems), expected at least 1" }
        guard (0...1).contains(strict) else { return "strict is \(strict), expected a share in [0, 1]" }
        if let lenient, !(0...1).contains(lenient) { return "lenient is \(lenient), expected a share in [0, 1]" }
        guard let outcomes else { return nil }
        guard outcomes.utf8.allSatisfy({ $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: "1") }) else {
            return "outcomes holds other characters than 0 and 1"
        }
        guard outcomes.utf8.count == problems else {
            return "outcomes has \(outcomes.utf8.count) characters for \(problems) problems"
        }
        let share = Double(outcomes.utf8.count { $0 == UInt8(ascii: "1") }) / Double(problems)
        guard abs(share - strict) < 1e-6 else {
            return "outcomes is right in \(share) of problems, strict is \(strict)"
        }
        return nil
    }

    private enum CodingKeys: String, CodingKey {
        case step, split, problems, strict, lenient, tokens, outcomes
        case problemSet = "problem_set"
        case wellFormed = "well_formed"
        case meanCompletionLength = "mean_completion_length"
        case loss = "eval_loss"
    }
}

/// One answer to a test problem, before or after training.
public struct AnswerLine: Record {
    /// Training step whose adapter answered; 0 is the untrained model.
    public let step: Int
    /// The problem.
    public let question: String
    /// The right answer.
    public let answer: String
    /// What the model wrote.
    public let completion: String
    /// Whether that is right, in the requested format.
    public let strict: Bool
}

/// Why a run ended without a result.
public struct FailureNote: Record {
    /// One sentence.
    public let error: String
    /// What to try.
    public let hint: String?
    /// Last step that was finished.
    public let step: Int?
}
