package import TinyPolicy
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
    private let style: PromptStyle
    private let codec: any TextCodec
    private let endToken: Int?
    /// Most tokens of an example.
    package let maxLength: Int

    /// Makes an encoder.
    ///
    /// - Parameters:
    ///   - style: How a question becomes a prompt.
    ///   - codec: Text to token ids.
    ///   - endToken: Follows every solution, so that the model learns to stop; `nil` adds nothing.
    ///   - maxLength: Most tokens of an example, prompt included.
    package init(style: PromptStyle, codec: any TextCodec, endToken: Int?, maxLength: Int) {
        self.style = style
        self.codec = codec
        self.endToken = endToken
        self.maxLength = maxLength
    }

    /// The example of a problem. What is longer than ``maxLength`` is cut at the end, as TRL does.
    ///
    /// - Throws: ``TrainingError`` with code `noSolution`, or `promptTooLong` when no token of the solution would be left.
    package func example(of problem: Problem) throws(TrainingError) -> SupervisedExample {
        guard problem.isSolved, let solution = problem.solution else {
            throw TrainingError(
                .noSolution, "problem \(problem.id) has no worked solution",
                hint: "every row to learn from needs a \"solution\"; reinforcement learning does with answers alone")
        }
        let text = style.prompt(for: problem)
        let prompt = codec.encode(text)
        let completion = codec.encode(continuation: continuation(solution, of: text)) + [endToken].compactMap(\.self)
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

/// The text that a model should write after a prompt: the solution, after a space unless the prompt ends in white space.
///
/// Word pieces carry the space in front of them, so a prompt that ends in `A:` is answered with ` 12+5=17.`; one that ends
/// with a line break, as turns of a chat do, is answered with `12+5=17.`.
package func continuation(_ solution: String, of prompt: String) -> String {
    let isSeparated = prompt.last?.isWhitespace ?? true
    return isSeparated || solution.first?.isWhitespace == true ? solution : " " + solution
}
