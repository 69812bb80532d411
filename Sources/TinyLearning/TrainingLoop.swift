// Training of an adapter's numbers: algorithms, optimiser, the directory of a run.
//
// This target does not know: models, weights, adapters' structure, processors, tokenizers' files, terminals. It sees a sampler,
// a learner, problems with a reward, and records.

public import TinyRecords
import TinyFoundation

/// Takes a trainer through all steps of a run: evaluates, writes every step before the next begins, goes on where a run
/// stopped, and tells what happens.
///
/// Everything depends only on the trainer: the same inputs give the same bits, resumed or not.
///
/// ```swift
/// let task = TrainingTask(
///     problems: problems, prompter: Prompter(style: .abacus, codec: tokenizer), stopTokens: [2],
///     reward: FinalAnswerReward())
/// let trainer = try GRPOTrainer(sampler: engine, learner: engine, task: task, configuration: configuration)
/// let result = try await TrainingLoop(trainer) { event in … }.run()
/// result.stored                   // the adapter's numbers, as every forward pass used them
/// ```
public struct TrainingLoop: Sendable {
    /// Evaluates the adapter's stored numbers after a step; step 0 with `nil` is the base model.
    public typealias Evaluation = @Sendable (_ step: Int, _ adapter: [Float]?) async throws -> EvaluationRecord

    private let trainer: any Trainer
    private let evaluations: [(split: EvaluationSplit, evaluate: Evaluation)]
    private let report: @Sendable (TrainingEvent) -> Void
    private var configuration: TrainingConfiguration { trainer.configuration }
    /// Whether the adapter before the first step is the base model's to evaluate.
    private var startsUntrained: Bool { configuration.initialAdapter == nil }

    /// Describes a run.
    ///
    /// - Parameters:
    ///   - trainer: How a step is made.
    ///   - evaluation: Called before and after training, and every ``EvaluationSettings/interval`` steps; `nil` leaves
    ///     evaluation out, as does ``EvaluationSettings/problems`` of 0.
    ///   - validation: Called at the same steps for the problems by which settings are chosen; `nil` leaves it out, as does
    ///     ``EvaluationSettings/validationProblems`` of 0.
    ///   - report: Called with everything that happens, from any thread.
    public init(
        _ trainer: any Trainer, evaluation: Evaluation? = nil, validation: Evaluation? = nil,
        report: @escaping @Sendable (TrainingEvent) -> Void = { _ in }
    ) {
        self.trainer = trainer
        let settings = trainer.configuration.evaluation
        var evaluations: [(split: EvaluationSplit, evaluate: Evaluation)] = []
        if let evaluation, settings.problems != 0 { evaluations.append((.test, evaluation)) }
        if let validation, settings.validationProblems != 0 { evaluations.append((.validation, validation)) }
        self.evaluations = evaluations
        self.report = report
    }

    /// Trains from the beginning or from where a run stopped.
    ///
    /// - Parameters:
    ///   - directory: Where each step is written before the next begins; `nil` writes nothing.
    ///   - progress: What ``RunDirectory/begin(configuration:manifest:)`` found.
    /// - Throws: ``TrainingError`` when a number stops being finite, whatever the engine and the directory throw, and
    ///   `CancellationError`. All finished steps are in the directory then.
    public func run(
        in directory: (any TrainingRecorder)? = nil, from progress: RunProgress = RunProgress()
    ) async throws -> TrainingResult {
        var state = try startingState(progress)
        var history = progress.steps.map(\.metrics)
        var records = progress.evaluations
        report(.started(steps: configuration.steps, resumedAfter: progress.steps.count))

        func evaluate(after step: Int, parameters: [Float]) async throws {
            guard isEvaluated(after: step) else { return }
            for (split, evaluate) in evaluations
            where !records.contains(where: { $0.step == step && $0.split == split }) {
                report(.evaluating(step: step))
                var record = try await evaluate(step, step == 0 && startsUntrained ? nil : trainer.stored(parameters))
                record.step = step
                record.split = split
                try directory?.append(record)
                records.append(record)
                report(.evaluated(record))
            }
        }

        try await evaluate(after: 0, parameters: state.parameters)
        for record in progress.steps {
            let isLast = record.step == progress.steps.count
            if let parameters = record.state?.parameters ?? (isLast ? state.parameters : nil) {
                try await evaluate(after: record.step, parameters: parameters)
            }
        }
        var step = progress.steps.count
        while step < configuration.steps {
            try Task.checkCancellation()
            step += 1
            let finished = try await trainer.makeStep(step, from: state, after: history.last, report: report)
            let record = StepRecord(
                step: step, metrics: finished.metrics, state: finished.state, time: finished.time)
            try directory?.append(record, samples: finished.samples, savesState: isSaved(after: step))
            state = finished.state
            history.append(finished.metrics)
            report(.stepFinished(record))
            for warning in trainer.warnings(after: history) { report(.warning(warning)) }
            try await evaluate(after: step, parameters: state.parameters)
        }
        return TrainingResult(
            state: state, stored: trainer.stored(state.parameters), metrics: history, evaluations: records)
    }

    private func isEvaluated(after step: Int) -> Bool {
        if step == 0 || step == configuration.steps { return true }
        return configuration.evaluation.interval.map { step % $0 == 0 } ?? false
    }

    /// Whether a state that is too large for its step's line is written after a step.
    private func isSaved(after step: Int) -> Bool {
        step == configuration.steps || step % configuration.checkpointInterval == 0
    }

    private func startingState(_ progress: RunProgress) throws(TrainingError) -> TrainingState {
        let start = trainer.startingState()
        guard let last = progress.state else { return start }
        for (name, mine, theirs) in [
            ("trained numbers", start.parameters.count, last.parameters.count),
            ("first moments", start.firstMoment.count, last.firstMoment.count),
            ("second moments", start.secondMoment.count, last.secondMoment.count),
        ] where mine != theirs {
            throw TrainingError(
                .unusableState,
                "step \(progress.steps.count) of the run has \(theirs) \(name), the adapter has \(mine)")
        }
        return last
    }
}

/// Result of a run.
public struct TrainingResult: Sendable {
    /// The trained numbers in full precision, and the optimiser's memory.
    public var state: TrainingState
    /// The trained numbers as the adapter stores them, which is what every forward pass used.
    public var stored: [Float]
    /// Metrics of every step, those before a resumption included.
    public var metrics: [StepMetrics]
    /// Every evaluation, the base model's first.
    public var evaluations: [EvaluationRecord]
}
