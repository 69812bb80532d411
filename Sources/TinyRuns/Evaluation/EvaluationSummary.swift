import TinyProblems
public import TinyRecords
public import TinyStatistics

/// The numbers of an evaluation under stable keys, as `--json` prints them.
public struct EvaluationSummary: Record, Hashable {
    /// Name of the problem set; key `problem_set`.
    public var problemSet: String
    /// Share right by the strict rule, in `[0, 1]`; key `strict`.
    public var strict: Double
    /// Share right by the lenient rule, in `[0, 1]`; key `lenient`.
    public var lenient: Double
    /// 95 % interval of `strict`, low then high; key `interval`.
    public var interval: [Double]
    /// 95 % interval of `lenient`, low then high; key `lenient_interval`.
    public var lenientInterval: [Double]
    /// Mean score, where the grader gives scores; key `score`.
    public var score: Double?
    /// 95 % interval of `score`, low then high; key `score_interval`. Absent for one problem.
    public var scoreInterval: [Double]?
    /// Problems evaluated; key `problems`.
    public var problems: Int
    /// Completions of each problem; key `samples_per_problem`.
    public var samplesPerProblem: Int
    /// Share of problems whose majority is right, with its interval; key `majority`. Absent with one sample a problem.
    public var majority: BinomialProportion?
    /// The chance that one of `k` samples is strictly right; key `pass_at_k`. Absent with one sample a problem.
    public var passes: [PassAtK]?
    /// Problems by subject; key `subjects`. Absent when none has one.
    public var subjects: [EvaluationGroup]?
    /// Problems by level; key `levels`. Absent when none has one.
    public var levels: [EvaluationGroup]?
    /// Completions that the grader failed to judge; key `failed`. Absent when there are none.
    public var failed: Int?
    /// Completions with an answer where it was asked for; key `well_formed`.
    public var wellFormed: Int
    /// Completions cut off before a stop token; key `truncated`.
    public var truncated: Int
    /// Mean tokens of a completion; key `mean_completion_length`.
    public var meanCompletionLength: Double
    /// Sampled tokens; key `tokens`.
    public var tokens: Int
    /// Wall-clock seconds of sampling; key `seconds`.
    public var seconds: Double
    /// Sampled tokens per second; key `tokens_per_second`.
    public var tokensPerSecond: Double

    /// The numbers of a result.
    public init(_ result: EvaluationResult) {
        problemSet = result.problemSet
        strict = result.strict.fraction
        lenient = result.lenient.fraction
        interval = [result.strict.interval.low, result.strict.interval.high]
        lenientInterval = [result.lenient.interval.low, result.lenient.interval.high]
        score = result.score?.mean
        scoreInterval = result.score?.interval
        problems = result.problemCount
        samplesPerProblem = result.samplesPerProblem
        majority = result.majority
        passes = result.passes.isEmpty ? nil : result.passes
        subjects = result.subjects.isEmpty ? nil : result.subjects
        levels = result.levels.isEmpty ? nil : result.levels
        failed = result.parsing.failed == 0 ? nil : result.parsing.failed
        wellFormed = result.parsing.wellFormed
        truncated = result.truncatedCount
        meanCompletionLength = result.meanCompletionLength
        tokens = result.tokenCount
        seconds = result.seconds
        tokensPerSecond = result.tokensPerSecond
    }

    private enum CodingKeys: String, CodingKey {
        case strict, lenient, interval, score, problems, truncated, tokens, seconds, majority, subjects, levels, failed
        case passes = "pass_at_k"
        case problemSet = "problem_set"
        case lenientInterval = "lenient_interval"
        case scoreInterval = "score_interval"
        case samplesPerProblem = "samples_per_problem"
        case wellFormed = "well_formed"
        case meanCompletionLength = "mean_completion_length"
        case tokensPerSecond = "tokens_per_second"
    }
}
