public import TinyProblems
import TinyFoundation

/// What a run trains on: problems, how they become prompts, what ends an answer, and who grades it.
public struct TrainingTask: Sendable {
    /// Problems to train on, in file order.
    public var problems: [Problem]
    /// How a question becomes a prompt.
    public var prompter: Prompter
    /// Tokens that end a completion.
    public var stopTokens: [Int]
    /// The token that supervised training adds to every solution, so that the model learns to stop; `nil` adds none.
    public var endToken: Int?
    /// Grades completions. Supervised training does not use it.
    public var reward: any Reward

    /// Makes a task from its parts.
    public init(
        problems: [Problem], prompter: Prompter, stopTokens: [Int] = [], endToken: Int? = nil,
        reward: any Reward = FinalAnswerReward()
    ) {
        self.problems = problems
        self.prompter = prompter
        self.stopTokens = stopTokens
        self.endToken = endToken
        self.reward = reward
    }

    /// The prompt of a problem.
    ///
    /// - Throws: ``TrainingError`` with code `unusablePrompt` when it cannot be made; the run does not start then.
    func prompt(of problem: Problem) throws(TrainingError) -> Prompt {
        do throws(ProblemError) {
            return try prompter.prompt(for: problem)
        } catch {
            throw TrainingError(
                .unusablePrompt, "problem \(problem.id): \(error.message)", hint: error.hint, underlying: error)
        }
    }
}
