// Problem sets, prompts, answer extraction and grading.
//
// This target does not know: models, tokenizer files, adapters, losses, runs. Its input is text, its output text and grades. A
// reward is a pure function of a completion's text and a problem, unless it is a user's own command.

/// A question with a known answer.
public struct Problem: Sendable, Codable, Hashable, Identifiable {
    /// The row's own id, or its 1-based line number in the file.
    public var id: String
    /// The question, as in the data set.
    public var question: String
    /// The gold final answer. A number from a GSM8K row has its thousands commas removed: `1080`.
    public var answer: String
    /// A worked solution, where the data set has one.
    public var solution: String?
    /// The subject, where the data set has one: `Algebra`.
    public var subject: String?
    /// The difficulty, as the data set writes it: `5`.
    public var level: String?
    /// The unit of the gold answer, where the gold answer does not contain it: `km/h`. An answer may contain it or not.
    public var unit: String?
    /// Largest distance of a right number from the gold answer, at least 0; `nil` leaves it to the grader.
    public var tolerance: Double?
    /// The row as it is in the file, a JSON object in one line, for a command that grades; `nil` for a problem that is of no file.
    public var row: String?

    /// Makes a problem from its parts.
    public init(
        id: String, question: String, answer: String, solution: String? = nil, subject: String? = nil,
        level: String? = nil, unit: String? = nil, tolerance: Double? = nil, row: String? = nil
    ) {
        self.id = id
        self.question = question
        self.answer = answer
        self.solution = solution
        self.subject = subject
        self.level = level
        self.unit = unit
        self.tolerance = tolerance
        self.row = row
    }
}

/// Problems in a fixed order, under a name.
public struct ProblemSet: Sendable, Codable, Hashable {
    /// Name in reports, such as `gsm8k/test`.
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
