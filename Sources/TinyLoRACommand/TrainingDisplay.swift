import Foundation
import Synchronization
import TinyLoRA
import TinyFoundation

/// Turns the events of a run into lines for people.
final class TrainingDisplay: Sendable {
    private let configuration: TrainingConfiguration
    /// Most tokens of a completion: the token limit, or the context where that is shorter.
    private let mostTokens: Int
    private let console: Console
    private let timing: Mutex<Timing>

    private struct Timing {
        /// When the first step of this call began, and how many there were before.
        var start = ContinuousClock.now
        var firstStep = 0
        /// Times the sampling of an evaluation or a step.
        var sampling: SamplingClock
        /// When the gradients that are being computed began, and when the first completion had come as far as it is told.
        var gradientStart = ContinuousClock.now
        var gradientFirst = ContinuousClock.now
    }

    init(_ run: TrainingRun, console: Console) {
        configuration = run.configuration
        mostTokens = min(run.configuration.rollout.maxTokens, run.engines.sampler.contextLength)
        self.console = console
        timing = Mutex(Timing(sampling: SamplingClock(maxTokens: mostTokens)))
    }

    func header(_ run: TrainingRun) {
        let size = grouped(run.model.checkpoint.configuration.parameterCount), test = run.problems.test
        console.note("model      \(run.model.name) · \(size) parameters")
        console.note("arithmetic \(run.model.arithmetic.rawValue)")
        console.note("adapter    \(run.design.description) · \(configuration.adapter.elementType.rawValue)")
        for engine in run.engines.descriptions { console.note(left(engine.role, 11) + engine.name) }
        if let initial = run.initialFingerprint { console.note("start      \(initial)") }
        console.note(
            "problems   \(grouped(run.problems.training.problems.count)) of \(run.problems.training.name)"
                + (test.map { " · evaluated on \(grouped($0.problems.count)) of \($0.name)" } ?? " · no evaluation"))
        console.note("prompts    style \(run.promptStyle) · graded by \(run.grader)")
        let rate = configuration.algorithm == .cmaES ? "" : "learning rate \(configuration.optimiser.learningRate) · "
        console.note(
            "training   \(configuration.algorithm.rawValue.uppercased()) · \(counted(configuration.steps, "step")) of \(stepSize) · "
                + rate + "seed \(configuration.seed) · "
                + counted(run.threads, "thread"))
    }

    /// What there is before the first step.
    private var start: String { configuration.initialAdapter == nil ? "the base model" : "the initial adapter" }

    /// What a step is made of.
    private var stepSize: String {
        let rollout = configuration.rollout, supervised = configuration.supervised
        if isSupervised {
            let count = supervised.examplesPerStep
            return supervised.packing ? counted(count, "pack") + " of solutions" : counted(count, "solution")
        }
        let completions = "\(rollout.problemsPerStep) × \(rollout.groupSize) completions"
        guard configuration.algorithm.isEvolution else { return completions }
        return completions
            + (configuration.evolution.populationSize.map { " by each of \($0) members" } ?? " by each member")
    }

    /// What stands over the lines of steps.
    private var heading: String {
        if isSupervised { return "  step     loss    |grad|       rate      tokens   tok/s   elapsed      left" }
        if configuration.algorithm.isEvolution {
            return "  step   reward   tokens  entropy      best    |update|   tok/s   elapsed      left"
        }
        return "  step   reward   tokens  entropy    |grad|  max |Δlogp|   tok/s   elapsed      left"
    }

    func show(_ event: RunEvent) {
        switch event {
        case .training(let event): show(event)
        case .evaluating(let progress, let set):
            let pace = timing.withLock(\.sampling).pace(at: progress)
            console.progress("evaluating \(set)  \(progress.finished)/\(progress.total) answered · \(pace)")
        case .warning(let sentence): console.warn(sentence)
        }
    }

