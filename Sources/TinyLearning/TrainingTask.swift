public import TinyProblems
import TinyFoundation
package import TinyRecords

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
    /// The file that the problems came from, row by row from its first line, for messages; `nil` for generated problems.
    public var path: String?

    /// Makes a task from its parts.
    public init(
        problems: [Problem], prompter: Prompter, stopTokens: [Int] = [], endToken: Int? = nil,
        reward: any Reward = FinalAnswerReward(), path: String? = nil
    ) {
        self.problems = problems
        self.prompter = prompter
        self.stopTokens = stopTokens
        self.endToken = endToken
        self.reward = reward
        self.path = path
    }

    /// Checks everything that a trainer checks before its first step, but for what only its engines know.
    ///
    /// - Parameters:
    ///   - configuration: The run's settings, epochs resolved.
    ///   - contextLength: Most tokens of a sequence, prompt included.
    /// - Throws: ``TrainingError``, as the trainer of the algorithm.
    package func check(_ configuration: TrainingConfiguration, contextLength: Int) throws(TrainingError) {
        if configuration.algorithm == .sft {
            _ = try SupervisedExamples(self, configuration, contextLength: contextLength)
        } else {
            _ = try RolloutPrompts(self, configuration, contextLength: contextLength)
        }
    }

    /// What messages call a row: its file and line, and its own id where it has one.
    func place(ofRow row: Int) -> String {
        let id = problems[row].id
        guard let path else { return "problem \(id)" }
        let place = "\(path):\(row + 1): the problem"
        return id == "\(row + 1)" ? place : "\(place) \(id)"
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
