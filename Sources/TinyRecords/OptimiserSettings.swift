import TinyFoundation

/// How the loss is minimised: AdamW and its learning rate.
///
/// Source of the names: `TrainingArguments` of Hugging Face transformers.
public struct OptimiserSettings: Sendable, Equatable {
    /// Peak learning rate. Range: greater than 0. Key `learning_rate`.
    public var learningRate = 0.05
    /// How it changes over the run. Key `lr_scheduler_type`.
    public var schedule = ScheduleKind.constant
    /// Steps in which it rises from 0 to the peak. Range: `0...`. Key `warmup_steps`.
    public var warmupSteps = 0
    /// Longest gradient (Euclidean norm) that is applied unshortened; `nil` never shortens. Range: greater than 0.
    /// Key `max_grad_norm`.
    public var maxGradientNorm: Double?
    /// Memory of the mean gradient. Range: `[0, 1)`. Key `adam_beta1`.
    public var beta1 = 0.9
    /// Memory of the mean squared gradient. Range: `[0, 1)`. Key `adam_beta2`.
    public var beta2 = 0.999
    /// Keeps the division by the root of the mean square finite. Range: greater than 0. Key `adam_epsilon`.
    public var epsilon = 1e-8
    /// Share of a number that is taken off per step and unit of learning rate. Range: `0...`. Key `weight_decay`.
    public var weightDecay = 0.0

    /// Constant rate, no shortening, no decay.
    public init() {}

    static let fields: [SettingField] = [
        .init("learning_rate", \.optimiser.learningRate), .init(choice: "lr_scheduler_type", \.optimiser.schedule),
        .init("warmup_steps", \.optimiser.warmupSteps), .init("max_grad_norm", \.optimiser.maxGradientNorm),
        .init("adam_beta1", \.optimiser.beta1),
        .init("adam_beta2", \.optimiser.beta2), .init("adam_epsilon", \.optimiser.epsilon),
        .init("weight_decay", \.optimiser.weightDecay),
    ]

    func check(_ rules: inout Rules, steps: Int) {
        rules.require(positive: learningRate, "learning_rate")
        rules.require(
            (0...max(0, steps)).contains(warmupSteps), "warmup_steps",
            "is \(warmupSteps), must be from 0 to \(max(0, steps)) (max_steps)")
        rules.require(positive: maxGradientNorm, "max_grad_norm")
        rules.require(fraction: beta1, below1: true, "adam_beta1")
        rules.require(fraction: beta2, below1: true, "adam_beta2")
        rules.require(positive: epsilon, "adam_epsilon")
        rules.require(notNegative: weightDecay, "weight_decay")
    }
}

/// How the learning rate changes after the warm-up.
public enum ScheduleKind: String, Sendable, Codable, CaseIterable {
    /// Not at all.
    case constant
    /// Falls in a straight line to 0.
    case linear
    /// Falls along half a cosine wave to 0.
    case cosine
}
