import ArgumentParser
import Foundation
import TinyLoRA

/// Measures accuracy.
struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measures how many problems a model answers rightly, with a 95 % interval.",
        discussion: """
            Strict counts answers in the asked-for format (after ####), lenient counts the last number too: published \
            gains often mix the two.

            EXAMPLES
              The untrained model in the box on its held-out problems:
                tinylora eval
              With an adapter:
                tinylora eval --adapter runs/demo/adapter.safetensors
              A model of your own on GSM8K, four samples a problem:
                tinylora eval --model Qwen2.5-0.5B-Instruct --eval gsm8k/test.jsonl --temperature 1 --samples 4
            """)

    @OptionGroup var model: ModelOptions
    @Option(
        help: ArgumentHelp(
            "Problem file, JSON lines; Abacus's held-out problems unless given.", valueName: "file.jsonl"))
    var eval: String?
    @Option(help: "Problems to evaluate, from the start of the file; all of a file unless given.")
    var problems: Int?
    @Option(help: "Completions of each problem.")
    var samples = 1
    @OptionGroup var sampling: SamplingOptions
    @Option(help: "Prompt style: \(PromptStyle.builtIn.map(\.name).joined(separator: ", ")).")
    var promptStyle: String?
    @Option(help: ArgumentHelp("File for every prompt, completion and verdict, JSON lines.", valueName: "file.jsonl"))
    var output: String?
    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() async throws {
        let console = Console(json: json)
        if let problems, problems < 1 { throw ValidationError("--problems must be at least 1, is \(problems)") }
        let (loaded, adapter, policy) = try model.open(console)
        guard loaded.isAbacus || eval != nil else {
            throw UsageError("--eval is missing: a model of your own needs a problem file")
        }
        let set = try problemSet(file: eval, loaded: loaded, training: false, count: problems)
        let evaluator = Evaluator(
            policy: policy, codec: try loaded.requireTokenizer(),
            style: try promptStyle.map { try PromptStyle(named: $0) } ?? loaded.naturalStyle,
            sampling: sampling.parameters(stopTokens: loaded.stopTokens), samplesPerProblem: samples,
            seed: sampling.seed)
        let start = ContinuousClock.now
        let result = try await evaluator.evaluate(set, adapter: adapter?.values) { progress in
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let left = seconds / Double(max(1, progress.finished)) * Double(progress.total - progress.finished)
            console.progress(
                "\(set.name)  \(progress.finished)/\(progress.total) answered · "
                    + "\(Int(Double(progress.tokens) / seconds)) tok/s · \(clock(left)) left")
        }
        if let output { try write(result.samples, to: output) }
        if let reason = result.parsing.reasonForNoReward(.strict) { console.warn(reason) }
        let each = samples > 1 ? " · \(samples) samples each" : ""
        console.say("problems   \(result.problemCount) of \(set.name)\(each)")
        console.say("adapter    \(adapter?.design.description ?? "none")")
        console.say("strict     \(percent(result.strict))")
        console.say("lenient    \(percent(result.lenient))")
        console.say(
            "tokens     \(grouped(result.tokenCount)) · \(Int(result.tokensPerSecond)) tok/s · "
                + "\(result.truncatedCount) of \(result.samples.count) ran out of room")
        try console.result(result.summary)
    }

    private func write(_ samples: [EvaluatedSample], to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var data = Data()
        for sample in samples { data += try encoder.encode(sample) + Data("\n".utf8) }
        try AtomicFile.write(data, to: path)
    }
}

/// `31.5 % [27.1, 36.2]`
func percent(_ proportion: BinomialProportion) -> String {
    percent(proportion.fraction, [proportion.interval.low, proportion.interval.high])
}

/// A fraction and its interval in percent.
func percent(_ fraction: Double, _ interval: [Double]) -> String {
    String(format: "%5.1f %% [%.1f, %.1f]", 100 * fraction, 100 * interval[0], 100 * interval[1])
}
