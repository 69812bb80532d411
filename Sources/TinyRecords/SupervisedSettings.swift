public import TinyFoundation

/// How worked solutions are learned by next-token prediction.
///
/// Source of the names: TRL's `SFTConfig`.
public struct SupervisedSettings: Sendable, Equatable {
    /// Solutions of one step or, with ``packing``, packs of ``maxLength`` tokens. Range: `1...`. Key `examples_per_step`.
    public var examplesPerStep = 32
    /// Whether a step takes as many solutions as fit into its packs, so that steps differ little in tokens.
    /// Key `packing`.
    public var packing = false
    /// Most tokens of an example, prompt included, and the size of a pack; what is longer loses its end. `nil` is the
    /// model's context, which is the limit in any case. Range: `2...`. Key `max_length`.
    public var maxLength: Int? = 1024
    /// How Abacus's own solutions are written; a problem file contains its solutions. Key `solutions`.
    public var solutions = SolutionStyle.sentences
    /// Whether an evaluation also measures the loss on held-out solutions. Key `eval_loss`.
    public var measuresHeldOutLoss = true

    /// Thirty-two solutions a step, each cut after 1024 tokens.
    public init() {}

    static let fields: [SettingField] = [
        .init("examples_per_step", \.supervised.examplesPerStep), .init("packing", \.supervised.packing),
        .init("max_length", \.supervised.maxLength),
        .init(choice: "solutions", \.supervised.solutions), .init("eval_loss", \.supervised.measuresHeldOutLoss),
    ]

    func check(_ rules: inout Rules) {
        rules.require(examplesPerStep, atLeast: 1, "examples_per_step")
        rules.require(examplesPerStep, atMost: Rules.mostOfAStep, "examples_per_step")
        rules.require(maxLength, atLeast: 2, "max_length", "; a prompt and a token to learn have two")
    }
}

extension TrainingConfiguration {
    /// The defaults of `sft`: a linear schedule, and gradients clipped to norm 1, as in
    /// transformers' `TrainingArguments`. The rate itself depends on what is trained, and stays as it is.
    mutating func applySupervisedDefaults() {
        optimiser.schedule = .linear
        optimiser.maxGradientNorm = 1
    }
}
