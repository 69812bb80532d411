// Which settings a run uses. Files may hold others: the defaults of a sweep are for runs of several algorithms.

extension TrainingConfiguration {
    /// Why a setting has no effect in this run, as the end of a sentence that begins with its name; `nil` where it has one, or where
    /// a rule of ``violations()`` refuses it.
    ///
    /// ```swift
    /// TrainingConfiguration(.sft).unused("temperature")
    /// // "has no effect with sft; algorithms that sample completions use it"
    /// ```
    public func unused(_ key: String) -> String? {
        if let use = Self.uses.first(where: { $0.keys.contains(key) && !$0.isMet(self) }) {
            return
                "has no effect with \(use.isOfMethod ? adapter.method.rawValue : algorithm.rawValue); \(use.users) it"
        }
        return nil
    }

    /// Settings that not every run uses, what uses them, and whether a run does.
    private struct Use: Sendable {
        let keys: Set<String>
        let users: String
        var isOfMethod = false
        let isMet: @Sendable (TrainingConfiguration) -> Bool
    }

    /// Every key of which ``unused(_:)`` knows something.
    package static var keysOfSomeRuns: Set<String> { uses.reduce(into: []) { $0.formUnion($1.keys) } }

    private static let uses: [Use] = [
        Use(
            keys: [
                "loss_type", "advantage_estimator", "beta", "kl_estimator", "use_kl_in_reward", "epsilon",
                "epsilon_high", "delta", "importance_sampling_level", "importance_sampling_correction",
                "importance_sampling_clip_max", "importance_sampling_clip_min", "num_iterations", "dynamic_sampling",
                "dynamic_sampling_max_rounds", "mask_truncated_completions",
            ], users: "policy gradients, grpo to cispo, use", isMet: \.algorithm.isPolicyGradient),
        Use(
            keys: [
                "scale_rewards", "problems_per_step", "num_generations", "temperature", "top_k", "top_p",
                "soft_overlong_cache", "samples_per_step", "reward",
            ], users: "algorithms that sample completions use"
        ) { $0.algorithm != .sft },
        Use(
            keys: ["examples_per_step", "packing", "max_length", "solutions", "eval_loss"], users: "sft uses"
        ) { $0.algorithm == .sft },
        Use(
            keys: ["population_size", "sigma", "common_random_numbers"], users: "openes and cma-es use",
            isMet: \.algorithm.isEvolution),
        Use(keys: ["es_optimizer", "fitness_shaping", "es_directions"], users: "openes uses") {
            $0.algorithm == .openES
        },
        Use(
            keys: [
                "learning_rate", "lr_scheduler_type", "warmup_steps", "max_grad_norm", "adam_beta1", "adam_beta2",
                "adam_epsilon", "weight_decay",
            ], users: "all other algorithms use"
        ) { $0.algorithm != .cmaES },
        Use(keys: ["rank"], users: "tinylora, lora and lora-xs use", isOfMethod: true) { $0.adapter.method != .full },
        Use(
            keys: ["projection_seed", "frozen_subspace"], users: "tinylora and lora-xs use", isOfMethod: true
        ) { $0.adapter.method == .tinyLoRA || $0.adapter.method == .loraXS },
    ]
}
