/// One completion of a training step, for people to read.
public struct SampleRecord: Record {
    /// Step that sampled it.
    public var step: Int
    /// Name of its problem.
    public var problem: String
    /// Position in its group.
    public var sample: Int
    /// What was asked.
    public var question: String
    /// The right answer.
    public var answer: String
    /// What the model wrote, without the stop token.
    public var completion: String
    /// The answer found in it; `nil` when there was none.
    public var extracted: String?
    /// Whether the answer is right in the asked-for format.
    public var strict: Bool
    /// Whether the answer is right, wherever it is.
    public var lenient: Bool
    /// What it was rewarded with, a penalty on its length included; `nil` in records of older versions.
    public var reward: Double?
    /// Its advantage in the loss.
    public var advantage: Double
    /// Tokens, the stop token included.
    public var tokens: Int
    /// Why it ended: `endOfText`, `stopText`, `tokenLimit` or `contextFull`.
    public var stop: String
    /// The engine that sampled it, where that was another process.
    public var engine: String?

    /// Makes a record from its parts.
    public init(
        step: Int, problem: String, sample: Int, question: String, answer: String, completion: String,
        extracted: String?, strict: Bool, lenient: Bool, reward: Double?, advantage: Double, tokens: Int, stop: String,
        engine: String? = nil
    ) {
        self.step = step
        self.problem = problem
        self.sample = sample
        self.question = question
        self.answer = answer
        self.completion = completion
        self.extracted = extracted
        self.strict = strict
        self.lenient = lenient
        self.reward = reward
        self.advantage = advantage
        self.tokens = tokens
        self.stop = stop
        self.engine = engine
    }
}
