import TinyEngine
import TinyLearning
import TinyProblems
import TinyRecords
import TinyFoundation

/// The problems of a run as its model reads them.
///
/// It needs the text of a model but none of its weights: a run that is made and one that is only checked have the same.
struct RunTask {
    /// What is trained and evaluated on.
    let problems: RunProblems
    /// How they become prompts.
    let prompter: Prompter
    /// What a trainer gets.
    let training: TrainingTask

    /// Takes problems together with a model.
    ///
    /// - Throws: `ProblemError` for a grader or a style that there is not, `TextError` and `TemplateError` for a model that cannot
    ///   make prompts.
    init(_ configuration: TrainingConfiguration, on problems: RunProblems, of model: some ModelText) throws {
        self.problems = problems
        prompter = try model.prompter(of: configuration)
        let reward = try GraderChoice(configuration.grader).reward(
            for: problems.training.problems, answerFormat: prompter.style.answerFormat,
            limit: .seconds(configuration.graderTimeout))
        training = TrainingTask(
            problems: problems.training.problems, prompter: prompter, stopTokens: model.stopTokens,
            endToken: model.endToken, reward: reward, path: problems.training.path)
    }

    /// The training problems of an epoch or, where solutions are packed, its packs: these are counted by encoding every solution.
    ///
    /// - Parameter contextLength: Most tokens of a sequence of whoever learns.
    /// - Throws: `TrainingError` for a solution that cannot be learned.
    func unitsOfEpoch(_ configuration: TrainingConfiguration, contextLength: Int) throws -> Int {
        configuration.algorithm == .sft
            ? try SFTTrainer.unitsOfEpoch(training, configuration.supervised, contextLength: contextLength)
            : training.problems.count
    }

    /// The settings with epochs turned into steps.
    ///
    /// - Parameter contextLength: Most tokens of a sequence of whoever learns.
    /// - Throws: ``RunError`` when the result breaks a rule, `TrainingError` for a solution that cannot be learned.
    func resolvingEpochs(_ configuration: TrainingConfiguration, contextLength: Int) throws -> TrainingConfiguration {
        guard configuration.epochs != nil else { return configuration }
        return try configuration.resolvingEpochs(units: unitsOfEpoch(configuration, contextLength: contextLength))
    }

    /// Checks, as the run does, that there is a prompt of every problem and space for an answer to it, and that there are solutions
    /// where they are learned.
    ///
    /// - Parameters:
    ///   - configuration: The settings, epochs resolved.
    ///   - contextLength: Most tokens of a sequence.
    /// - Throws: `TrainingError` for the problems to train on, ``RunError`` for those to evaluate on.
    func check(_ configuration: TrainingConfiguration, contextLength: Int) throws {
        try training.check(configuration, contextLength: contextLength)
        for set in [problems.test, problems.validation].compactMap(\.self) {
            _ = try prompter.prompts(for: set, contextLength: contextLength)
            if configuration.measuresHeldOutLoss {
                _ = try HeldOutLoss.sequences(heldOut(set), configuration.supervised, contextLength: contextLength)
            }
        }
    }

    /// A set that is not trained on, for the loss on its solutions.
    private func heldOut(_ set: ProblemSet) -> TrainingTask {
        TrainingTask(problems: set.problems, prompter: prompter, endToken: training.endToken, path: set.path)
    }
}

extension TrainingConfiguration {
    /// As ``resolvingEpochs(problems:)``.
    ///
    /// - Throws: ``RunError`` when the result breaks a rule.
    func resolvingEpochs(units: Int) throws(RunError) -> TrainingConfiguration {
        let resolved = resolvingEpochs(problems: units), broken = resolved.violations()
        guard broken.isEmpty else { throw RunError(.invalidValue, broken.joined(separator: "; ")) }
        return resolved
    }

    /// Whether evaluations measure the loss on solutions, of problems that have them.
    var measuresHeldOutLoss: Bool { algorithm == .sft && supervised.measuresHeldOutLoss }
}
