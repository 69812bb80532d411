/// One answer of an evaluation, to be read by people: a line of `evaluation-samples.jsonl`.
public struct EvaluationSampleRecord: Record {
    /// Training step whose adapter answered; 0 is the base model.
    public var step: Int
    /// Id of the problem.
    public var problem: String
    /// What was asked.
    public var question: String
    /// The right answer.
    public var answer: String
    /// What the model wrote.
    public var completion: String
    /// The answer that was found in it; `nil` when none was.
    public var extracted: String?
    /// Whether it is right in the asked-for format.
    public var strict: Bool
    /// Its score, where the grader gives scores.
    public var score: Double?

    /// Makes a record from its parts.
    public init(
        step: Int, problem: String, question: String, answer: String, completion: String, extracted: String?,
        strict: Bool, score: Double? = nil
    ) {
        self.step = step
        self.problem = problem
        self.question = question
        self.answer = answer
        self.completion = completion
        self.extracted = extracted
        self.strict = strict
        self.score = score
    }
}
