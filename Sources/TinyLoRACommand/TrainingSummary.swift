import TinyLoRA

/// What `tinylora train --json` prints, and `result.json` of a finished run holds.
struct TrainingSummary: Codable {
    let trainedParameters: Int
    let adapterBytes: Int
    let accuracyBefore: Double?
    let accuracyAfter: Double?
    let intervalBefore: [Double]?
    let intervalAfter: [Double]?
    let lenientBefore: Double?
    let lenientAfter: Double?
    let validationBefore: Double?
    let validationAfter: Double?
    let problems: Int?
    let trainingSeconds: Double
    let tokensPerSecond: Double
    let adapter: String
    let run: String

    init(adapter: AdapterFile, path: String, run: String, result: TrainingResult, seconds: Double) {
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
        validationAfter = validations.last { $0.step != 0 }?.strict
        problems = after?.problems
        trainingSeconds = seconds
        tokensPerSecond = seconds > 0 ? Double(result.metrics.last?.numTokens ?? 0) / seconds : 0
        self.adapter = path
        self.run = run
    }

    enum CodingKeys: String, CodingKey {
        case problems, adapter, run
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
        case trainingSeconds = "training_seconds"
        case tokensPerSecond = "tokens_per_second"
    }
}
