import Testing
import TinyRecords
import TinyFoundation

/// An algorithm is a bundle of defaults, and contradictions are refused.
@Suite struct AlgorithmDefaultsTests {
    @Test("every algorithm's defaults are valid and survive being written and read", arguments: Algorithm.allCases)
    func bundlesAreValid(algorithm: Algorithm) throws {
        let configuration = TrainingConfiguration(algorithm)
        #expect(configuration.violations() == [] && configuration.algorithm == algorithm)
        #expect(try TrainingConfiguration(json: configuration.jsonDocument()) == configuration)
        #expect(try TrainingConfiguration(json: #"{"algorithm": "\#(algorithm.rawValue)"}"#) == configuration)
    }

    @Test("grpo's bundle is the general defaults")
    func plainBundle() {
        #expect(TrainingConfiguration(.grpo) == TrainingConfiguration())
    }

    @Test(
        "bundles are what their papers and TRL say",
        arguments: [
            ("dr_grpo", #""loss_type":"dr_grpo""#, #""scale_rewards":"none""#),
            ("bnpo", #""loss_type":"bnpo""#, #""scale_rewards":"group""#),
            ("dapo", #""epsilon":0.2,"epsilon_high":0.28,"#, #""dynamic_sampling":true"#),
            ("dapo", #""loss_type":"dapo""#, #""soft_overlong_cache":25"#),  // a fifth of 128
            ("rloo", #""advantage_estimator":"rloo""#, #""beta":0.05"#),
            ("rloo", #""use_kl_in_reward":true"#, #""loss_type":"rloo""#),
            ("reinforce++", #""advantage_estimator":"batch""#, #""kl_estimator":"k1""#),
            ("gspo", #""epsilon":0.0003,"epsilon_high":0.0004,"#, #""importance_sampling_level":"sequence""#),
            ("cispo", #""loss_type":"cispo""#, #""epsilon_high":5,"#),
        ])
    func bundles(name: String, first: String, second: String) throws {
        let line = try TrainingConfiguration(json: #"{"algorithm": "\#(name)"}"#).jsonLine()
        #expect(line.contains(first) && line.contains(second), "\(line)")
    }

    @Test("keys overrule the algorithm, wherever they stand in the file")
    func keysOverrule() throws {
        let json =
            #"{"soft_overlong_cache": null, "epsilon_high": 0.3, "algorithm": "dapo", "dynamic_sampling": false}"#
        var expected = TrainingConfiguration(.dapo)
        expected.rollout.overlongMargin = nil
        expected.rollout.replacesEqualGroups = false
        expected.loss.epsilonHigh = 0.3
        #expect(try TrainingConfiguration(json: json) == expected)
    }

    @Test("dapo's margin follows max_completion_length of the file", arguments: [(20_480, 4_096), (5, 1), (4, nil)])
    func marginFollowsRoom(room: Int, margin: Int?) throws {
        let read = try TrainingConfiguration(json: #"{"algorithm": "dapo", "max_completion_length": \#(room)}"#)
        #expect(read.rollout.overlongMargin == margin && read.violations() == [])
    }

    @Test("choosing an algorithm leaves no trace of the one before")
    func choosingReplaces() {
        var configuration = TrainingConfiguration(.reinforcePlusPlus)
        configuration.apply(.dapo)
        #expect(configuration == TrainingConfiguration(.dapo))
        configuration.apply(.grpo)
        #expect(configuration == TrainingConfiguration())
    }

    @Test("a misspelt algorithm is named with the nearest")
    func namesMisspelling() throws {
        let error = try #require(throws: RecordsError.self) {
            try TrainingConfiguration(json: #"{"algorithm": "reinforce+"}"#)
        }
        #expect(error.hint == "did you mean \"reinforce++\"?")
    }

    @Test(
        "contradictions are refused",
        arguments: [
            (
                #"{"algorithm": "rloo", "num_generations": 1}"#,
                "num_generations is 1, must be 2 or more; one completion has nothing to compare with"
            ),
            (
                #"{"algorithm": "reinforce++", "num_generations": 1, "problems_per_step": 1}"#,
                "num_generations is 1, and one completion of one problem has nothing to compare with"
            ),
            (
                #"{"algorithm": "reinforce++", "num_generations": 1, "dynamic_sampling": true}"#,
                "dynamic_sampling is on, but with num_generations 1 every group is equal and would be replaced"
            ),
            (
                #"{"algorithm": "dapo", "temperature": 0}"#,
                "temperature is 0, which is greedy; training needs completions that differ"
            ),
            (#"{"temperature": 1e-7}"#, "temperature is 1e-07, must be 1e-06 or more"),
            (#"{"algorithm": "openes", "temperature": -1}"#, "temperature is -1.0, must be 1e-06 or more"),
            (
                #"{"soft_overlong_cache": 128}"#,
                "soft_overlong_cache is 128, must be 1 or more and less than 128 (max_completion_length)"
            ),
            (#"{"dynamic_sampling_max_rounds": 1}"#, "dynamic_sampling_max_rounds is 1, must be 2 or more"),
            (
                #"{"loss_type": "rloo"}"#,
                "loss_type is rloo, which weighs whole completions, but importance_sampling_level is token"
            ),
            (
                #"{"advantage_estimator": "batch"}"#,
                "scale_rewards is group, but advantage_estimator batch compares all completions of a step; "
                    + "use batch or none"
            ),
            (
                #"{"beta": 0.1, "kl_estimator": "k1"}"#,
                "kl_estimator is k1, whose gradient in the loss is 0 on average; use k2 or k3, or use_kl_in_reward"
            ),
            (
                #"{"loss_type": "cispo"}"#,
                "epsilon_high is 0.2, must be 1 or more; with loss_type cispo it is the largest ratio that counts"
            ),
            (#"{"delta": 1.2}"#, "delta is 1.2, must be greater than 1.2 (1 + epsilon_high)"),
            (
                #"{"algorithm": "cispo", "delta": 9}"#,
                "delta has no effect with loss_type cispo, whose bound is epsilon_high"
            ),
            (
                #"{"importance_sampling_clip_min": 3}"#,
                "importance_sampling_clip_min is 3.0, must be less than 3.0 (importance_sampling_clip_max)"
            ),
            (
                #"{"importance_sampling_correction": "token_truncate", "importance_sampling_clip_max": null}"#,
                "importance_sampling_correction is token_truncate, which needs importance_sampling_clip_max or "
                    + "importance_sampling_clip_min"
            ),
        ])
    func refusesContradictions(json: String, problem: String) throws {
        #expect(try TrainingConfiguration(json: json).violations() == [problem])
    }

    @Test("a completion alone can be compared over the step")
    func acceptsSingleCompletions() throws {
        let json = #"{"algorithm": "reinforce++", "num_generations": 1}"#
        #expect(try TrainingConfiguration(json: json).violations() == [])
    }
}
