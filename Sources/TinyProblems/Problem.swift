// Problem sets, prompts, answer extraction and rewards.
//
// This target does not know: models, tokenizers' files, adapters, losses, runs. Text goes in, text and verdicts come out; a
// reward is a pure function of a completion's text and a problem, unless it is a user's own command.

/// A question with a known answer.
public struct Problem: Sendable, Codable, Hashable, Identifiable {
    /// The row's own id, or its 1-based line number in the file.
    public var id: String
    /// What is asked, as the data set words it.
    public var question: String
    /// The gold final answer. A number from a GSM8K row has its thousands commas removed: `1080`.
    public var answer: String
    /// A worked solution, where the data set has one.
    public var solution: String?
    /// What the problem is about, where the data set says so: `Algebra`.
    public var subject: String?
    /// How hard it is, in the data set's own words or numbers: `5`.
    public var level: String?
    /// The unit the gold answer is in but does not name: `km/h`. An answer may name it or not.
    public var unit: String?
    /// How far a number may be from the gold answer; `nil` leaves it to the grader. At least 0.
    public var tolerance: Double?

    /// Makes a problem from its parts.
    public init(
        id: String, question: String, answer: String, solution: String? = nil, subject: String? = nil,
        level: String? = nil, unit: String? = nil, tolerance: Double? = nil
    ) {
        self.id = id
        self.question = question
        self.answer = answer
        self.solution = solution
        self.subject = subject
        self.level = level
        self.unit = unit
        self.tolerance = tolerance
    }
}

/// Problems in a fixed order, under a name.
public struct ProblemSet: Sendable, Codable, Hashable {
    /// How reports call the set, such as `gsm8k/test`.
    public var name: String
    /// The problems, in file order.
    public var problems: [Problem]
    /// The file they came from; `nil` for generated problems.
    public var path: String?

    /// Makes a set from its parts.
    public init(name: String, problems: [Problem], path: String? = nil) {
        self.name = name
        self.problems = problems
        self.path = path
    }
}
