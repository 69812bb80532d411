public import TinyFoundation

/// All settings of a training run. A key that is not given has a default.
///
/// In a file it is one flat JSON object whose keys are the names TRL's users know where TRL has one:
///
/// ```swift
/// let configuration = try TrainingConfiguration(json: #"{"learning_rate": 0.02, "num_generations": 16}"#)
/// configuration.optimiser.learningRate      // 0.02
/// configuration.violations()                  // [], or sentences such as "top_p is 1.5, must be …"
/// ```
public struct TrainingConfiguration: Record {
    /// How the numbers are trained: a bundle of defaults, which other keys overrule. Key `algorithm`.
    public var algorithm = Algorithm.grpo
    /// Directory of a model in Hugging Face layout or a GGUF file; `nil` is Abacus, the model in the box. Key `model`.
    public var model: String?
    /// How products with the model's weights are computed; `nil` is as the checkpoint's stored types suggest, and a run's
    /// directory has what that was. Key `arithmetic`.
    public var arithmetic: Arithmetic?
    /// Problem file to train on; `nil` is Abacus's own training problems. Key `train`.
    public var train: String?
    /// Problem file to evaluate on; `nil` is Abacus's held-out problems. Key `eval`.
    public var eval: String?
    /// Steps, each of one rollout and ``LossSettings/updatesPerBatch`` updates. Range: `1...`. Key `max_steps`.
    public var steps = 40
    /// Steps between saved states of an adapter too large to be written with every step. Range: `1...`.
    /// Key `checkpoint_steps`.
    public var checkpointInterval = 20
    /// Passes over the training problems, which decide ``steps`` once their number is known, see ``resolvingEpochs(problems:)``;
    /// `nil` leaves the steps as they are. Range: greater than 0. Key `num_train_epochs`.
    public var epochs: Double?
    /// Random seed. Key `seed`.
    public var seed: UInt64 = 1
    /// Name of the prompt style; `nil` takes the one that suits the model. Key `prompt_style`.
    public var promptStyle: String?
    /// Variables of the model's chat template, such as `enable_thinking`; `nil` sets none. Key `chat_template_kwargs`.
    public var templateVariables: TemplateVariables?
    /// Which of the two grades is the reward, for every algorithm that learns from rewards. A `grader` of the form `command:…`
    /// gives the reward itself and has only the strict one. Evaluations show both grades whatever it is. Key `reward`.
    public var reward = RewardRule.strict
    /// Who grades: `auto` (what suits the answers and the asked-for format), `final-answer`, `math`, or `command:…`, a shell
    /// command that scores lines of JSON. Key `grader`.
    public var grader = "auto"
    /// Seconds that a command may take to grade the completions of a step or of a part of an evaluation. Range: greater
    /// than 0. Key `grader_timeout`.
    public var graderTimeout = 60.0
    /// Adapter whose numbers training starts from: a file, the directory of a run or one of PEFT, or an adapter code; `nil` starts
    /// from an untrained adapter. It decides every setting of ``adapter``. The optimiser starts fresh, and the divergence of
    /// ``LossSettings/beta`` is still measured from the base model. Key `initial_adapter`.
    public var initialAdapter: String?
    /// What is trained.
    public var adapter = AdapterSettings()
    /// How completions are sampled.
    public var rollout = RolloutSettings()
    /// How worked solutions are learned; only for `sft`.
    public var supervised = SupervisedSettings()
    /// What is minimised.
    public var loss = LossSettings()
    /// How it is minimised.
    public var optimiser = OptimiserSettings()
    /// How it is searched for without gradients.
    public var evolution = EvolutionSettings()
    /// How progress is measured.
    public var evaluation = EvaluationSettings()

    /// General defaults: the paper's adapter, small rollouts.
    public init() {}

