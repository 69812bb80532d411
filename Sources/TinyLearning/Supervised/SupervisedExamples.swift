package import TinyEngine
import TinyFoundation
import TinyProblems
package import TinyRecords

/// A problem's prompt, which is given, and its worked solution, which is learnt.
package struct SupervisedExample: Sendable {
    /// Token ids; the completion ends with the token that ends a text, unless it was truncated.
    package let sequence: ScoredSequence
    /// Whether it was truncated at the end.
    package let isTruncated: Bool

    /// Tokens of both parts.
    package var tokenCount: Int { sequence.prompt.count + sequence.completion.count }
}

/// The examples that a run may come to learn from, and their order.
///
/// It needs the length of a context but no engine, so that a run can be checked before there is one.
struct SupervisedExamples: Sendable {
    /// Which examples each step trains on.
    let order: ExampleOrder
    /// Examples by the row of their problem.
    let byRow: [Int: SupervisedExample]
    /// Most tokens of an example.
    let maxLength: Int

    /// Checks the settings, and encodes the solutions.
    ///
    /// - Parameter contextLength: Most tokens of a sequence, prompt included.
    /// - Throws: ``TrainingError`` with code `invalidConfiguration`, `noProblems`, `noSolution`, `unusablePrompt` or
    ///   `promptTooLong`.
    init(
        _ task: TrainingTask, _ configuration: TrainingConfiguration, contextLength: Int
    ) throws(TrainingError) {
        let problems = task.problems, settings = configuration.supervised
        try configuration.check(problems: problems)
        let encoder = SupervisedEncoder(task: task, settings: settings, contextLength: contextLength)
        var examples: [Int: SupervisedExample] = [:]
        if settings.packing {  // which examples share a pack depends on the lengths of all
            for row in problems.indices { examples[row] = try encoder.example(ofRow: row) }
            order = ExampleOrder(
                packing: problems.indices.map { examples[$0]?.tokenCount ?? 0 }, capacity: encoder.maxLength,
                perStep: settings.examplesPerStep, seed: configuration.seed)
        } else {
            order = ExampleOrder(
                count: problems.count, perStep: settings.examplesPerStep, seed: configuration.seed)
            for row in order.usedRows(steps: configuration.steps) {
                examples[row] = try encoder.example(ofRow: row)
            }
        }
        byRow = examples
        maxLength = encoder.maxLength
    }
}

/// Turns problems into examples.
package struct SupervisedEncoder: Sendable {
    private let task: TrainingTask
    /// Most tokens of an example, prompt included.
    package let maxLength: Int

    /// Makes an encoder for the shorter of the settings' `max_length` and the model's context.
    package init(task: TrainingTask, settings: SupervisedSettings, contextLength: Int) {
        self.task = task
        maxLength = min(settings.maxLength ?? .max, contextLength)
    }

    /// The example of a row of the problems. What is longer than ``maxLength`` is cut at the end, as TRL does.
    ///
    /// - Throws: ``TrainingError`` with code `noSolution`, `unusablePrompt`, or `promptTooLong` when no token of the solution would be left.
    package func example(ofRow row: Int) throws(TrainingError) -> SupervisedExample {
        let problem = task.problems[row]
        guard problem.isSolved, let solution = problem.solution else {
            throw TrainingError(
                .noSolution, "\(task.place(ofRow: row)) has no worked solution",
                hint: "every row to learn from needs a \"solution\"; reinforcement learning does with answers alone")
        }
        let made = try task.prompt(of: problem)
        let prompt = made.tokens
        let completion = task.prompter.tokens(of: solution, after: made) + [task.endToken].compactMap(\.self)
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
