import TinyAdapter
import TinyCheckpoint
import TinyLearning
import TinyProblems
public import TinyRecords
import TinyFoundation

/// Checks that runs can start, as far as that can be known without their weights: the program of the grader, the adapter, the
/// problem files, the prompt style, that every prompt leaves space for its answer, and solutions where they are learned.
///
/// What is read for one run is kept for the next, so that the runs of a sweep on the same files cost little more than one.
///
/// ```swift
/// let checks = RunChecks()
/// for run in plan.runs { try checks.check(run.configuration) }
/// ```
public final class RunChecks {
    private var models: [String?: UnloadedModel] = [:]
    private var sets: [ProblemFiles: RunProblems] = [:]
    /// Settings that problems are checked with, as JSON.
    private var checked: Set<String> = []
    /// Problems or packs of an epoch, by the settings that decide them.
    private var unitsOfEpoch: [String: Int] = [:]

    /// Nothing read, nothing checked.
    public init() {}

    /// Checks a run with the code that prepares it.
    ///
    /// - Throws: What ``TrainingRun`` would throw.
    public func check(_ configuration: TrainingConfiguration) throws {
        try GraderChoice(configuration.grader).checkProgram()
        let model = try model(configuration.model)
        let design = try Self.design(of: configuration, for: model).design
        try EvolutionTrainer.check(configuration, count: design.parameterCount)
        let key = try Self.problemSettings(configuration).jsonLine()
        guard !checked.contains(key) else { return }
        try task(configuration).check(
            resolvingEpochs(configuration), contextLength: model.checkpoint.configuration.contextLength)
        checked.insert(key)
    }

    /// The settings with epochs turned into steps, which takes reading the training problems. A learner in another process may have
    /// a shorter context than the model, and more packs.
    ///
    /// - Throws: What ``TrainingRun`` would throw.
    func resolvingEpochs(_ configuration: TrainingConfiguration) throws -> TrainingConfiguration {
        guard configuration.epochs != nil else { return configuration }
        var deciding = Self.problemSettings(configuration)
        deciding.epochs = nil
        deciding.optimiser = OptimiserSettings()
        let key = try deciding.jsonLine()
        let units =
            try unitsOfEpoch[key]
            ?? task(configuration).unitsOfEpoch(
                configuration, contextLength: model(configuration.model).checkpoint.configuration.contextLength)
        unitsOfEpoch[key] = units
        return try configuration.resolvingEpochs(units: units)
    }

    /// The settings without those that no prompt and no solution depends on.
    private static func problemSettings(_ configuration: TrainingConfiguration) -> TrainingConfiguration {
        var settings = configuration
        settings.adapter = AdapterSettings()
        settings.loss = LossSettings()
        settings.evolution = EvolutionSettings()
        settings.initialAdapter = nil
        settings.arithmetic = nil
        // The steps of epochs must be enough for the warm-up.
        if settings.epochs == nil { settings.optimiser = OptimiserSettings() }
        return settings
    }

    /// The text and files of a model; Abacus's for `nil`.
    func model(_ directory: String?) throws -> UnloadedModel {
        if let known = models[directory] { return known }
        let model = try UnloadedModel(directory: directory)
        models[directory] = model
        return model
    }

    /// The problems of a run.
    func problems(_ configuration: TrainingConfiguration) throws -> RunProblems {
        let files = ProblemFiles(configuration)
        if let known = sets[files] { return known }
        let problems = try RunProblems(configuration)
        sets[files] = problems
        return problems
    }

    /// The problems of a run with its model.
    func task(_ configuration: TrainingConfiguration) throws -> RunTask {
        try RunTask(configuration, on: problems(configuration), of: model(configuration.model))
    }

    /// What is trained, and the adapter that it starts from. An adapter of another model is refused as such before its shapes are
    /// compared; that the model is the same is known from a hash of its weights, which is kept between calls.
    static func design(
        of configuration: TrainingConfiguration, for model: UnloadedModel
    ) throws -> (design: any AdapterDesign, initial: AdapterSource?) {
        guard let initial = try InitialAdapter(of: configuration)?.source else {
            return (try configuration.adapter.design(for: model.checkpoint.configuration), nil)
        }
        return (try model.adapter(from: initial).design, initial)
    }
}

/// All that decides which problems a configuration has.
private struct ProblemFiles: Hashable {
    let files: [String?]
    let counts: [Int?]
    let solutions: SolutionStyle
    let isAbacus: Bool

    init(_ configuration: TrainingConfiguration) {
        let evaluation = configuration.evaluation
        files = [configuration.train, configuration.eval, evaluation.validationFile]
        counts = [evaluation.problems, evaluation.validationProblems]
        solutions = configuration.supervised.solutions
        isAbacus = configuration.model == nil
    }
}
