import Testing
import TinyRecords

/// Which settings have an effect with which algorithm and method.
@Suite("the use of a setting") struct SettingUseTests {
    @Test("is known of keys that exist")
    func keysExist() {
        #expect(TrainingConfiguration.keysOfSomeRuns.subtracting(TrainingConfiguration.keys) == [])
    }

    @Test(
        "is told where there is none",
        arguments: [
            (Algorithm.sft, "temperature", "has no effect with sft; algorithms that sample completions use it"),
            (.sft, "num_generations", "has no effect with sft; algorithms that sample completions use it"),
            (.sft, "loss_type", "has no effect with sft; policy gradients, grpo to cispo, use it"),
            (.grpo, "population_size", "has no effect with grpo; openes and cma-es use it"),
            (.dapo, "sigma", "has no effect with dapo; openes and cma-es use it"),
            (.grpo, "examples_per_step", "has no effect with grpo; sft uses it"),
            (.openES, "epsilon", "has no effect with openes; policy gradients, grpo to cispo, use it"),
            (.cmaES, "learning_rate", "has no effect with cma-es; all other algorithms use it"),
            (.cmaES, "es_optimizer", "has no effect with cma-es; openes uses it"),
        ])
    func unused(algorithm: Algorithm, key: String, reason: String) {
        #expect(TrainingConfiguration(algorithm).unused(key) == reason)
    }

    @Test("depends on the method, too")
    func methods() {
        var configuration = TrainingConfiguration()
        #expect(configuration.unused("projection_seed") == nil && configuration.unused("rank") == nil)
        configuration.adapter.method = .lora
        #expect(configuration.unused("rank") == nil)
        #expect(configuration.unused("projection_seed") == "has no effect with lora; tinylora and lora-xs use it")
        configuration.adapter.method = .full
        #expect(configuration.unused("rank") == "has no effect with full; tinylora, lora and lora-xs use it")
    }

    @Test("is there for what evaluations of every algorithm need", arguments: Algorithm.allCases)
    func always(algorithm: Algorithm) {
        let keys = ["max_completion_length", "stop_strings", "prompt_style", "grader", "eval_problems", "max_steps"]
        for key in keys { #expect(TrainingConfiguration(algorithm).unused(key) == nil, "\(key)") }
    }
}