    /// The recipe of the demonstration on Abacus, found by trying (see `Documentation/Abacus.md`): at rank 2 and with most
    /// projections the frozen directions hardly touch the choice of manner.
    public static var demonstration: TrainingConfiguration {
        var recipe = TrainingConfiguration()
        recipe.steps = 80
        recipe.adapter.rank = 8
        recipe.adapter.projectionSeed = 17
        recipe.rollout.temperature = 0.6
        recipe.rollout.maxTokens = 64
        recipe.loss.kind = .dapo
        recipe.optimiser.learningRate = 0.05
        recipe.optimiser.schedule = .linear
        return recipe
    }

    /// Completions of one step that are written to the run's samples.
    public var recordedSamples: Int { algorithm == .sft ? 0 : rollout.recordedSamples }

    /// Every rule this value breaks, as sentences that begin with the key, in the order of the keys; empty when it is valid.
    public func violations() -> [String] {
        var rules = Rules()
        rules.require(steps, atLeast: 1, "max_steps")
        rules.require(checkpointInterval, atLeast: 1, "checkpoint_steps")
        if let epochs {
            rules.require(
                epochs > 0 && epochs <= 1e9, "num_train_epochs", "is \(epochs), must be greater than 0 and at most 1e9")
        }
        for (key, path) in Self.filePaths { rules.require(self[keyPath: path] != "", key, "is an empty path") }
        rules.require(
            model == nil || train != nil, "train", "is missing; your own model needs a problem file to train on")
        rules.require(
            Self.graders.contains(grader) || isCommand(grader), "grader",
            "is \"\(grader)\", must be one of \(Self.graders.joined(separator: ", ")), command:…")
        rules.require(
            reward == .strict || !isCommand(grader), "reward",
            "is lenient, but a grader command gives the reward itself: the score that it writes")
        rules.require(
            graderTimeout > 0 && graderTimeout <= 1e6, "grader_timeout",
            "is \(graderTimeout), must be greater than 0 and at most 1e6")
        adapter.check(&rules)
        rollout.check(&rules, algorithm: algorithm, comparing: loss.advantage)
        supervised.check(&rules)
        loss.check(&rules)
        optimiser.check(&rules, steps: epochs == nil ? steps : .max)
        evolution.check(&rules, algorithm: algorithm)
        evaluation.check(&rules)
        checkPresence(&rules)
        return rules.sentences
    }

    /// Settings that an algorithm does not have must be off.
    private func checkPresence(_ rules: inout Rules) {
        let name = algorithm.rawValue, isSupervised = algorithm == .sft
        rules.require(!supervised.packing || isSupervised, "packing", "is on, but \(name) learns from no solutions")
        rules.require(
            reward == .strict || !isSupervised, "reward",
            "is \(reward.rawValue), but \(name) learns from solutions, not from rewards")
        if algorithm == .cmaES { checkUnused(&rules) }
        guard isSupervised || algorithm.isEvolution else { return }
        rules.require(loss.beta == 0, "beta", "is \(loss.beta), but \(name) has no divergence term")
        rules.require(
            loss.updatesPerBatch == 1, "num_iterations",
            "is \(loss.updatesPerBatch), but \(name) makes one update a step")
        rules.require(
            !rollout.replacesEqualGroups, "dynamic_sampling", "is on, but \(name) has no groups to replace")
        rules.require(
            !rollout.masksTruncated, "mask_truncated_completions", "is on, but \(name) has no loss of completions")
        rules.require(
            rollout.overlongMargin == nil || !isSupervised, "soft_overlong_cache",
            "is given, but \(name) samples no completions")
    }

    /// Settings that every configuration has and `cma-es` does not use must have the value of some defaults.
    private func checkUnused(_ rules: inout Rules) {
        let unused = OptimiserSettings.fields.map(\.name) + EvolutionSettings.openESKeys
        let defaults = [TrainingConfiguration(), TrainingConfiguration(.cmaES), .demonstration(of: .cmaES)]
        for field in Self.fields where unused.contains(field.name) {
            let value = field.describe(self), isUsual = defaults.contains { field.describe($0) == value }
            rules.require(isUsual, field.name, "is \(value), but cma-es does not use it")
        }
    }

