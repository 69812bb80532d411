import ArgumentParser
import Foundation
import TinyLoRA
import TinyFoundation

/// Trains an adapter.
struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: """
            Trains a model to reason by changing a few numbers: by reinforcement learning, supervised fine-tuning or \
            evolution.
            """,
        discussion: """
            Without arguments it trains 13 numbers on Abacus, the model in the box, and shows its accuracy on held-out \
            problems before and after. The same settings give the same bytes on any number of threads. Defaults are the \
            demonstration's on Abacus and general ones with your own model; `base` in a recipe chooses between them. Paths \
            in a recipe are relative to its folder. Flags override the recipe.

            EXAMPLES
              The demonstration, about a minute on two quiet cores:
                tinylora train
              A single number:
                tinylora train --parameters 1
              Your own model on GSM8K:
                tinylora train --model Qwen/Qwen2.5-0.5B-Instruct --train data/gsm8k/train.jsonl --eval data/gsm8k/test.jsonl \\
                  --max-tokens 512 --learning-rate 1e-3 --output runs/qwen
              The same numbers by supervised fine-tuning, on solutions in the style of the model:
                tinylora train --algorithm sft --solutions equations
              Compare with LoRA of rank 1:
                tinylora train --method lora --rank 1 --learning-rate 1e-3
              A recipe with one setting changed:
                tinylora train Recipes/demonstration.yaml --set beta=0.01
              Reward the right number wherever it stands, so that no format is taught:
                tinylora train --model DIR --train data/gsm8k/train.jsonl --prompt-style boxed --reward lenient \\
                  --max-tokens 512 --learning-rate 1e-3
              In float32, as references in fp32 compute (default for models that are stored so):
                tinylora train --arithmetic float32
              More steps from an adapter: of a run, of PEFT or a code; rank, seeds and the like are the adapter's:
                tinylora train --initial-adapter runs/qwen --model Qwen/Qwen2.5-0.5B-Instruct --train more.jsonl
              Sample with a vLLM server on this machine, or on a GPU machine that sees the same files:
                tinylora train --model DIR --train data/gsm8k/train.jsonl --eval data/gsm8k/test.jsonl --max-tokens 512 \\
                  --learning-rate 1e-3 --sampler http://127.0.0.1:8000
              Resume an interrupted run:
                tinylora train --output runs/qwen --resume …the same settings…
              Check the files and settings and show them, without training:
                tinylora train --parameters 35 --dry-run
            """)

    private static let general = TrainingConfiguration(), demonstration = TrainingConfiguration.demonstration

    @Argument(
        help: ArgumentHelp("Recipe: the run's settings as YAML or JSON, with TRL's names.", valueName: "recipe.yaml"),
        transform: path)
    var recipe: String?
    @OptionGroup var files: FileOptions
    @Option(help: ArgumentHelp("The recipe, as a flag.", valueName: "recipe.yaml"), transform: path)
    var config: String?
    @Option(
        name: .customLong("set"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Any setting of a recipe, see Documentation/Settings.md; may be repeated.", valueName: "key=value"))
    var settings: [String] = []
    @Option(
        help: """
            Training algorithm: \(Algorithm.allCases.map(\.rawValue).joined(separator: ", ")) (default: grpo). Other \
            defaults depend on it.
            """)
    var algorithm: String?
    @Option(
        help: """
            Style of Abacus's solutions for sft: \
            \(SolutionStyle.allCases.map(\.rawValue).joined(separator: ", ")) (default: sentences).
            """)
    var solutions: String?
    @Option(help: "Adapter method: \(AdapterMethodKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var method: String?
    @Option(
        parsing: .unconditional,
        help: """
            Trained parameters of tinylora (default: 13). Beyond one per matrix it must be a multiple of the number of \
            matrices. For other methods the rank decides.
            """)
    var parameters: Int?
    @Option(parsing: .unconditional, help: "Rank of each matrix's change (default: 2; on Abacus 8).")
    var rank: Int?
    @Option(parsing: .unconditional, help: "Trained parameters per group of tied modules; needs --tying.")
    var u: Int?
    @Option(
        help: """
            Which matrices share parameters, instead of --parameters: tiled:N (each N neighbours), contiguous:N (N groups \
            of neighbours, sizes differ by 1 at most), peft:N (N groups as PEFT makes them), structured:N (the same kind in N \
            layers), by-kind (attention, feed-forward), full (all) or none.
            """)
    var tying: String?
    @Option(parsing: .unconditional, help: "Scale of lora and lora-xs: alpha / rank (default: alpha = rank).")
    var loraAlpha: Double?
    @Option(help: ArgumentHelp("Modules to adapt, such as q_proj,v_proj (default: all-linear).", valueName: "names"))
    var targetModules: String?
    @Option(help: "Frozen singular vectors of tinylora and lora-xs: top, bottom or random (default: top).")
    var frozenSubspace: String?
    @Option(help: "Number type of the trained parameters: bf16, fp16 or fp32 (default: bf16).")
    var type: String?
    @Option(parsing: .unconditional, help: "Seed of the frozen random projections (default: 0; on Abacus 17).")
    var projectionSeed: UInt64?
    @Option(
        parsing: .unconditional, help: "Training steps (default: \(general.steps); on Abacus \(demonstration.steps)).")
    var steps: Int?
    @Option(parsing: .unconditional, help: "Passes over the training problems, instead of --steps.")
    var epochs: Double?
    @Option(
        parsing: .unconditional,
        help: """
            Problems per step (default: \(general.rollout.problemsPerStep)); for sft, solutions per step (default: \
            \(general.supervised.examplesPerStep)).
            """)
    var batch: Int?
    @Option(parsing: .unconditional, help: "Completions per problem (default: \(general.rollout.groupSize)).")
    var groupSize: Int?
    @Option(
        parsing: .unconditional,
        help:
            "Token limit of a completion (default: \(general.rollout.maxTokens); on Abacus \(demonstration.rollout.maxTokens))."
    )
    var maxTokens: Int?
    @Option(
        parsing: .unconditional,
        help: """
            Learning rate (default: \(general.optimiser.learningRate), constant; on Abacus \
            \(demonstration.optimiser.learningRate), falling linearly; openes has another).
            """)
    var learningRate: Double?
    @Option(parsing: .unconditional, help: "Weight of the KL divergence from the base model (default: 0).")
    var beta: Double?
    @Option(help: "Prompt style: \(PromptStyle.builtInNames) (default: abacus, or gsm8k with your own model).")
    var promptStyle: String?
    @Option(
        help: ArgumentHelp(
            """
            Grader: auto, final-answer, math, or command:… which scores JSON Lines (default: auto).
            """, valueName: "grader"))
    var grader: String?
    @Option(
        help: """
            Which grade is the reward: strict (the right answer in the requested format) or lenient (also in another \
            format) (default: strict). With the grader math, lenient also counts an answer announced after a box or \
            ####, so that two guesses can pay.
            """)
    var reward: String?
    @Option(parsing: .unconditional, help: "Problems per evaluation; 0 skips it (default: 400).")
    var evalProblems: Int?
    @Option(
        parsing: .unconditional, help: "Problems for choosing settings, separate from the test problems (default: 0).")
    var validationProblems: Int?
    @Option(parsing: .unconditional, help: "Random seed (default: 1).")
    var seed: UInt64?
    @OptionGroup var threading: ThreadOptions
    @OptionGroup(title: "Engines in other processes") var engines: EngineOptions
    @Option(help: ArgumentHelp("Directory of the run (default: a new one in runs).", valueName: "dir"), transform: path)
    var output: String?
    @Flag(help: "Resume the run in --output.")
    var resume = false
    @Flag(help: "Check settings, files and prompts, show the resolved settings and exit.")
    var dryRun = false
    @Flag(help: "Print the result as JSON.")
    var json = false
    @Option(
        help: ArgumentHelp("File that caches the untrained model's results for other runs.", visibility: .hidden),
        transform: path)
    var untrainedCache: String?
    @Flag(help: ArgumentHelp("Stop when standard input closes.", visibility: .hidden))
    var endWithInput = false

    func run() async throws {
        let console = Console(json: json)
        guard !resume || output != nil else {
            throw ValidationError("--resume needs --output, the directory of the run")
        }
        if endWithInput { watchInput() }
        let configuration = try resolved()
        if dryRun {
            let checks = RunChecks()
            let outline = try RunOutline(
                configuration, output: output, remote: engines.remote(console), checks: checks)
            try checks.check(outline.configuration)
            show(outline, on: console)
            return try console.result(outline)
        }
        var options = TrainingRun.Options()
        options.threads = try threading.count()
        options.isResuming = resume
        options.untrainedCache = untrainedCache
        options.factorCache = factorCache()
        options.factorising = FactorDisplay(console).show
        options.remote = try engines.remote(console)
        let run = try await TrainingRun(configuration, in: output, options: options)
        let display = TrainingDisplay(run, console: console)
        display.header(run)
        if let source = run.initialAdapter {
            noteArithmetic(of: source, used: run.configuration.arithmetic, on: console)
        }
        let trained = try await run.train { display.show($0) }
        display.finish(trained)
        try console.result(trained.summary)
    }

    /// Defaults, then the file, then the flags; every rule checked.
    private func resolved() throws -> TrainingConfiguration {
        guard recipe == nil || config == nil else { throw ValidationError("give one recipe, with or without --config") }
        var resolved = Recipe()
        if let file = recipe ?? config { resolved = try Recipe(contentsOf: file) }
        // --set comes last and wins.
        let set = try settings.map(parsedSetting).last { $0.key == "algorithm" }?.value
        let isSupervised = (set ?? algorithm.map { .text($0) } ?? resolved.value(of: "algorithm")) == .text("sft")
        for setting in try flags(isSupervised: isSupervised) {
            resolved.set(setting.key, setting.value, at: setting.place)
        }
        let configuration = try resolved.configuration()
        try resolved.requireUse(in: configuration)
        return configuration
    }

    /// What the flags set, in the order of this file; `--set` last.
    private func flags(isSupervised: Bool) throws -> [Setting] {
        let numbers: [(key: String, value: Int?)] = [
            ("parameters", parameters), ("rank", rank), ("u", u), ("max_steps", steps),
            (isSupervised ? "examples_per_step" : "problems_per_step", batch), ("num_generations", groupSize),
            ("max_completion_length", maxTokens), ("eval_problems", evalProblems),
            ("validation_problems", validationProblems),
        ]
        let texts: [(key: String, value: String?)] = [
            ("algorithm", algorithm), ("solutions", solutions), ("method", method), ("target_modules", targetModules),
            ("frozen_subspace", frozenSubspace), ("tying", tying), ("element_type", type),
            ("prompt_style", promptStyle), ("grader", grader), ("reward", reward),
        ]
        let reals: [(key: String, value: Double?)] = [
            ("learning_rate", learningRate), ("beta", beta), ("lora_alpha", loraAlpha), ("num_train_epochs", epochs),
        ]
        let seeds: [(key: String, value: UInt64?)] = [("projection_seed", projectionSeed), ("seed", seed)]
        guard steps == nil || epochs == nil else { throw ValidationError("give either --steps or --epochs") }
        var all = files.settings
        func add(_ key: String, _ value: SettingValue?) {
            if let value { all.append(Setting(key, value, at: "--\(Self.flag(of: key))")) }
        }
        for row in numbers { add(row.key, row.value.map { .integer($0) }) }
        for row in texts { add(row.key, row.value.map { .text($0) }) }
        for row in reals { add(row.key, row.value.map { .number($0) }) }
        for row in seeds { add(row.key, row.value.map { .natural($0) }) }
        return all + (try settings.map(parsedSetting))
    }

    /// The name of the flag that sets a key, if there is one.
    static func flag(of key: String) -> String { otherNames[key] ?? key.replacing("_", with: "-") }

    /// Flags that are not named as their keys.
    private static let otherNames = [
        "max_steps": "steps", "num_train_epochs": "epochs", "problems_per_step": "batch", "examples_per_step": "batch",
        "num_generations": "group-size", "max_completion_length": "max-tokens", "element_type": "type",
    ]
}
