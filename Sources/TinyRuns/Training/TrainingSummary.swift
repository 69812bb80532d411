internal import Foundation
internal import TinyAdapter
internal import TinyFoundation
internal import TinyLearning
public import TinyRecords

/// The numbers of a finished run, as in its `result.json`. Keys are in snake case.
public struct TrainingSummary: Record {
    /// Trained parameters.
    public let trainedParameters: Int
    /// Bytes of their values in the adapter.
    public let adapterBytes: Int
    /// Strict accuracy on test problems before training, in `[0, 1]`.
    public let accuracyBefore: Double?
    /// The same after training.
    public let accuracyAfter: Double?
    /// 95 % interval of ``accuracyBefore``, low then high.
    public let intervalBefore: [Double]?
    /// 95 % interval of ``accuracyAfter``, low then high.
    public let intervalAfter: [Double]?
    /// Lenient accuracy before training.
    public let lenientBefore: Double?
    /// The same after training.
    public let lenientAfter: Double?
    /// Strict accuracy on validation problems before training.
    public let validationBefore: Double?
    /// The same after training.
    public let validationAfter: Double?
    /// Mean score on test problems before training, where the grader gives scores.
    public let scoreBefore: Double?
    /// The same after training.
    public let scoreAfter: Double?
    /// 95 % interval of ``scoreBefore``, low then high.
    public let scoreIntervalBefore: [Double]?
    /// 95 % interval of ``scoreAfter``, low then high.
    public let scoreIntervalAfter: [Double]?
    /// Mean score on validation problems after training, where the grader gives scores.
    public let validationScoreAfter: Double?
    /// Test problems.
    public let problems: Int?
    /// Test problems that are also training problems; `nil` for none.
    public let overlap: Int?
    /// Seconds of all steps.
    public let trainingSeconds: Double
    /// Processor time of all steps, all threads together; `nil` where a step's record does not say.
    public let cpuSeconds: Double?
    /// Tokens of prompts and completions per second of training.
    public let tokensPerSecond: Double
    /// Share of the completions that had already ended, as a mean over the time of sampling; `nil` where none are sampled.
    public let idleShare: Double?
    /// The adapter's file.
    public let adapter: String
    /// The run's directory.
    public let run: String

    init(adapter: AdapterFile, path: String, run: String, result: TrainingResult, overlap: Int?, times: [StepTime]) {
        let tests = result.evaluations.filter { $0.split == .test }
        let validations = result.evaluations.filter { $0.split == .validation }
        let before = tests.first { $0.step == 0 }, after = tests.last { $0.step != 0 }
        trainedParameters = adapter.design.parameterCount
        adapterBytes = adapter.valuesByteCount
        accuracyBefore = before?.strict
        accuracyAfter = after?.strict
        intervalBefore = before?.interval
        intervalAfter = after?.interval
        lenientBefore = before?.lenient
        lenientAfter = after?.lenient
        validationBefore = validations.first { $0.step == 0 }?.strict
        let validation = validations.last { $0.step != 0 }
        validationAfter = validation?.strict
        scoreBefore = before?.score
        scoreAfter = after?.score
        scoreIntervalBefore = before?.scoreInterval
        scoreIntervalAfter = after?.scoreInterval
        validationScoreAfter = validation?.score
        problems = after?.problems
        self.overlap = overlap
        let seconds = times.reduce(0) { $0 + $1.seconds }
        trainingSeconds = seconds
        let used = times.compactMap(\.cpuSeconds)
        cpuSeconds = used.count == times.count ? used.reduce(0, +) : nil
        tokensPerSecond = seconds > 0 ? Double(result.metrics.last?.numTokens ?? 0) / seconds : 0
        idleShare = Self.idleShare(times)
        self.adapter = path
        self.run = run
    }

    /// The mean over all time of sampling.
    private static func idleShare(_ times: [StepTime]) -> Double? {
        let sampled = times.filter { $0.idleShare != nil }, seconds = sampled.reduce(0) { $0 + $1.rolloutSeconds }
        return seconds > 0 ? sampled.reduce(0) { $0 + ($1.idleShare ?? 0) * $1.rolloutSeconds } / seconds : nil
    }

    private enum CodingKeys: String, CodingKey {
        case problems, overlap, adapter, run
        case trainedParameters = "trained_parameters"
        case adapterBytes = "adapter_bytes"
        case accuracyBefore = "accuracy_before"
        case accuracyAfter = "accuracy_after"
        case intervalBefore = "interval_before"
        case intervalAfter = "interval_after"
        case lenientBefore = "lenient_before"
        case lenientAfter = "lenient_after"
        case validationBefore = "validation_before"
        case validationAfter = "validation_after"
        case scoreBefore = "score_before"
        case scoreAfter = "score_after"
        case scoreIntervalBefore = "score_interval_before"
        case scoreIntervalAfter = "score_interval_after"
        case validationScoreAfter = "validation_score_after"
        case trainingSeconds = "training_seconds"
        case cpuSeconds = "cpu_seconds"
        case tokensPerSecond = "tokens_per_second"
        case idleShare = "idle_share"
    }
}
