package import TinyEngine
package import TinyProblems

/// A problem's prompt, which is given, and its worked solution, which is learnt.
package struct SupervisedExample: Sendable {
    /// Token ids; the completion ends with the token that ends a text, unless it was cut.
    package let sequence: ScoredSequence
    /// Whether the end was cut off for want of room.
    package let isTruncated: Bool

    /// Tokens of both parts.
    package var tokenCount: Int { sequence.prompt.count + sequence.completion.count }
}

/// Turns problems into examples.
package struct SupervisedEncoder: Sendable {
    private let prompter: Prompter
    private let endToken: Int?
    /// Most tokens of an example.
    package let maxLength: Int

    /// Makes an encoder.
    ///
    /// - Parameters:
    ///   - prompter: How a question becomes a prompt.
    ///   - endToken: Follows every solution, so that the model learns to stop; `nil` adds nothing.
    ///   - maxLength: Most tokens of an example, prompt included.
    package init(prompter: Prompter, endToken: Int?, maxLength: Int) {
        self.prompter = prompter
        self.endToken = endToken
        self.maxLength = maxLength
    }

    /// The example of a problem. What is longer than ``maxLength`` is cut at the end, as TRL does.
    ///
    /// - Throws: ``TrainingError`` with code `noSolution`, `unusablePrompt`, or `promptTooLong` when no token of the solution would be left.
    package func example(of problem: Problem) throws(TrainingError) -> SupervisedExample {
        guard problem.isSolved, let solution = problem.solution else {
            throw TrainingError(
                .noSolution, "problem \(problem.id) has no worked solution",
                hint: "every row to learn from needs a \"solution\"; reinforcement learning does with answers alone")
        }
        let made = try prompter.promptToTrain(on: problem)
        let prompt = made.tokens
        let completion = prompter.tokens(of: solution, after: made) + [endToken].compactMap(\.self)
        guard !prompt.isEmpty, prompt.count < maxLength, !completion.isEmpty else {
            throw TrainingError(
                .promptTooLong,
                "the prompt of problem \(problem.id) has \(prompt.count) tokens, expected 1 to \(maxLength - 1)",
                hint: "with its solution it must fit into max_length and the model's context")
        }
        let room = maxLength - prompt.count
        return SupervisedExample(
            sequence: ScoredSequence(prompt: prompt, completion: Array(completion.prefix(room))),
            isTruncated: completion.count > room)
    }
}

extension Problem {
    /// Whether there is a worked solution with something in it.
    var isSolved: Bool { solution.map { !$0.allSatisfy(\.isWhitespace) } ?? false }
}
