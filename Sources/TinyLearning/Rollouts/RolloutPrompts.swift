import TinyFoundation
import TinyProblems
import TinyRecords

/// The prompts of the problems that a run may come to sample from, each checked to leave room for its completion.
///
/// It needs the length of a context but no engine, so that a run can be checked before there is one.
struct RolloutPrompts: Sendable {
    /// Which problems each step trains on.
    let order: ProblemOrder
    /// Token ids by the row of their problem.
    let byRow: [Int: [Int]]

    /// Checks the settings, and makes the prompts.
    ///
    /// - Parameter contextLength: Most tokens of a sequence, prompt included.
    /// - Throws: ``TrainingError`` with code `invalidConfiguration`, `noProblems`, `promptTooLong` or `unusablePrompt`.
    init(
        _ task: TrainingTask, _ configuration: TrainingConfiguration, contextLength: Int
    ) throws(TrainingError) {
        try configuration.check(problems: task.problems)
        let rollout = configuration.rollout, count = task.problems.count, maxTokens = rollout.maxTokens
        order = ProblemOrder(count: count, perStep: rollout.problemsPerStep, seed: configuration.seed)
        let room = contextLength - maxTokens
        guard room >= 1 else {
            throw TrainingError(
                .promptTooLong,
                "max_completion_length \(maxTokens) leaves no space for a prompt in the model's context of "
                    + "\(contextLength) tokens")
        }
        var prompts: [Int: [Int]] = [:]
        for row in order.rows(from: 0, count: rollout.mostProblems(of: count, steps: configuration.steps)) {
            let prompt = try task.prompt(of: task.problems[row]).tokens
            guard !prompt.isEmpty, prompt.count <= room else {
                throw TrainingError(
                    .promptTooLong,
                    "the prompt of problem \(task.problems[row].id) has \(prompt.count) tokens, expected 1 to \(room)",
                    hint: "with max_completion_length \(maxTokens) it must fit into the model's context of "
                        + "\(contextLength)")
            }
            prompts[row] = prompt
        }
        byRow = prompts
    }
}

extension TrainingConfiguration {
    /// Checks what every trainer needs before anything else: settings that hold together, and problems.
    ///
    /// - Throws: ``TrainingError`` with code `invalidConfiguration` or `noProblems`.
    func check(problems: [Problem]) throws(TrainingError) {
        let broken = self.violations()
        guard broken.isEmpty else { throw TrainingError(.invalidConfiguration, broken.joined(separator: "; ")) }
        guard !problems.isEmpty else { throw TrainingError(.noProblems, "there are no problems to train on") }
    }
}

extension RolloutSettings {
    /// How many of `count` problems a run may come to use.
    func mostProblems(of count: Int, steps: Int) -> Int {
        let rounds = replacesEqualGroups ? maxRounds : 1
        let most = Double(steps) * Double(problemsPerStep) * Double(rounds)
        return most < Double(count) ? Int(most) : count
    }
}