    private func show(_ event: TrainingEvent) {
        switch event {
        case .started(_, let done):
            timing.withLock { ($0.start, $0.firstStep) = (.now, done) }
            expectSampling()
            if done > 0 { console.note("resuming after step \(done)") }
        case .sampling(let step, let tokens, let finished, let completions):
            let pace = timing.withLock(\.sampling).pace(
                at: EvaluationProgress(
                    finished: finished, total: completions, tokens: tokens, settled: 0, settledTokens: 0,
                    running: completions))
            console.progress("step \(step)  sampling  \(finished)/\(completions) completions · \(pace)")
        case .differentiating(let step, _, let finished, let completions):
            let left = timeOfGradients(finished: finished, of: completions)
            console.progress(
                "step \(step)  gradients  \(finished)/\(completions) \(isSupervised ? "solutions" : "completions")"
                    + (left.map { " · \(clockTime($0)) left" } ?? ""))
        case .stepFinished(let record):
            showStep(record)
            expectSampling()
        case .warning(let warning): console.warn("\(warning)")
        case .evaluating(let step):
            console.progress("evaluating \(step == 0 ? start : "after step \(step)")")
            expectSampling()
        case .evaluated(let record):
            showEvaluation(record)
            expectSampling()
        }
    }

    private func showEvaluation(_ record: EvaluationRecord) {
        let when = record.step == 0 ? "before   " : "step \(column("\(record.step ?? 0)", 4))"
        let name = record.split == .validation ? "validation" : "accuracy"
        let loss = record.split == .validation ? nil : record.loss
        console.note(
            "\(when)  \(name) \(percent(record.strict, record.interval))"
                + (tellingScore(record.score, record.scoreInterval, beside: record.strict).map { " · score \($0)" }
                    ?? "")
                + (loss.map { String(format: " · loss %.4f", $0) } ?? ""))
        if record.step == 0 { timing.withLock { $0.start = .now } }
    }

    /// Times what is sampled next from now on.
    private func expectSampling() {
        timing.withLock { $0.sampling = SamplingClock(maxTokens: mostTokens) }
    }

    /// The seconds that the rest of an update's gradients will take; `nil` while nothing can be said.
    ///
    /// Completions are told in bunches, all those of a pass half-way through it. So the speed is that since the first bunch.
    private func timeOfGradients(finished: Int, of completions: Int) -> Double? {
        let now = ContinuousClock.now
        let (start, first) = timing.withLock { timing in
            if finished == 0 { timing.gradientStart = now }
            if finished <= 1 { timing.gradientFirst = now }
            return (timing.gradientStart, timing.gradientFirst)
        }
        guard finished > 1, now - first > (first - start) / 2 else { return nil }
        return (now - first) / .seconds(1) * Double(completions - finished) / Double(finished - 1)
    }

    private func showStep(_ record: StepRecord) {
        let (start, first) = timing.withLock { ($0.start, $0.firstStep) }
        if record.step == first + 1 { console.note(heading) }
        let seconds = (ContinuousClock.now - start) / .seconds(1), metrics = record.metrics
        let left = seconds / Double(record.step - first) * Double(configuration.steps - record.step)
        console.note(
            column("\(record.step)", 6) + measurements(metrics)
                + column(record.time.tokensPerSecond, 8, places: 0) + column(clockTime(seconds), 10)
                + column(clockTime(left), 10))
        if let rollout = metrics.rollout, let groups = rollout.discardedGroups, groups > 0,
            let tokens = rollout.discardedTokens
        {
            console.note(
                "        replaced \(grouped(groups)) groups of equal rewards (\(grouped(tokens)) tokens) in "
                    + "\(rollout.rounds ?? 1) rounds"
                    + (rollout.keptReward.map { String(format: " · reward of the kept ones %.3f", $0) } ?? ""))
        }
    }

