internal import TinyLearning
public import TinyRecords

/// What a run will take, before anything is read: counts that follow from the settings alone.
public struct RunEstimate: Sendable, Equatable, Encodable {
    /// Steps; `nil` when they depend on how many training problems there are.
    public let steps: Int?
    /// Completions that one step learns from, or worked solutions, or packs of these; where the size of a population is not known,
    /// those of the smallest.
    public let completionsPerStep: Int
    /// The same of all steps; `nil` where the steps or the size of a population are not known.
    public let completions: Int?
    /// Completions that all steps sample at most: with dynamic sampling, those of all rounds that a step may take.
    public let completionsAtMost: Int?
    /// Tokens of all steps if every completion is as long as it may be, and ``completionsAtMost`` are sampled; of worked solutions,
    /// prompts included, and `nil` where only the model's context limits them.
    public let tokensAtMost: Int?
    /// Work of all steps, relative to other runs: tokens sampled or differentiated, completions as long as they may be and one round
    /// of sampling a step, with the evaluations between steps. The unit means nothing.
    public let stepsCost: Double
    /// Work of the evaluation before the first step, and of that after the last, in the same unit.
    public let evaluationCost: Double

    /// Work of the whole run.
    public var cost: Double { stepsCost + 2 * evaluationCost }

    /// Counts what a configuration asks for.
    ///
    /// - Parameter numbers: Trained numbers, from which the size of a population may follow; `nil` takes what the settings say
    ///   without the model.
    public init(_ configuration: TrainingConfiguration, numbers: Int? = nil) {
        let numbers = numbers ?? configuration.adapter.knownNumbers
        let rollout = configuration.rollout, evaluation = configuration.evaluation
        let isSampled = configuration.algorithm != .sft
        let perStep =
            isSampled ? configuration.completionsPerStep(numbers: numbers ?? 1) : configuration.problemsPerStep
        let isCounted =
            !configuration.algorithm.isEvolution || configuration.evolution.populationSize != nil || numbers != nil
        steps = configuration.epochs == nil ? configuration.steps : nil
        completionsPerStep = perStep
        completions = isCounted ? steps.map { product($0, perStep) } : nil
        let rounds = rollout.replacesEqualGroups ? rollout.maxRounds : 1
        completionsAtMost = completions.map { product($0, rounds) }
        let length = isSampled ? rollout.maxTokens : configuration.supervised.maxLength
        tokensAtMost = completionsAtMost.flatMap { count in length.map { product(count, $0) } }

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
        case completionsAtMost = "completions_at_most"
        case tokensAtMost = "tokens_at_most"
    }
}

extension TrainingConfiguration {
    /// Completions that one member of a population samples in a step; all of them for other algorithms.
    var completionsOfMember: Int { product(rollout.problemsPerStep, rollout.groupSize) }

    /// Completions of one step, in one round of sampling.
    ///
    /// - Parameter numbers: Trained numbers, from which the size of a population follows unless it is set.
    func completionsPerStep(numbers: Int) -> Int {
        guard algorithm.isEvolution else { return completionsOfMember }
        let size = evolution.populationSize ?? CMAESConstants.populationSize(numbers: max(1, numbers))
        return product(completionsOfMember, algorithm == .openES ? size + size % 2 : size)
    }
}

extension AdapterSettings {
    /// Trained numbers, where they do not depend on the model.
    fileprivate var knownNumbers: Int? {
        parameters ?? (method == .tinyLoRA && tying == nil ? Self.usualParameters : nil)
    }
}

/// A product that stops at the largest number instead of trapping.
private func product(_ a: Int, _ b: Int) -> Int {
    let (value, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? .max : value
}
