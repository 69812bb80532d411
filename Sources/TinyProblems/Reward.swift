public import TinyFoundation

/// The result of grading a completion.
public struct Grade: Sendable, Codable, Hashable {
    /// Whether the answer is right and in the requested format.
    public var strict: Bool
    /// Whether the answer is right, in any format. Never false when ``strict`` is true.
    public var lenient: Bool
    /// The answer as written: the marked one if it can be read, else the one of lenient grading; `nil` for none.
    public var extracted: String?
    /// Whether there is an answer in the requested format, right or wrong.
    public var isWellFormed: Bool
    /// The reward, where the grader gives more than right or wrong.
    public var score: Double?
    /// Why grading failed; the completion then counts as wrong.
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

    /// Whether there is an answer or a score.
    public var isAnswered: Bool { extracted != nil || (score != nil && failure == nil) }

    /// The reward of this grade: its ``score``, else 1 or 0.
    public func reward(_ rule: RewardRule = .strict) -> Double {
        score ?? ((rule == .strict ? strict : lenient) ? 1 : 0)
    }
}

/// A completion to grade, and its problem.
public struct GradedAnswer: Sendable {
    /// The text after the prompt, without the stop token's own text.
    public var completion: String
    /// The problem.
    public var problem: Problem

    /// Pairs a completion with its problem.
    public init(_ completion: String, to problem: Problem) {
        self.completion = completion
        self.problem = problem
    }
}

/// Grades completions. The built-in rewards are pure functions: the same arguments give the same grade, in any order, on any
/// thread. A user's command may do anything.
public protocol Reward: Sendable {
    /// Grades one completion. Never fails: an answer that cannot be read is wrong.
    ///
    /// - Parameters:
    ///   - completion: The text after the prompt, without the stop token's own text.
    ///   - problem: The problem.
    func grade(_ completion: String, for problem: Problem) -> Grade

    /// Grades many completions; returns one grade for each, in order.
    func grades(of answers: [GradedAnswer]) -> [Grade]

    /// Whether two extracted answers to a problem are the same answer, so that they are one vote.
    func isSame(_ answer: String, as other: String, for problem: Problem) -> Bool
}

extension Reward {
    /// Grades one by one.
    public func grades(of answers: [GradedAnswer]) -> [Grade] {
        answers.map { grade($0.completion, for: $0.problem) }
    }

    /// Compares the texts exactly.
    public func isSame(_ answer: String, as other: String, for problem: Problem) -> Bool { answer == other }
}

/// Counts over many grades. They explain why every reward is 0.
public struct ParseStatistics: Sendable, Codable, Hashable {
    /// Completions graded.
    public private(set) var completions = 0
    /// Those with an answer in the requested format.
    public private(set) var wellFormed = 0
    /// Those with an answer anywhere.
    public private(set) var extracted = 0
    /// Those right by strict grading.
    public private(set) var strict = 0
    /// Those right by lenient grading.
    public private(set) var lenient = 0
    /// Those whose grading failed.
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

    /// Adds the counts of `other`.
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
        let place = rule == .strict ? "in the requested format" : "anywhere"
        return readable == 0
            ? "none of \(completions) completions had an answer \(place), so every reward is 0"
            : "\(readable) of \(completions) completions had an answer \(place) and none was right, so every reward is 0"
    }
}
