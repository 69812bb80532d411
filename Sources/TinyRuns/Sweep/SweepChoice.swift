public import TinyRecords

/// The value that was chosen for a cell, with everything it was based on.
public struct SweepChoice: Codable, Sendable, Equatable {
    /// A value and how it did.
    public struct Candidate: Codable, Sendable, Equatable {
        /// The value.
        public var value: SettingValue
        /// Mean share of right answers on validation problems after training; `nil` when a run failed.
        public var validation: Double?
        /// Mean score on validation problems after training, where the grader gives scores.
        public var score: Double?
        /// The runs it is the mean of.
        public var runs: [String]
    }

    /// Name of the cell.
    public var cell: String
    /// The tuned key.
    public var key: String
    /// The chosen value; `nil` when every candidate failed.
    public var value: SettingValue?
    /// All values, in the order of the file.
    public var candidates: [Candidate]

    /// Whether mean scores decided, not shares of right answers: where every run that did not fail has one.
    public var isByScore: Bool {
        candidates.contains { $0.score != nil } && candidates.allSatisfy { $0.score != nil || $0.validation == nil }
    }

    /// What decided about a value; `nil` when a run failed.
    public func measure(of candidate: Candidate) -> Double? { isByScore ? candidate.score : candidate.validation }

    /// Whether another value did as well as the chosen one.
    public var isTied: Bool {
        guard let best = candidates.first(where: { $0.value == value }).flatMap(measure) else { return false }
        return candidates.count { measure(of: $0) == best } > 1
    }

    /// Chooses: best on validation, by mean score where there is one; the smaller value among equals, the earlier where values have
    /// no size.
    init(cell: String, key: String, candidates: [Candidate]) {
        self.cell = cell
        self.key = key
        self.candidates = candidates
        var best: (candidate: Candidate, score: Double)?
        for candidate in candidates {
            guard let score = measure(of: candidate) else { continue }
            guard let (rival, highest) = best else {
                best = (candidate, score)
                continue
            }
            let isSmaller = (candidate.value.magnitude ?? .infinity) < (rival.value.magnitude ?? .infinity)
            if score > highest || score == highest && isSmaller { best = (candidate, score) }
        }
        value = best?.candidate.value
    }
}
