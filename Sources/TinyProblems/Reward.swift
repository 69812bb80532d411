public import TinyFoundation

/// What a grader found in a completion.
public struct Grade: Sendable, Codable, Hashable {
    /// Whether the answer is right and stands where it was asked for.
    public var strict: Bool
    /// Whether the answer is right, wherever it stands. Never false when ``strict`` is true.
    public var lenient: Bool
    /// The answer as written: the marked one if it can be read, else the one the lenient rule takes; `nil` for none.
    public var extracted: String?
    /// Whether an answer stands where it was asked for, right or wrong.
    public var isWellFormed: Bool
    /// The reward, where the grader has more to say than right and wrong.
    public var score: Double?
    /// Why the grader could not judge; the completion counts as wrong then.
    public var failure: String?

    /// Makes a grade from its parts.
    public init(
        strict: Bool, lenient: Bool, extracted: String?, isWellFormed: Bool, score: Double? = nil,
        failure: String? = nil
    ) {
        self.strict = strict
        self.lenient = lenient
        self.extracted = extracted
        self.isWellFormed = isWellFormed
        self.score = score
        self.failure = failure
    }

    private enum CodingKeys: String, CodingKey {
        case strict, lenient, extracted, score, failure
        case isWellFormed = "well_formed"
    }

    /// Whether there was something to judge: an answer that was found, or a score.
    public var isAnswered: Bool { extracted != nil || (score != nil && failure == nil) }

    /// The reward of this grade: its ``score``, else 1 or 0.
    public func reward(_ rule: RewardRule = .strict) -> Double {
        score ?? ((rule == .strict ? strict : lenient) ? 1 : 0)
    }
}

/// A completion to judge and what was asked.
public struct GradedAnswer: Sendable {
    /// The text after the prompt, without the stop token's own text.
    public var completion: String
    /// What was asked.
    public var problem: Problem

    /// Pairs a completion with its problem.
    public init(_ completion: String, to problem: Problem) {
        self.completion = completion
        self.problem = problem
    }
}

/// Judges completions. The built-in ones are pure functions: the same arguments give the same grade, in any order, on any
/// thread. A user's command is as pure as it is written.
public protocol Reward: Sendable {
    /// Grades one completion. Never fails: what cannot be read is wrong.
    ///
    /// - Parameters:
    ///   - completion: The text after the prompt, without the stop token's own text.
    ///   - problem: What was asked.
    func grade(_ completion: String, for problem: Problem) -> Grade

    /// Grades many completions, in their order; as many grades come back.
    func grades(of answers: [GradedAnswer]) -> [Grade]

    /// Whether two extracted answers to a problem are the same answer, so that they are one vote.
    func isSame(_ answer: String, as other: String, for problem: Problem) -> Bool
}

extension Reward {
    /// Grades one by one.
    public func grades(of answers: [GradedAnswer]) -> [Grade] {
        answers.map { grade($0.completion, for: $0.problem) }
    }

    /// Letter by letter.
    public func isSame(_ answer: String, as other: String, for problem: Problem) -> Bool { answer == other }
}

/// Counts over many grades, so that a trainer or evaluator can say why every reward is 0.
public struct ParseStatistics: Sendable, Codable, Hashable {
    /// Completions graded.
    public private(set) var completions = 0
    /// Those with an answer where it was asked for.
    public private(set) var wellFormed = 0
    /// Those with an answer anywhere.
    public private(set) var extracted = 0
    /// Those right by the strict rule.
    public private(set) var strict = 0
    /// Those right by the lenient rule.
    public private(set) var lenient = 0
    /// Those that the grader failed to judge.
    public private(set) var failed = 0

    private enum CodingKeys: String, CodingKey {
        case completions, extracted, strict, lenient, failed
        case wellFormed = "well_formed"
    }

    /// Starts at zero.
    public init() {}

    /// Counts all of `grades`.
    public init(_ grades: some Sequence<Grade>) {
        for grade in grades { add(grade) }
    }

    /// Counts one more completion.
    public mutating func add(_ grade: Grade) {
        completions += 1
        wellFormed += grade.isWellFormed ? 1 : 0
        extracted += grade.extracted == nil ? 0 : 1
        strict += grade.strict ? 1 : 0
        lenient += grade.lenient ? 1 : 0
        failed += grade.failure == nil ? 0 : 1
    }

    /// Counts what `other` has counted.
    public mutating func add(_ other: ParseStatistics) {
        completions += other.completions
        wellFormed += other.wellFormed
        extracted += other.extracted
        strict += other.strict
        lenient += other.lenient
        failed += other.failed
    }

    /// One sentence that says why every reward by this rule is 0; `nil` when some completion was rewarded.
    public func reasonForNoReward(_ rule: RewardRule = .strict) -> String? {
        guard completions > 0, (rule == .strict ? strict : lenient) == 0 else { return nil }
        let readable = rule == .strict ? wellFormed : extracted
        let place = rule == .strict ? "where it was asked for" : "anywhere"
        return readable == 0
            ? "none of \(completions) completions had an answer \(place), so every reward is 0"
            : "\(readable) of \(completions) completions had an answer \(place) and none was right, so every reward is 0"
    }
}
