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

    /// Makes a grade from its parts.
    public init(strict: Bool, lenient: Bool, extracted: String?, isWellFormed: Bool) {
        self.strict = strict
        self.lenient = lenient
        self.extracted = extracted
        self.isWellFormed = isWellFormed
    }

    private enum CodingKeys: String, CodingKey {
        case strict, lenient, extracted
        case isWellFormed = "well_formed"
    }

    /// The reward of this grade: 1 or 0.
    public func reward(_ kind: RewardKind = .strict) -> Double {
        (kind == .strict ? strict : lenient) ? 1 : 0
    }
}

/// Which verdict of a grade is rewarded.
public enum RewardKind: String, Sendable, Codable, CaseIterable {
    /// The answer must stand where it was asked for.
    case strict
    /// The answer counts wherever it stands.
    case lenient
}

/// Judges completions. A pure function: the same arguments give the same grade, in any order, on any thread.
public protocol Reward: Sendable {
    /// Grades one completion. Never fails: what cannot be read is wrong.
    ///
    /// - Parameters:
    ///   - completion: The text after the prompt, without the stop token's own text.
    ///   - problem: What was asked.
    func grade(_ completion: String, for problem: Problem) -> Grade
}
