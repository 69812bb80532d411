import Testing
import TinyRecords
import TinyFoundation

/// A configuration is complete, checked and written so that reading it gives the same value.
@Suite struct TrainingConfigurationTests {
    @Test("the default is valid and survives being written and read")
    func defaultIsValid() throws {
        let configuration = TrainingConfiguration()
        #expect(configuration.violations() == [])
        #expect(try TrainingConfiguration(json: configuration.jsonDocument()) == configuration)
        #expect(configuration.adapter.parameters == nil && configuration.adapter.method == .tinyLoRA)
        #expect(configuration.steps == 40)
    }

    @Test("every key is written, absent values as null, and no key twice")
    func writesEveryKey() throws {
        let line = try TrainingConfiguration().jsonLine()
        for key in TrainingConfiguration.keys { #expect(line.contains("\"\(key)\":"), "\(key) in \(line)") }
        #expect(Set(TrainingConfiguration.keys).count == TrainingConfiguration.keys.count)
        #expect(line.contains("\"top_k\":null"))
    }

    @Test("steps are not written while epochs decide them")
    func leavesStepsToEpochs() throws {
        var configuration = TrainingConfiguration()
        configuration.epochs = 2
        let line = try configuration.jsonLine()
        #expect(line.contains("\"num_train_epochs\":2") && !line.contains("max_steps"), "\(line)")
        #expect(try TrainingConfiguration(json: line) == configuration)
        configuration.steps = 3
        #expect(try configuration.jsonLine() == line)
        #expect(try configuration.resolvingEpochs(problems: 16).jsonLine().contains("\"max_steps\":2"))
    }

    @Test("what a file does not say keeps its default")
    func missingKeysKeepDefaults() throws {
        let read = try TrainingConfiguration(
            json:
                #"{"num_generations": 16, "tying": "tiled:16", "loss_type": "dr_grpo", "max_grad_norm": 1, "top_k": null}"#
        )
        var expected = TrainingConfiguration()
        expected.rollout.groupSize = 16
        expected.adapter.tying = "tiled:16"
        expected.loss.kind = .drGRPO
        expected.optimiser.maxGradientNorm = 1
        #expect(read == expected)
    }

    @Test("an algorithm brings its defaults, whatever its place in the file, and a key that is given overrules them")
    func algorithmBringsDefaults() throws {
        let read = try TrainingConfiguration(json: #"{"adam_beta2": 0.99, "max_grad_norm": 2, "algorithm": "sft"}"#)
        var expected = TrainingConfiguration()
        expected.apply(.sft)
        #expect(expected.optimiser.schedule == .linear && expected.optimiser.maxGradientNorm == 1)
        expected.optimiser.beta2 = 0.99
        expected.optimiser.maxGradientNorm = 2
        #expect(read == expected && read.violations() == [] && read.recordedSamples == 0)
        #expect(try TrainingConfiguration(json: read.jsonDocument()) == read)
    }

    @Test(
        "a wrong file is named by its key, with the nearest name",
        arguments: [
            (#"{"learning_rat": 1}"#, "\"learning_rat\" is not a setting", "did you mean \"learning_rate\"?"),
            (#"{"zzzzzzzz": 1}"#, "\"zzzzzzzz\" is not a setting", nil),
            (
                #"{"loss_type": "dapp"}"#,
                "loss_type is \"dapp\", expected one of grpo, dapo, bnpo, dr_grpo, rloo, cispo",
                "did you mean \"dapo\"?"
            ),
            (#"{"arithmetic": "fp32"}"#, "arithmetic is \"fp32\", expected one of float32, bfloat16", nil),
            (#"{"arithmetic": 16}"#, "arithmetic is not a text", nil),
            (#"{"max_steps": "ten"}"#, "max_steps is not a whole number", nil),
            (#"{"max_steps": 10"#, "the text is not valid JSON: column 17: expected ',' or '}'", nil),
            (
                "{\"max_steps\": 10,\n \"max_steps\": 20}",
                "the text has \"max_steps\" twice, the second time in line 2, column 2", nil
            ),
            (#"[1]"#, "the record is not an object", nil),
        ] as [(String, String, String?)])
    func namesTheWrongKey(json: String, message: String, hint: String?) throws {
        let error = try #require(throws: RecordsError.self) { try TrainingConfiguration(json: json) }
        #expect(error.message == message)
        #expect(error.hint == hint)
    }

    @Test("the arithmetic is the model's own unless it is given")
    func arithmetic() throws {
        #expect(try TrainingConfiguration(json: "{}").arithmetic == nil)
        #expect(try TrainingConfiguration(json: #"{"arithmetic": null}"#).arithmetic == nil)
        for arithmetic in Arithmetic.allCases {
            let read = try TrainingConfiguration(json: #"{"arithmetic": "\#(arithmetic.rawValue)"}"#)
            #expect(read.arithmetic == arithmetic)
            #expect(try TrainingConfiguration(json: read.jsonLine()) == read)
            let difference = try #require(read.firstDifference(from: TrainingConfiguration()))
            #expect(difference.key == "arithmetic" && difference.mine == arithmetic.rawValue)
            #expect(difference.theirs == "null")
        }
    }

    @Test("a lenient reward is refused where the grades decide nothing")
    func refusesLenientReward() {
        var configuration = TrainingConfiguration()
        configuration.reward = .lenient
        for grader in ["auto", "final-answer", "math"] {
            configuration.grader = grader
            #expect(configuration.violations() == [])
        }
        configuration.grader = "command:python3 score.py"
        #expect(
            configuration.violations() == [
                "reward is lenient, but a grader command gives the reward itself: the score that it writes"
            ])
        var supervised = TrainingConfiguration(.sft)
        supervised.reward = .lenient
        #expect(
            supervised.violations() == ["reward is lenient, but sft learns from solutions, not from rewards"])
        for algorithm in [Algorithm.grpo, .openES, .cmaES] {
            var rewarded = TrainingConfiguration(algorithm)
            rewarded.reward = .lenient
            #expect(rewarded.violations() == [])
        }
    }

    @Test("every range is checked, each broken rule once")
    func checksRanges() {
        var configuration = TrainingConfiguration()
        configuration.model = "model"
        configuration.steps = 0
        configuration.adapter.parameters = 0
        configuration.adapter.rank = 0
        configuration.adapter.u = 0
        configuration.adapter.tying = "tiled:0"
        configuration.rollout.problemsPerStep = 0
        configuration.rollout.groupSize = 1
        configuration.rollout.maxTokens = 0
        configuration.rollout.temperature = 0
        configuration.rollout.topK = 0
        configuration.rollout.topP = 1.5
        configuration.rollout.maxRounds = 1
        configuration.rollout.overlongMargin = 0
        configuration.rollout.samplesPerStep = -1
        configuration.checkpointInterval = 0
        configuration.supervised.examplesPerStep = 0
        configuration.supervised.maxLength = 1
        configuration.loss.beta = -1
        configuration.loss.epsilonLow = 1.5
        configuration.loss.epsilonHigh = -0.1
        configuration.loss.delta = 0.5
        configuration.loss.importanceMax = 0
        configuration.loss.importanceMin = -1
        configuration.loss.updatesPerBatch = 0
        configuration.optimiser.learningRate = .nan
        configuration.optimiser.warmupSteps = 1
        configuration.optimiser.maxGradientNorm = 0
        configuration.optimiser.beta1 = 1
        configuration.optimiser.beta2 = -0.1
        configuration.optimiser.epsilon = 0
        configuration.optimiser.weightDecay = -1
        configuration.evaluation.problems = -1
        configuration.evaluation.interval = 0
        #expect(
            configuration.violations().map { String($0.prefix { $0 != " " }) } == [
                "max_steps", "checkpoint_steps", "train", "parameters", "rank", "u", "tying", "problems_per_step",
                "num_generations", "max_completion_length", "temperature", "top_k", "top_p",
                "dynamic_sampling_max_rounds", "soft_overlong_cache", "samples_per_step", "examples_per_step",
                "max_length", "beta", "epsilon", "epsilon_high", "delta", "importance_sampling_clip_max",
                "importance_sampling_clip_min", "num_iterations", "learning_rate", "warmup_steps", "max_grad_norm",
                "adam_beta1",
                "adam_beta2", "adam_epsilon", "weight_decay", "eval_problems", "eval_steps",
            ])
        #expect(configuration.violations().contains("top_p is 1.5, must be greater than 0 and at most 1"))
    }

    @Test("the first difference between two configurations is named with both values")
    func namesFirstDifference() throws {
        let one = TrainingConfiguration()
        #expect(one.firstDifference(from: one) == nil)
        var other = one
        other.seed = 2
        other.rollout.topK = 5
        let difference = try #require(one.firstDifference(from: other))
        #expect(difference.key == "seed" && difference.mine == "1" && difference.theirs == "2")
        other.seed = 1
        let next = try #require(one.firstDifference(from: other))
        #expect(next.key == "top_k" && next.mine == "null" && next.theirs == "5")
    }

    @Test(
        "settings that a method does not know are refused with its name",
        arguments: [
            (
                #"{"method": "lora", "tying": "full"}"#,
                "tying is given, but lora shares no parameters between matrices"
            ),
            (#"{"method": "lora-xs", "u": 2}"#, "u is given, but lora-xs has no groups of matrices"),
            (#"{"u": 2}"#, "u needs tying, which makes the groups of matrices that it belongs to"),
            (#"{"lora_alpha": 8}"#, "lora_alpha is given, but tinylora has no scale"),
            (#"{"method": "lora", "lora_alpha": 0}"#, "lora_alpha is 0.0, must be greater than 0"),
            (
                #"{"method": "full", "target_modules": ["q_proj"]}"#,
                "target_modules are given, but full trains every weight"
            ),
            (
                #"{"method": "lora", "frozen_subspace": "bottom"}"#,
                "frozen_subspace is bottom, but lora has no frozen singular vectors"
            ),
            (#"{"target_modules": []}"#, "target_modules is an empty list"),
            (#"{"target_modules": ["q_proj", "q_proj"]}"#, "target_modules names a matrix twice"),
            (
                #"{"target_modules": "q_prog"}"#,
                "target_modules has \"q_prog\", which is not a matrix of a layer, did you mean q_proj?"
            ),
        ])
    func checksMethod(json: String, problem: String) throws {
        #expect(try TrainingConfiguration(json: json).violations() == [problem])
    }

    @Test(
        "what is switched on but missing from the algorithm is refused with its name",
        arguments: [
            (#"{"packing": true}"#, "packing is on, but grpo learns from no solutions"),
            (#"{"algorithm": "openes", "packing": true}"#, "packing is on, but openes learns from no solutions"),
            (
                #"{"algorithm": "cma-es", "weight_decay": 5}"#,
                "weight_decay is 5.0, but cma-es does not use it"
            ),
            (
                #"{"algorithm": "cma-es", "learning_rate": 7}"#,
                "learning_rate is 7.0, but cma-es does not use it"
            ),
            (
                #"{"algorithm": "cma-es", "fitness_shaping": "none"}"#,
                "fitness_shaping is none, but cma-es does not use it"
            ),
            (#"{"algorithm": "cma-es", "beta": 0.1}"#, "beta is 0.1, but cma-es has no divergence term"),
            (#"{"algorithm": "sft", "num_iterations": 2}"#, "num_iterations is 2, but sft makes one update a step"),
            (
                #"{"algorithm": "openes", "num_generations": 2, "dynamic_sampling": true}"#,
                "dynamic_sampling is on, but openes has no groups to replace"
            ),
            (
                #"{"algorithm": "openes", "mask_truncated_completions": true}"#,
                "mask_truncated_completions is on, but openes has no loss of completions"
            ),
            (
                #"{"algorithm": "sft", "soft_overlong_cache": 9}"#,
                "soft_overlong_cache is given, but sft samples no completions"
            ),
        ])
    func checksPresence(json: String, problem: String) throws {
        #expect(try TrainingConfiguration(json: json).violations() == [problem])
    }

    @Test("defaults of settings that cma-es does not use are no error, whichever base they come from")
    func acceptsUnusedDefaults() {
        var switched = TrainingConfiguration()
        switched.algorithm = .cmaES
        switched.rollout.groupSize = 1
        for configuration in [switched, TrainingConfiguration(.cmaES), .demonstration(of: .cmaES)] {
            #expect(configuration.violations() == [])
        }
        var other = TrainingConfiguration(.openES)
        other.optimiser.weightDecay = 5
        #expect(other.violations() == [])
    }

    @Test("a penalty on length is for every algorithm that samples", arguments: [Algorithm.grpo, .openES, .cmaES])
    func acceptsLengthPenalty(algorithm: Algorithm) {
        var configuration = TrainingConfiguration()
        configuration.apply(algorithm)
        configuration.rollout.overlongMargin = 9
        #expect(configuration.violations() == [])
    }

    @Test("target modules are a list or all-linear, as PEFT writes them, and come back as they were")
    func targetModules() throws {
        let all = try TrainingConfiguration(json: #"{"target_modules": "all-linear"}"#)
        #expect(all.adapter.targetModules == .allLinear && all == TrainingConfiguration())
        let some = try TrainingConfiguration(json: #"{"target_modules": ["v_proj", "q_proj"]}"#)
        #expect(some.adapter.targetModules == .list(["v_proj", "q_proj"]))
        #expect(try TrainingConfiguration(json: some.jsonDocument()) == some)
        #expect(TargetModules("v_proj,q_proj") == some.adapter.targetModules)
        #expect(some.firstDifference(from: all)?.mine == "v_proj,q_proj")
    }

    @Test(
        "every way of tying has a form of its own",
        arguments: ["tiled:16", "contiguous:13", "peft:13", "structured:4", "by-kind", "full", "none"])
    func acceptsTying(text: String) {
        var configuration = TrainingConfiguration()
        configuration.adapter.tying = text
        #expect(configuration.violations() == [])
    }

    @Test(
        "an unknown tying is refused",
        arguments: ["", "tiled", "tiled:", "tiled:x", "tiled:-1", "tiles:3", "by-kind:2", "full:", ":", "tiled:1:2"])
    func refusesOtherTying(text: String) {
        var configuration = TrainingConfiguration()
        configuration.adapter.tying = text
        #expect(
            configuration.violations()
                == [
                    "tying is \"\(text)\", must be one of tiled:N, contiguous:N, peft:N, structured:N, by-kind, full, none"
                ]
        )
    }
}
