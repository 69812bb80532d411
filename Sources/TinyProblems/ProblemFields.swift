/// Which keys of a row hold the parts of a problem.
///
/// Each part lists its keys in order of preference; the first that a row has is taken.
public struct ProblemFields: Sendable, Codable, Hashable {
    /// Keys of the question, a string.
    public var question: [String]
    /// Keys of the answer, a string or a number.
    public var answer: [String]
    /// Keys of the worked solution, a string or a list of strings; a row may lack it.
    public var solution: [String]
    /// Keys of the row's id, a string or a number; a row may lack it.
    public var id: [String]

    /// Names the keys of each part.
    public init(
        question: [String], answer: [String], solution: [String] = ["solution"], id: [String] = ["id", "unique_id"]
    ) {
        self.question = question
        self.answer = answer
        self.solution = solution
        self.id = id
    }

    /// `question` or `problem`, `answer`, `solution`, `id` or `unique_id`: GSM8K, MATH and their kin.
    public static let automatic = ProblemFields(question: ["question", "problem"], answer: ["answer"])
}
