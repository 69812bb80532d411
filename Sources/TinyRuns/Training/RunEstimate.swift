public import TinyRecords

/// What a run will take, before anything is read: counts that follow from the settings alone.
public struct RunEstimate: Sendable, Equatable, Encodable {
    /// Steps; `nil` when they depend on how many training problems there are.
    public let steps: Int?
    /// Completions of one step, or worked solutions, or packs of these.
    public let completionsPerStep: Int
    /// The same of all steps.
    public let completions: Int?
    /// Completion tokens of all steps if every completion is as long as it may be.
    public let tokensAtMost: Int?
    /// Work of all steps, relative to other runs: tokens sampled or differentiated at most, with the evaluations between steps. The
    /// unit means nothing.
    public let stepsCost: Double
    /// Work of the evaluation before the first step, and of that after the last, in the same unit.
    public let evaluationCost: Double

    /// Work of the whole run.
    public var cost: Double { stepsCost + 2 * evaluationCost }

    /// Counts what a configuration asks for.
    public init(_ configuration: TrainingConfiguration) {
        let rollout = configuration.rollout, evaluation = configuration.evaluation
        let isSampled = configuration.algorithm != .sft
        // A population whose size follows from the number of trained numbers has at least eight members.
        let perStep = isSampled ? configuration.completionsPerStep(members: 8) : configuration.problemsPerStep
        steps = configuration.epochs == nil ? configuration.steps : nil
        completionsPerStep = perStep
        completions = steps.map { product($0, perStep) }
        tokensAtMost = completions.map { product($0, rollout.maxTokens) }

        let guessed = configuration.resolvingEpochs(problems: Self.usualProblems).steps
        let steps = Double(configuration.epochs == nil ? configuration.steps : guessed)
        // A gradient costs about as much as sampling the same tokens.
        let passes: Double = configuration.algorithm.isPolicyGradient ? 2 : 1
        let training = steps * Double(perStep) * Double(rollout.maxTokens) * passes
        let evaluationsBetween = evaluation.interval.map { (steps / Double(max(1, $0))).rounded(.down) } ?? 0
        let problems = Double(evaluation.problems ?? Self.usualProblems) + Double(evaluation.validationProblems)
        evaluationCost = problems * Double(rollout.maxTokens)
        stepsCost = training + evaluationsBetween * evaluationCost
    }

    /// Problems of a file that nobody has opened yet.
    private static let usualProblems = 8000

    private enum CodingKeys: String, CodingKey {
        case steps, completions
        case completionsPerStep = "completions_per_step"
        case tokensAtMost = "tokens_at_most"
    }
}

extension TrainingConfiguration {
    /// Completions that one member of a population samples in a step; all of them for other algorithms.
    var completionsOfMember: Int { product(rollout.problemsPerStep, rollout.groupSize) }

    /// Completions that one step samples.
    ///
    /// - Parameter count: Members of a population whose size follows from the number of trained numbers.
    func completionsPerStep(members count: Int) -> Int {
        product(completionsOfMember, algorithm.isEvolution ? evolution.populationSize ?? count : 1)
    }
}

/// A product that stops at the largest number instead of trapping.
private func product(_ a: Int, _ b: Int) -> Int {
    let (value, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? .max : value
}