    private static let graders = ["auto", "final-answer", "math"]

    private func isCommand(_ grader: String) -> Bool {
        grader.hasPrefix("command:") && grader.dropFirst("command:".count).contains { !$0.isWhitespace }
    }

    /// The first key, in alphabetical order, whose value differs from `other`'s.
    ///
    /// - Parameter ignoringPlaces: Whether files may be in other places.
    /// - Returns: The key, this value's setting and the other's, as text; `nil` when all are equal.
    public func firstDifference(
        from other: TrainingConfiguration, ignoringPlaces: Bool = false
    ) -> (key: String, mine: String, theirs: String)? {
        var mine = self
        if ignoringPlaces {
            for (_, path) in Self.filePaths where self[keyPath: path] != nil && other[keyPath: path] != nil {
                mine[keyPath: path] = other[keyPath: path]
            }
        }
        for field in Self.fields.sorted(by: { $0.name < $1.name }) {
            let value = field.describe(mine), theirs = field.describe(other)
            if value != theirs { return (field.name, value, theirs) }
        }
        return nil
    }

    /// The key whose value is names with values.
    public static let groupKey = "chat_template_kwargs"

    /// Keys whose value is a path.
    public static let fileKeys = Set(filePaths.map(\.key))

    private static let filePaths: [(key: String, path: SettingField.Property<String?>)] = [
        ("model", \.model), ("train", \.train), ("eval", \.eval), ("validation", \.evaluation.validationFile),
        ("initial_adapter", \.initialAdapter),
    ]

    /// Every key a configuration file may hold, in the order of the properties.
    public static var keys: [String] { fields.map(\.name) }

    static let fields: [SettingField] =
        [
            .init(choice: "algorithm", \.algorithm), .init("model", \.model),
            .init(choice: "arithmetic", \.arithmetic), .init("train", \.train), .init("eval", \.eval),
            .init("max_steps", \.steps), .init("num_train_epochs", \.epochs),
            .init("checkpoint_steps", \.checkpointInterval),
            .init("seed", \.seed), .init("prompt_style", \.promptStyle),
            .init(groupKey, \.templateVariables), .init(choice: "reward", \.reward),
            .init("grader", \.grader), .init("grader_timeout", \.graderTimeout),
            .init("initial_adapter", \.initialAdapter),
        ]
        + AdapterSettings.fields + RolloutSettings.fields + SupervisedSettings.fields + LossSettings.fields
        + OptimiserSettings.fields + EvolutionSettings.fields + EvaluationSettings.fields

    /// Reads a configuration; keys that are not there keep the defaults of its `algorithm` over the general ones, or over
    /// those of ``init(json:over:)``.
    ///
    /// - Throws: ``RecordsError`` with code `unknownKey` (and the nearest name) or `invalidValue`.
    public init(from decoder: any Decoder) throws {
        self = decoder.userInfo[.defaults] as? TrainingConfiguration ?? TrainingConfiguration()
        let before = algorithm
        // An algorithm's defaults may depend on the token limit.
        let container = try decoder.container(keyedBy: SettingKey.self)
        for field in Self.fields where ["algorithm", "max_completion_length"].contains(field.name) {
            if container.contains(field.key) { try field.read(container, field.key, &self) }
        }
        if algorithm != before { apply(algorithm) }
        for key in container.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
            guard let field = Self.fields.first(where: { $0.name == key.stringValue }) else {
                throw RecordsError(
                    .unknownKey, "\"\(key.stringValue)\" is not a setting",
                    hint: nearestName(to: key.stringValue, in: Self.keys).map { "did you mean \"\($0)\"?" })
            }
            try field.read(container, key, &self)
        }
    }

    /// Writes every setting, absent ones as `null`; ``steps`` are left out while ``epochs`` stand in their place, so that what is
    /// written is a recipe that can be read.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: SettingKey.self)
        for field in Self.fields where epochs == nil || field.name != "max_steps" {
            try field.write(self, &container, field.key)
        }
    }
}
