/// Accuracy on problems that were not trained on, with its interval. All shares are fractions.
public struct EvaluationRecord: Record {
    /// Training step whose adapter was evaluated; 0 is the base model, `nil` an evaluation outside a run.
    public var step: Int?
    /// Name of the problem set.
    public var dataset: String
    /// Problems evaluated.
    public var problems: Int
    /// Completions per problem.
    public var samples: Int
    /// Share of completions that are right in the asked-for format.
    public var strict: AccuracyRecord
    /// Share of completions that are right wherever the answer stands.
    public var lenient: AccuracyRecord
    /// Mean tokens of a completion.
    public var meanLength: Double
    /// Share of completions that ended for want of room.
    public var clippedShare: Double
    /// Divisor of the logits; 0 is greedy.
    public var temperature: Double
    /// What a clock had a hand in.
    public var time: EvaluationTime

    /// Makes a record from its parts.
    public init(
        step: Int?, dataset: String, problems: Int, samples: Int, strict: AccuracyRecord, lenient: AccuracyRecord,
        meanLength: Double, clippedShare: Double, temperature: Double, time: EvaluationTime
    ) {
        self.step = step
        self.dataset = dataset
        self.problems = problems
        self.samples = samples
        self.strict = strict
        self.lenient = lenient
        self.meanLength = meanLength
        self.clippedShare = clippedShare
        self.temperature = temperature
        self.time = time
    }

    private enum CodingKeys: String, CodingKey {
        case step, dataset, problems, samples, strict, lenient, temperature, time
        case meanLength = "completions/mean_length"
        case clippedShare = "completions/clipped_ratio"
    }
}

/// A share of right answers with its 95 % interval.
public struct AccuracyRecord: Record {
    /// The share, as a fraction.
    public var accuracy: Double
    /// Lower end of the interval.
    public var low: Double
    /// Upper end of the interval.
    public var high: Double

    /// Makes a record from its parts.
    public init(accuracy: Double, low: Double, high: Double) {
        self.accuracy = accuracy
        self.low = low
        self.high = high
    }
}

/// How long an evaluation took.
public struct EvaluationTime: Record {
    /// The whole evaluation.
    public var seconds: Double
    /// Completion tokens per second.
    public var tokensPerSecond: Double

    /// Makes a time from its parts.
    public init(seconds: Double, tokensPerSecond: Double) {
        self.seconds = seconds
        self.tokensPerSecond = tokensPerSecond
    }

    private enum CodingKeys: String, CodingKey {
        case seconds
        case tokensPerSecond = "tokens_per_second"
    }
}
