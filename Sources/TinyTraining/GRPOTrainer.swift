public import TinyPolicy
public import TinyProblems
public import TinyRecords
import TinyTensor

/// Trains the numbers of an adapter with policy gradients: GRPO and its relatives, as ``LossSettings`` says.
///
/// Each step samples a group of completions for a few problems, works out how much better each did than could be expected,
/// and moves the numbers against the gradient of the loss.
///
/// With dynamic sampling a step uses up as many problems as it needs. How many the run has used is kept in the state, under
/// `problems_drawn`, so that a resumed run goes on with the same ones.
public struct GRPOTrainer: Trainer {
    let policy: any Policy
    /// The run's settings.
    public let configuration: TrainingConfiguration
    let problems: [Problem]
    let prompter: Prompter
    let reward: any Reward
    let sampling: SamplingParameters
    let order: ProblemOrder
    let schedule: LearningRateSchedule
    /// Prompts of the rows that the run uses.
    let prompts: [Int: [Int]]

    /// Checks everything that can be checked before the first token is sampled.
    ///
    /// - Parameters:
    ///   - policy: The model with a place for an adapter.
    ///   - configuration: The run's settings.
    ///   - problems: What to train on, in file order.
    ///   - prompter: How a question becomes a prompt.
    ///   - stopTokens: Tokens that end a completion.
    ///   - reward: Grades completions.
    /// - Throws: ``TrainingError`` with code `invalidConfiguration`, `noProblems`, `promptTooLong` or `unusablePrompt`.
    public init(
        policy: any Policy, configuration: TrainingConfiguration, problems: [Problem],
        prompter: Prompter, stopTokens: [Int], reward: any Reward
    ) throws(TrainingError) {
        let broken = configuration.problems()
        guard broken.isEmpty else { throw TrainingError(.invalidConfiguration, broken.joined(separator: "; ")) }
        guard !problems.isEmpty else { throw TrainingError(.noProblems, "there are no problems to train on") }
        let rollout = configuration.rollout
        self.policy = policy
        self.configuration = configuration
        self.problems = problems
        self.prompter = prompter
        self.reward = reward
        sampling = SamplingParameters(
            temperature: rollout.temperature, topK: rollout.topK, topP: rollout.topP, maxTokens: rollout.maxTokens,
            stopTokens: stopTokens)
        schedule = LearningRateSchedule(configuration.optimiser, steps: configuration.steps)
        order = ProblemOrder(count: problems.count, perStep: rollout.problemsPerStep, seed: configuration.seed)
        prompts = try Self.prompts(
            of: problems,
            rows: order.rows(from: 0, count: rollout.mostProblems(of: problems.count, steps: configuration.steps)),
            context: policy.contextLength, maxTokens: rollout.maxTokens, prompter: prompter)
    }

    /// Prompts of all rows that the run may use, each checked to leave room for its completion.
    static func prompts(
        of problems: [Problem], rows: [Int], context: Int, maxTokens: Int, prompter: Prompter
    ) throws(TrainingError) -> [Int: [Int]] {
        let room = context - maxTokens
        guard room >= 1 else {
            throw TrainingError(
                .promptTooLong,
                "max_completion_length \(maxTokens) leaves no room for a prompt in the model's context of \(context) tokens"
            )
        }
        var prompts: [Int: [Int]] = [:]
        for row in rows {
            let prompt = try prompter.promptToTrain(on: problems[row]).tokens
            guard !prompt.isEmpty, prompt.count <= room else {
                throw TrainingError(
                    .promptTooLong,
                    "the prompt of problem \(problems[row].id) has \(prompt.count) tokens, expected 1 to \(room)",
                    hint: "with max_completion_length \(maxTokens) it must fit into the model's context of \(context)")
            }
            prompts[row] = prompt
        }
        return prompts
    }

    /// The untrained adapter.
    public func startingState() -> TrainingState {
        var state = TrainingState(starting: policy.initialAdapter)
        if configuration.rollout.replacesEqualGroups { state.buffers[Self.problemsDrawn] = [0] }
        return state
    }

    /// Where the state keeps how many problems the run has used.
    static let problemsDrawn = "problems_drawn"

    /// Missing rewards, equal rewards, missing answers, missing room.
    public func warnings(after history: [StepMetrics]) -> [TrainingWarning] {
        TrainingWarning.due(after: history.compactMap(\.rollout), of: configuration.steps)
    }
}

extension Prompter {
    /// The prompt of a problem; what keeps it from being made keeps the run from starting.
    func promptToTrain(on problem: Problem) throws(TrainingError) -> Prompt {
        do throws(ProblemError) {
            return try prompt(for: problem)
        } catch {
            throw TrainingError(
                .unusablePrompt, "problem \(problem.id): \(error.message)", hint: error.hint, underlying: error)
        }
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
