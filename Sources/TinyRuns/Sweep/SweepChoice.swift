public import TinyRecords

/// The value that was chosen for a cell, with everything it was based on.
public struct SweepChoice: Codable, Sendable, Equatable {
    /// A value and how it did.
    public struct Candidate: Codable, Sendable, Equatable {
        /// The value.
        public var value: SettingValue
        /// Mean share of right answers on validation problems after training; `nil` when a run failed.
        public var validation: Double?
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

    /// Chooses: best on validation, the smaller value among equals, the earlier where values have no size.
    init(cell: String, key: String, candidates: [Candidate]) {
        self.cell = cell
        self.key = key
        self.candidates = candidates
        var best: (candidate: Candidate, validation: Double)?
        for candidate in candidates {
            guard let validation = candidate.validation else { continue }
            guard let (rival, score) = best else {
                best = (candidate, validation)
                continue
            }
            let isSmaller = (candidate.value.magnitude ?? .infinity) < (rival.value.magnitude ?? .infinity)
            if validation > score || validation == score && isSmaller { best = (candidate, validation) }
        }
        value = best?.candidate.value
    }
}
