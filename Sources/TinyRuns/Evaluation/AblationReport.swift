internal import TinyAdapter
internal import TinyModel
public import TinyRecords

/// What ``AdapterAblation`` found.
public struct AblationReport: Record {
    /// What was changed, as ``AdapterAblation/Kind`` says.
    public enum Kind: String, Sendable, Codable {
        /// One part was left out.
        case without
        /// One part was left alone.
        case only
        /// All numbers were multiplied by a factor.
        case scaled
    }

    /// What was changed.
    public let kind: Kind
    /// The adapter in words.
    public let adapter: String
    /// Parts that are zero in it and were not tried; empty for ``Kind/scaled``.
    public let zeroParts: [String]
    /// By problem set.
    public let sets: [AblatedSet]

    private enum CodingKeys: String, CodingKey {
        case kind, adapter, sets
        case zeroParts = "zero_parts"
    }
}

/// How the changes of an adapter affect the answers to one problem set.
public struct AblatedSet: Sendable, Codable, Hashable {
    /// Name of the set.
    public let problemSet: String
    /// Of each part, or of each factor in ascending order.
    public let effects: [AblationEffect]
    /// The whole adapter (before) against the base model (after), or the other way round.
    public let everything: EvaluationComparison

    private enum CodingKeys: String, CodingKey {
        case effects, everything
        case problemSet = "problem_set"
    }
}

/// The effect of one change: a part left out, a part alone, or all numbers multiplied.
public struct AblationEffect: Sendable, Codable, Hashable {
    /// What was changed.
    struct Subject {
        /// As ``AblationEffect/name``.
        let name: String
        /// The part that was left out, alone or multiplied.
        let part: AdapterPart
        /// Its numbers, after they were multiplied.
        let values: [Float]
        /// As ``AblationEffect/factor``.
        var factor: Float?
    }

    /// ``AdapterPart/name``, or the factor in words: `times 2`.
    public let name: String
    /// What its numbers were multiplied by; `nil` where it was left out or alone.
    public let factor: Float?
    /// ``AdapterPart/count``.
    public let count: Int
    /// The numbers, after they were multiplied, where there are at most 16.
    public let values: [Float]?
    /// Square root of the sum of their squares.
    public let norm: Double
    /// ``AdapterPart/place``.
    public let place: String
    /// Names of the modules that they change.
    public let modules: [String]
    /// The whole adapter (before) against the adapter without the part (after); for ``AblationReport/Kind/only`` and
    /// ``AblationReport/Kind/scaled`` the base model (before) against the changed adapter (after).
    public let comparison: EvaluationComparison
    /// The comparison's p-value, adjusted for the number of parts or factors.
    public let adjustedPValue: Double

    private enum CodingKeys: String, CodingKey {
        case name, factor, count, values, norm, place, modules, comparison
        case adjustedPValue = "adjusted_p_value"
    }

    init(of subject: Subject, comparison: EvaluationComparison, adjustedPValue: Double) {
        name = subject.name
        factor = subject.factor
        count = subject.part.count
        values = subject.values.count <= 16 ? subject.values : nil
        norm = subject.values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        place = subject.part.place
        modules = subject.part.modules.map(\.name)
        self.comparison = comparison
        self.adjustedPValue = adjustedPValue
    }
}
