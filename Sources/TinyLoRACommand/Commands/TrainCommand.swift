import ArgumentParser
import Foundation
import TinyLoRA

/// Trains an adapter by reinforcement learning.
struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Teaches a model to reason by training a handful of numbers with reinforcement learning (GRPO).",
        discussion: """
            Without arguments it trains 13 numbers on Abacus, the model in the box, and shows its accuracy on held-out \
            problems before and after. The same settings give the same bytes on any number of threads. Settings that are \
            not given have the demonstration's values on Abacus, and general defaults with --model or --config.

            EXAMPLES
              The demonstration, about two minutes on two cores:
                tinylora train
              A single number:
                tinylora train --parameters 1
              A model of your own on GSM8K:
                tinylora train --model Qwen2.5-0.5B-Instruct --train gsm8k/train.jsonl --eval gsm8k/test.jsonl \\
                  --max-tokens 512 --learning-rate 1e-3 --output runs/qwen
              Go on with a run that was interrupted:
                tinylora train --output runs/qwen --resume …the same settings…
              See everything resolved without starting:
                tinylora train --parameters 35 --dry-run
            """)

    private static let general = TrainingConfiguration(), demonstration = TrainingConfiguration.demonstration

    @Option(help: ArgumentHelp("Directory of a model in Hugging Face layout; Abacus unless given.", valueName: "dir"))
    var model: String?
    @Option(help: ArgumentHelp("Problems to train on, JSON lines with question and answer.", valueName: "file.jsonl"))
    var train: String?
    @Option(help: ArgumentHelp("Problems to evaluate on, before and after.", valueName: "file.jsonl"))
    var eval: String?
    @Option(help: ArgumentHelp("Settings as JSON under TRL's names; flags overrule them.", valueName: "file.json"))
    var config: String?
    @Option(help: "How the numbers are trained: grpo, openes or cma-es (default: grpo).")
    var algorithm: String?
    @Option(help: "Numbers to train (default: 13).")
    var parameters: Int?
    @Option(help: "Rank of the frozen factors (default: 2; on Abacus 8).")
    var rank: Int?
    @Option(help: "Numbers per group of tied modules; needs --tying.")
    var u: Int?
    @Option(help: "Which modules share numbers: tiled:N, contiguous:N, structured:N, by-kind, full or none.")
    var tying: String?
    @Option(help: "How the numbers are stored and used: bf16, fp16 or fp32 (default: bf16).")
    var type: String?
    @Option(help: "Seed of the frozen random projections (default: 0; on Abacus 17).")
    var projectionSeed: UInt64?
    @Option(help: "Steps (default: \(general.steps); on Abacus \(demonstration.steps)).")
    var steps: Int?
    @Option(help: "Problems of one step (default: \(general.rollout.problemsPerStep)).")
    var batch: Int?
    @Option(help: "Completions of each problem (default: \(general.rollout.groupSize)).")
    var groupSize: Int?
    @Option(
        help:
            "Most tokens of a completion (default: \(general.rollout.maxTokens); on Abacus \(demonstration.rollout.maxTokens))."
    )
    var maxTokens: Int?
    @Option(
        help: """
            Learning rate (default: \(general.optimiser.learningRate); on Abacus \
            \(demonstration.optimiser.learningRate), falling linearly).
            """)
    var learningRate: Double?
    @Option(help: "Weight of the divergence from the base model (default: 0).")
    var beta: Double?
    @Option(help: "Prompt style: \(PromptStyle.builtIn.map(\.name).joined(separator: ", ")).")
    var promptStyle: String?
    @Option(help: "Problems of an evaluation; 0 leaves it out (default: 400).")
    var evalProblems: Int?
    @Option(help: "Names every random number of the run (default: 1).")
    var seed: UInt64?
    @OptionGroup var threading: ThreadOptions
    @Option(help: ArgumentHelp("Directory of the run (default: a new one under runs).", valueName: "dir"))
    var output: String?
    @Flag(help: "Go on with the run in --output.")
    var resume = false
    @Flag(help: "Show everything resolved and stop.")
    var dryRun = false
    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() async throws {
        let console = Console(json: json)
        guard !resume || output != nil else { throw ValidationError("--resume needs --output, the run to go on with") }
        let configuration = try resolved()
        let run = TrainingRun(
            configuration: configuration, threads: try threading.count(), directory: output, resuming: resume,
            console: console)
        if dryRun { try run.describe() } else { try await run.start() }
    }

    /// Defaults, then the file, then the flags; every rule checked.
    private func resolved() throws -> TrainingConfiguration {
        var settings = model == nil ? TrainingConfiguration.demonstration : TrainingConfiguration()
        if let config {
            let text: String
            do {
                text = try String(contentsOfFile: config, encoding: .utf8)
            } catch {
                throw UsageError("cannot read \(config): \(reason(of: error))")
            }
            do {
                settings = try TrainingConfiguration(json: text)
            } catch {
                throw UsageError("\(config): \(error)")
            }
        }
        if let algorithm {
            guard let chosen = Algorithm(rawValue: algorithm), chosen == .grpo || chosen.isEvolution else {
                throw ValidationError("--algorithm must be grpo, openes or cma-es, is \(algorithm)")
            }
            if model == nil, config == nil {
                settings = .demonstration(of: chosen)
            } else if settings.algorithm != chosen {
                settings.algorithm = chosen
                if chosen.isEvolution { settings.applyEvolutionDefaults() }
            }
        }
        settings.model = model ?? settings.model
        settings.train = train ?? settings.train
        settings.eval = eval ?? settings.eval
        settings.adapter.parameters = parameters ?? settings.adapter.parameters
        settings.adapter.rank = rank ?? settings.adapter.rank
        settings.adapter.u = u ?? settings.adapter.u
        settings.adapter.tying = tying ?? settings.adapter.tying
        if let type {
            guard let stored = StoredType(rawValue: type) else {
                throw ValidationError("--type must be bf16, fp16 or fp32, is \(type)")
            }
            settings.adapter.elementType = stored
        }
        settings.adapter.projectionSeed = projectionSeed ?? settings.adapter.projectionSeed
        settings.steps = steps ?? settings.steps
        settings.rollout.problemsPerStep = batch ?? settings.rollout.problemsPerStep
        settings.rollout.groupSize = groupSize ?? settings.rollout.groupSize
        settings.rollout.maxTokens = maxTokens ?? settings.rollout.maxTokens
        settings.optimiser.learningRate = learningRate ?? settings.optimiser.learningRate
        settings.loss.beta = beta ?? settings.loss.beta
        settings.promptStyle = promptStyle ?? settings.promptStyle
        settings.evaluation.problems = evalProblems ?? settings.evaluation.problems
        settings.seed = seed ?? settings.seed
        let broken = settings.problems()
        guard broken.isEmpty else { throw UsageError(broken.joined(separator: "; ")) }
        return settings
    }
}
