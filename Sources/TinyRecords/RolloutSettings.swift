import TinyFoundation

/// How the completions of a step are sampled.
public struct RolloutSettings: Sendable, Equatable {
    /// Problems of one step. Range: `1...`. Key `problems_per_step`.
    public var problemsPerStep = 16
    /// Completions of one problem, whose rewards are compared. Range: `2...`; `1...` with `advantage_estimator` `batch`, and
    /// for evolution strategies, where they are those of each member of the population. Key `num_generations`.
    public var groupSize = 8
    /// Most tokens of a completion. Range: `1...`. Key `max_completion_length`.
    public var maxTokens = 128
    /// Texts that end a completion and are not part of it, instead of those of the prompt style; `nil` keeps those. They must not
    /// be empty. Key `stop_strings`.
    public var stopTexts: [String]?
    /// Divides the logits, while sampling and while training. Range: `1e-6...`; for evolution strategies also 0, which
    /// takes the most likely token. Key `temperature`.
    public var temperature = 1.0
    /// Samples only from this many most likely tokens; `nil` from all. Range: `1...`. Key `top_k`.
    public var topK: Int?
    /// Samples from the most likely tokens that together reach this probability. Range: `(0, 1]`. Key `top_p`.
    public var topP = 1.0
    /// Whether groups whose rewards are all equal, which give no gradient, are replaced by groups of new problems.
    /// Key `dynamic_sampling`.
    public var replacesEqualGroups = false
    /// Most rounds of sampling in one step, the first included; groups that are equal then stay. Range: `2...`.
    /// Key `dynamic_sampling_max_rounds`.
    public var maxRounds = 10
    /// Whether completions that reached the token limit are left out of the loss; their rewards still count in advantages.
    /// Key `mask_truncated_completions`.
    public var masksTruncated = false
    /// Number of tokens before the token limit over which a penalty falls from 0 to -1; `nil` for no penalty.
    /// Range: `1..<max_completion_length`. Key `soft_overlong_cache`.
    public var overlongMargin: Int?
    /// Completions of each step that are written to the run's samples; `nil` writes all. Range: `0...`.
    /// Key `samples_per_step`.
    public var samplesPerStep: Int? = 4

    /// Completions of one step.
    public var completionsPerStep: Int { problemsPerStep * groupSize }

    /// Completions of one step that are written to the run's samples: ``samplesPerStep``, as far as there are so many. Of a
    /// population's, which are ``completionsPerStep`` for each member, there may be more.
    public var recordedSamples: Int { min(samplesPerStep ?? .max, completionsPerStep) }

    /// Sixteen problems of eight completions each, from the model's own distribution.
    public init() {}

    static let fields: [SettingField] = [
        .init("problems_per_step", \.rollout.problemsPerStep), .init("num_generations", \.rollout.groupSize),
        .init("max_completion_length", \.rollout.maxTokens), .init("stop_strings", \.rollout.stopTexts),
        .init("temperature", \.rollout.temperature),
        .init("top_k", \.rollout.topK),
        .init("top_p", \.rollout.topP), .init("dynamic_sampling", \.rollout.replacesEqualGroups),
        .init("dynamic_sampling_max_rounds", \.rollout.maxRounds),
        .init("mask_truncated_completions", \.rollout.masksTruncated),
        .init("soft_overlong_cache", \.rollout.overlongMargin), .init("samples_per_step", \.rollout.samplesPerStep),
    ]

    func check(_ rules: inout Rules, algorithm: Algorithm, comparing advantage: AdvantageKind) {
        rules.require(problemsPerStep, atLeast: 1, "problems_per_step")
        rules.require(problemsPerStep, atMost: Rules.mostOfAStep, "problems_per_step")
        rules.require(groupSize, atMost: Rules.mostOfAStep, "num_generations")
        if algorithm.isPolicyGradient && advantage != .batch {
            rules.require(groupSize, atLeast: 2, "num_generations", "; one completion has nothing to compare with")
        } else {
            rules.require(groupSize, atLeast: 1, "num_generations")
            rules.require(
                !algorithm.isPolicyGradient || problemsPerStep != 1 || groupSize != 1, "num_generations",
                "is \(groupSize), and one completion of one problem has nothing to compare with")
        }
        rules.require(maxTokens, atLeast: 1, "max_completion_length")
        if temperature == 0 {
            rules.require(
                !algorithm.isPolicyGradient, "temperature",
                "is 0, which is greedy; training needs completions that differ")
        } else {
            rules.require(
                SamplingLimits.allow(temperature: temperature), "temperature",
                "is \(temperature), must be \(SamplingLimits.leastTemperature) or more")
        }
        rules.require(
            !(stopTexts ?? []).contains(""), "stop_strings", "has an empty text, which would end every completion")
        rules.require(topK, atLeast: 1, "top_k")
        rules.require(topP > 0 && topP <= 1, "top_p", "is \(topP), must be greater than 0 and at most 1")
        rules.require(maxRounds, atLeast: 2, "dynamic_sampling_max_rounds")
        rules.require(
            !replacesEqualGroups || groupSize != 1, "dynamic_sampling",
            "is on, but with num_generations 1 every group is equal and would be replaced")
        if let overlongMargin {
            rules.require(
                overlongMargin >= 1 && overlongMargin < maxTokens, "soft_overlong_cache",
                "is \(overlongMargin), must be 1 or more and less than \(maxTokens) (max_completion_length)")
        }
        rules.require(samplesPerStep, atLeast: 0, "samples_per_step")
    }
}
