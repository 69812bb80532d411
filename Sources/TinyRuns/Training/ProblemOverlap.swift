import TinyProblems

/// Questions that two sets of problems of a run have in common, white space aside.
public struct ProblemOverlap: Sendable, Hashable, CustomStringConvertible {
    /// The role of the set whose problems are counted, such as `eval`.
    public let role: String
    /// The role of the set that has them too.
    public let otherRole: String
    /// Problems of the set whose question is also in the other.
    public let shared: Int
    /// Problems of the set.
    public let count: Int

    /// Compares two sets; `nil` when they share no question.
    init?(of set: ProblemSet?, as role: String, with other: ProblemSet?, as otherRole: String) {
        guard let set, let other else { return nil }
        let known = Set(other.problems.map(\.question.spaced))
        shared = set.problems.count { known.contains($0.question.spaced) }
        guard shared > 0 else { return nil }
        count = set.problems.count
        self.role = role
        self.otherRole = otherRole
    }

    /// A warning, as a sentence.
    public var description: String {
        let names = ["train": "training", "eval": "test", "validation": "validation"]
        return
            "\(shared) of \(count) \(names[role] ?? role) problems are also \(names[otherRole] ?? otherRole) problems, so "
            + "their accuracy is not that on new problems"
    }
}

extension RunProblems {
    /// What the sets of the run share: test and validation problems that are trained on, test problems that settings are
    /// chosen by.
    public var overlaps: [ProblemOverlap] {
        [
            ProblemOverlap(of: test, as: "eval", with: training, as: "train"),
            ProblemOverlap(of: validation, as: "validation", with: training, as: "train"),
            ProblemOverlap(of: test, as: "eval", with: validation, as: "validation"),
        ].compactMap(\.self)
    }
}

extension String {
    /// The text with one space for each run of white space.
    var spaced: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
