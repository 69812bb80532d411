internal import Synchronization
internal import TinyEngine
internal import TinyLearning
internal import TinyProblems
internal import TinyRecords

/// Grades and evaluates for one run: before, while and after it is trained, on problems to test and to choose by.
///
/// The untrained model's answers may be known from another run; what is asked decides whether they are the same.
final class RunEvaluations: Sendable {
    private let configuration: TrainingConfiguration
    private let engines: RunEngines
    private let prompter: Prompter
    private let model: LoadedModel
    private let grader: GraderChoice
    private let untrained: UntrainedCache?
    private let run: RunDirectory
    private let report: @Sendable (RunEvent) -> Void
    private let results = Mutex<[Int: EvaluationResult]>([:])

    init(
        of configuration: TrainingConfiguration, _ engines: RunEngines, prompter: Prompter, model: LoadedModel,
        untrained: UntrainedCache?, run: RunDirectory, report: @escaping @Sendable (RunEvent) -> Void
    ) throws {
        self.configuration = configuration
        self.engines = engines
        self.prompter = prompter
        self.model = model
        grader = try GraderChoice(configuration.grader)
        // What a command or another engine says today need not be what it says tomorrow.
        self.untrained = grader.isCommand || !engines.samplesHere ? nil : untrained
        self.run = run
        self.report = report
    }

    /// The result on the test problems after a step; `nil` where they were not evaluated.
    func result(after step: Int) -> EvaluationResult? { results.withLock { $0[step] } }

    /// The evaluation on a set of problems.
    func evaluation(of set: ProblemSet, _ split: EvaluationSplit) throws -> TrainingLoop.Evaluation {
        let evaluator = Evaluator(
            sampler: engines.sampler, prompter: prompter,
            reward: grader.reward(
                for: set.problems, answerFormat: prompter.style.answerFormat,
                limit: .seconds(configuration.graderTimeout)),
            sampling: SamplingParameters(
                temperature: 0, maxTokens: configuration.rollout.maxTokens, stopTokens: model.stopTokens),
            // Each call's answers are kept, so that an interruption costs little; servers are to be asked for more at once.
            completionsPerCall: engines.samplesHere ? 64 : 512)
        let key = try UntrainedCache.key(
            model: model.fingerprint, arithmetic: model.arithmetic, set: set, prompter: prompter,
            sampling: evaluator.sampling,
            grader: grader.resolvedName(for: set.problems, answerFormat: prompter.style.answerFormat))
        try evaluator.check(set)
        let loss = try heldOutLoss(set)
        if let count = loss?.leftOut, count > 0 {
            report(
                .warning(
                    "the loss on \(set.name) leaves out \(count) solutions: their prompts alone are longer than max_length or "
                        + "the learner's context"))
        }
        return { [self] step, values in
            let answers = run.answers(split, after: step, by: values)
            let result = try await answer(set, by: evaluator, values: values, key: key, keptIn: answers)
            if let reason = result.samples.lazy.compactMap(\.grade.failure).first {
                report(
                    .warning(
                        "the grader failed on \(result.parsing.failed) completions of \(set.name), which count as wrong: "
                            + reason))
            }
            if split == .test { try keep(result, of: set, after: step) }
            var record = result.record(step: step, split: split)
            record.loss = try await loss?.measured(at: values)
            return record
        }
    }

    /// Asks the policy; the base model, with no values, only where its answers are not known.
    private func answer(
        _ set: ProblemSet, by evaluator: Evaluator, values: [Float]?, key: String,
        keptIn answers: Journal<EvaluatedSample>
    ) async throws -> EvaluationResult {
        if values == nil, let known = untrained?.result(key, of: set) { return known }
        // A file that is damaged, or of other problems, costs time and nothing else.
        let kept = ((try? answers.read()) ?? []).prefix(set.problems.count)
        let earlier = zip(kept, set.problems).allSatisfy({ $0.problem == $1.id && $0.sample == 0 }) ? Array(kept) : []
        try answers.keep(earlier.count)
        let result = try await evaluator.evaluate(set, adapter: values, after: earlier) { [report] in
            report(.evaluating($0, of: set.name))
        } record: {
            try answers.append($0)
        }
        run.forget(answers)
        if values == nil { untrained?.keep(result, as: key) }
        return result
    }

    /// Keeps a result for the summary, and answers from before and after training in the run's directory.
    private func keep(_ result: EvaluationResult, of set: ProblemSet, after step: Int) throws {
        results.withLock { $0[step] = result }
        guard step == 0 || step == configuration.steps else { return }
        let samples = result.sampleRecords(step: step, of: set, count: RunDirectory.keptEvaluationSamples)
        try run.write(samples, ofStep: step)
    }

    /// The loss on held-out solutions, where it is asked for and there are any.
    private func heldOutLoss(_ set: ProblemSet) throws -> HeldOutLoss? {
        guard configuration.measuresHeldOutLoss else { return nil }
        return try HeldOutLoss(
            learner: engines.learner,
            task: TrainingTask(
                problems: set.problems, prompter: prompter, endToken: model.endToken, path: set.path),
            settings: configuration.supervised)
    }
}
