internal import TinyCheckpoint
internal import TinyFoundation
internal import TinyLearning
internal import TinyProblems
import TinyRecords

extension TrainingConfiguration {
    /// The settings with epochs turned into steps, which takes reading the training problems.
    ///
    /// - Throws: The error of a problem file or a model directory that cannot be used.
    func countingEpochs() throws -> TrainingConfiguration {
        epochs == nil ? self : resolvingEpochs(problems: try unitsOfEpoch())
    }

    /// The training problems, or packs of their solutions: these are counted by encoding every solution for the model's context,
    /// as the run does. (A learner in another process may have a shorter context, and more packs.)
    fileprivate func unitsOfEpoch() throws -> Int {
        guard supervised.packing else { return try RunProblems.trainingCount(self) }
        let model = try UnloadedModel(directory: self.model)
        let task = TrainingTask(
            problems: try RunProblems(self).training.problems, prompter: try model.prompter(of: self),
            endToken: model.endToken)
        return try SFTTrainer.unitsOfEpoch(
            task, supervised, contextLength: model.checkpoint.configuration.contextLength)
    }
}

/// Counts the epochs of many runs, reading what runs share once.
struct EpochCounts {
    /// The problems or packs of an epoch, by what decides them; `nil` where they cannot be counted.
    private var known: [[String?]: Int?] = [:]

    /// The settings with epochs turned into steps; `nil` where the problems cannot be read, which fails the run later.
    mutating func resolved(_ configuration: TrainingConfiguration) -> TrainingConfiguration? {
        guard configuration.epochs != nil else { return configuration }
        let supervised = configuration.supervised, evaluation = configuration.evaluation
        var asked: [String?] = [configuration.train, evaluation.validationFile, "\(evaluation.validationProblems)"]
        if supervised.packing {
            asked += [
                configuration.model, configuration.promptStyle, supervised.solutions.rawValue,
                supervised.maxLength.map { "\($0)" },
            ]
        }
        let units = known[asked] ?? (try? configuration.unitsOfEpoch())
        known[asked] = .some(units)
        return units.map(configuration.resolvingEpochs)
    }
}
