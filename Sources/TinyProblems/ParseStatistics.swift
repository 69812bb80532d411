public import TinyFoundation

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

    /// One sentence on what keeps every reward by this rule at 0, or `nil` when some completion was rewarded.
    public func reasonForNoReward(_ rule: RewardRule = .strict) -> String? {
        guard completions > 0, (rule == .strict ? strict : lenient) == 0 else { return nil }
        let readable = rule == .strict ? wellFormed : extracted
        let place = rule == .strict ? "where it was asked for" : "anywhere"
        return readable == 0
            ? "none of \(completions) completions had an answer \(place), so every reward is 0"
            : "\(readable) of \(completions) completions had an answer \(place) and none was right, so every reward is 0"
    }
}
