import ArgumentParser
import Foundation
import TinyLoRA

/// Trains an adapter.
struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: """
            Teaches a model to reason by training a handful of numbers, by reinforcement (GRPO) or on worked solutions (SFT).
            """,
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
              The same numbers on worked solutions, written as the model itself writes:
                tinylora train --algorithm sft --solutions equations
              Go on with a run that was interrupted:
                tinylora train --output runs/qwen --resume …the same settings…
              Compare with LoRA of rank 1:
                tinylora train --method lora --rank 1 --learning-rate 1e-3
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
    @Option(
        help: """
            How to train: \(Algorithm.allCases.map(\.rawValue).joined(separator: ", ")) (default: grpo). It sets the \
            defaults of what is not given.
            """)
    var algorithm: String?
    @Option(
        help: """
            How Abacus's solutions are written, for sft: \
            \(SolutionStyle.allCases.map(\.rawValue).joined(separator: ", ")) (default: sentences).
            """)
    var solutions: String?
    @Option(help: "What is trained: \(AdapterMethodKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var method: String?
    @Option(help: "Numbers to train (default: 13; other methods than tinylora follow from their rank).")
    var parameters: Int?
    @Option(help: "Rank of each matrix's change (default: 2; on Abacus 8).")
    var rank: Int?
    @Option(help: "Numbers per group of tied modules; needs --tying.")
    var u: Int?
    @Option(help: "Which modules share numbers: tiled:N, contiguous:N, structured:N, by-kind, full or none.")
    var tying: String?
    @Option(help: "Scales the change of lora and lora-xs by this over the rank (default: the rank).")
    var loraAlpha: Double?
    @Option(help: ArgumentHelp("Matrices to change, such as q_proj,v_proj (default: all-linear).", valueName: "names"))
    var targetModules: String?
    @Option(help: "Frozen directions of tinylora and lora-xs: top, bottom or random (default: top).")
    var frozenSubspace: String?
    @Option(help: "How the numbers are stored and used: bf16, fp16 or fp32 (default: bf16).")
    var type: String?
    @Option(help: "Seed of the frozen random projections (default: 0; on Abacus 17).")
    var projectionSeed: UInt64?
    @Option(help: "Steps (default: \(general.steps); on Abacus \(demonstration.steps)).")
    var steps: Int?
    @Option(
        help: """
            Problems of one step (default: \(general.rollout.problemsPerStep); with sft solutions, default: \
            \(general.supervised.examplesPerStep)).
            """)
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
        let chosen: Algorithm = try algorithm.map { try choice($0, of: "--algorithm") } ?? .grpo
        var settings = model == nil ? TrainingConfiguration.demonstration(of: chosen) : TrainingConfiguration(chosen)
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
        if let algorithm, settings.algorithm.rawValue != algorithm {
            throw UsageError(
                "--algorithm is \(algorithm), but the algorithm of \(config ?? "the file") is "
                    + "\(settings.algorithm.rawValue); write \"algorithm\" into the file")
        }
        if let solutions { settings.supervised.solutions = try choice(solutions, of: "--solutions") }
        settings.model = model ?? settings.model
        settings.train = train ?? settings.train
        settings.eval = eval ?? settings.eval
        if let method { settings.adapter.method = try choice(method, of: "--method") }
        if let frozenSubspace {
            settings.adapter.frozenSubspace = try choice(frozenSubspace, of: "--frozen-subspace")
        }
        settings.adapter.alpha = loraAlpha ?? settings.adapter.alpha
        settings.adapter.targetModules = targetModules.map { TargetModules($0) } ?? settings.adapter.targetModules
        settings.adapter.parameters = parameters ?? settings.adapter.parameters
        settings.adapter.rank = rank ?? settings.adapter.rank
        settings.adapter.u = u ?? settings.adapter.u
        settings.adapter.tying = tying ?? settings.adapter.tying
        if let type { settings.adapter.elementType = try choice(type, of: "--type") }
        settings.adapter.projectionSeed = projectionSeed ?? settings.adapter.projectionSeed
        settings.steps = steps ?? settings.steps
        if settings.algorithm == .sft {
            settings.supervised.examplesPerStep = batch ?? settings.supervised.examplesPerStep
        } else {
            settings.rollout.problemsPerStep = batch ?? settings.rollout.problemsPerStep
        }
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

    /// One of a few named choices.
    private func choice<Choice>(_ text: String, of flag: String) throws -> Choice
    where Choice: RawRepresentable<String> & CaseIterable {
        guard let choice = Choice(rawValue: text) else {
            let names = Choice.allCases.map(\.rawValue)
            let nearest = nearestName(to: text, in: names).map { ", did you mean \($0)?" } ?? ""
            throw ValidationError("\(flag) is none of \(names.joined(separator: ", ")): \(text)\(nearest)")
        }
        return choice
    }
}
