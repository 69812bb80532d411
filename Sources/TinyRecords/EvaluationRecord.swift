/// Accuracy on problems that were not trained on, as one line of a run. Shares and intervals are fractions.
public struct EvaluationRecord: Record {
    /// Training step whose adapter was evaluated; 0 is the base model or the initial adapter, `nil` an evaluation outside a run.
    public var step: Int?
    /// What the problems are for.
    public var split: EvaluationSplit
    /// Name of the problem set.
    public var problemSet: String
    /// Problems evaluated.
    public var problems: Int
    /// Completions of each problem.
    public var samplesPerProblem: Int
    /// Share of completions that are right in the asked-for format.
    public var strict: Double
    /// 95 % interval of ``strict``, low then high.
    public var interval: [Double]
    /// Share of completions that are right, wherever the answer is.
    public var lenient: Double
    /// 95 % interval of ``lenient``, low then high.
    public var lenientInterval: [Double]
    /// Mean score of a completion, where the grader gives scores.
    public var score: Double?
    /// 95 % interval of ``score``, low then high; `nil` for one problem.
    public var scoreInterval: [Double]?
    /// Completions with an answer in the requested format.
    public var wellFormed: Int
    /// Completions that reached the token limit.
    public var truncated: Int
    /// Mean tokens of a completion.
    public var meanCompletionLength: Double
    /// Sampled tokens.
    public var tokens: Int
    /// Mean loss of a token of the held-out solutions, where one was measured.
    public var loss: Double?
    /// One character per problem in order, `1` where the completion is right in the asked-for format and `0` where it is
    /// not, so that two evaluations can be compared problem by problem; `nil` with several completions of each problem.
    public var outcomes: String?
    /// Everything that depends on the clock.
    public var time: EvaluationTime

    /// Makes a record from its parts.
    public init(
        step: Int?, split: EvaluationSplit = .test, problemSet: String, problems: Int, samplesPerProblem: Int,
        strict: Double, interval: [Double],
        lenient: Double, lenientInterval: [Double], score: Double? = nil, scoreInterval: [Double]? = nil,
        wellFormed: Int, truncated: Int, meanCompletionLength: Double, tokens: Int,
        loss: Double? = nil, outcomes: String? = nil, time: EvaluationTime
    ) {
        self.step = step
        self.split = split
        self.problemSet = problemSet
        self.problems = problems
        self.samplesPerProblem = samplesPerProblem
        self.strict = strict
        self.interval = interval
        self.lenient = lenient
        self.lenientInterval = lenientInterval
        self.score = score
        self.scoreInterval = scoreInterval
        self.wellFormed = wellFormed
        self.truncated = truncated
        self.meanCompletionLength = meanCompletionLength
        self.tokens = tokens
        self.loss = loss
        self.outcomes = outcomes
        self.time = time
    }

    private enum CodingKeys: String, CodingKey {
        case step, split, outcomes, problems, strict, interval, lenient, score, truncated, tokens, time
        case problemSet = "problem_set"
        case samplesPerProblem = "samples_per_problem"
        case lenientInterval = "lenient_interval"
        case scoreInterval = "score_interval"
        case wellFormed = "well_formed"
        case meanCompletionLength = "mean_completion_length"
        case loss = "eval_loss"
    }
}

/// What evaluated problems are for.
public enum EvaluationSplit: String, Sendable, Codable, CaseIterable {
    /// They measure the result of a run; no setting is chosen by them.
    case test
    /// Settings may be chosen by them.
    case validation
}

/// How long an evaluation took.
public struct EvaluationTime: Record {
    /// Sampling all completions.
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