    /// The columns that depend on the algorithm.
    private func measurements(_ metrics: StepMetrics) -> String {
        guard let rollout = metrics.rollout else {
            return column(metrics.loss, 9, places: 4) + column(metrics.gradientNorm, 10, places: 4)
                + column(metrics.learningRate, 11, places: 6) + column(grouped(metrics.numTokens), 12)
        }
        let sampled =
            column(rollout.reward, 9, places: 3) + column(rollout.lengthMean, 9, places: 1)
            + column(rollout.entropy, 9, places: 3)
        if let evolution = metrics.evolution {
            return sampled + column(evolution.fitnessBest, 10, places: 3) + column(evolution.updateNorm, 12, places: 4)
        }
        return sampled + column(metrics.gradientNorm, 10, places: 4)
            + column(metrics.policy?.samplingDifferenceMax ?? 0, 13, places: 1)
    }

    private var isSupervised: Bool { configuration.algorithm == .sft }

    /// The result, with one problem's answer before and after.
    func finish(_ run: TrainedRun) {
        let summary = run.summary
        if let before = run.before, let after = run.after { example(before, after) }
        if let accuracy = summary.accuracyBefore, let interval = summary.intervalBefore {
            let kind = summary.overlap == nil ? "held-out" : "test"
            console.say("before     \(percent(accuracy, interval)) of \(summary.problems ?? 0) \(kind) problems")
        }
        if let accuracy = summary.accuracyAfter, let interval = summary.intervalAfter {
            console.say("after      \(percent(accuracy, interval))")
        }
        let scores = [
            tellingScore(summary.scoreBefore, summary.scoreIntervalBefore, beside: summary.accuracyBefore),
            tellingScore(summary.scoreAfter, summary.scoreIntervalAfter, beside: summary.accuracyAfter),
        ]
        if scores.contains(where: { $0 != nil }), let after = summary.scoreAfter {
            let before = summary.scoreBefore.map { scoreText($0, summary.scoreIntervalBefore) + " before, " } ?? ""
            console.say("score      \(before)\(scoreText(after, summary.scoreIntervalAfter)) after")
        }
        if let before = run.before, let after = run.after,
            let pair = try? PairedComparison(before: before, after: after)
        {
            console.say(
                "changed    \(counted(pair.improved, "problem")) better, \(grouped(pair.worsened)) worse "
                    + "(McNemar \(pValuePhrase(pair.pValue)))")
        }
        console.say(
            "trained    \(grouped(summary.trainedParameters)) parameters · \(grouped(summary.adapterBytes)) bytes in "
                + configuration.adapter.elementType.rawValue)
        console.say(
            "time       \(clockTime(summary.trainingSeconds)) of training · "
                + "\(grouped(Int(summary.tokensPerSecond))) tokens/s"
                + (summary.idleShare.map { String(format: " · %.0f %% of a batch idle in sampling", 100 * $0) } ?? ""))
        console.say("adapter    \(summary.adapter)")
        console.say("run        \(summary.run)")
        console.say("serve      \(serveCommand) \(servedFiles(summary.run))")
    }

    /// The options that serve the run, and its name there.
    private func servedFiles(_ run: String) -> String {
        if configuration.adapter.method == .full { return "--model \(run)/model" }
        let place = URL(filePath: run), model = configuration.model.map { "--model \($0) " } ?? ""
        return
            "\(model)--adapters \(place.deletingLastPathComponent().relativePath) (\"model\": \"\(place.lastPathComponent)\")"
    }

    /// The command, where this build has it.
    private var serveCommand: String {
        #if Serve
            "tinylora serve"
        #else
            "swift run -c release --traits Serve tinylora serve"
        #endif
    }

    /// The first problem that the training turned from wrong to right.
    private func example(_ before: EvaluationResult, _ after: EvaluationResult) {
        guard let (old, new) = zip(before.samples, after.samples).first(where: { !$0.grade.strict && $1.grade.strict })
        else { return }
        console.say()
        console.say(new.prompt)
        console.say("  before:\(old.completion)")
        console.say("  after: \(new.completion)")
        console.say()
    }
}
