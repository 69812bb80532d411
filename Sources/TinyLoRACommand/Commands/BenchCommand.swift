import ArgumentParser
import TinyLoRA

/// Measures how fast this machine computes, beside how fast it could.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures kernels and a model, relative to the limits of this machine.",
        discussion: """
            Measurements alternate with two limits of the machine, on the same threads: fused multiply-adds per second and \
            bytes read from memory per second. A figure is the median of its measurements. The weights are random. Of \
            a model are measured: decoding of 1, 8 and 32 sequences, without and with an adapter of 13 numbers for each; \
            a long prompt; the gradient of such an adapter for groups of completions, and for the same sequences with a \
            prompt of their own each; and a step of GRPO. % is the time that the limit allows for \
            the work that the model defines, relative to the time taken. Other work on the machine lowers figures and \
            limits, but not always equally: measure on an idle machine.

            EXAMPLES
              Kernels and the model in the box, about a minute:
                tinylora bench
              Only the kernels, on one thread, once:
                tinylora bench --kernels --threads 1 --repeats 1
              Half a billion weights instead of Abacus (3 GB of memory), as JSON:
                tinylora bench --model-shape qwen2.5-0.5b --json > bench.json
              Only the model, with a step of 8 groups of 4 completions of 128 tokens:
                tinylora bench --only-model --model-shape qwen2.5-0.5b --step 8x4 --new-tokens 128
              A tokenizer on the texts of a JSON Lines file:
                tinylora bench --tokenizer tokenizer.json --text data/gsm8k/train.jsonl
            """)

    @OptionGroup var threading: ThreadOptions
    @Option(parsing: .unconditional, help: "Measurements per figure; the median is shown.")
    var repeats = 5
    @Flag(help: "Measure only the kernels.")
    var kernels = false
    @Flag(help: "Measure only the model.")
    var onlyModel = false
    @Option(help: ArgumentHelp("Groups and completions of the step that is measured.", valueName: "8x4"))
    var step: String?
    @Option(parsing: .unconditional, help: "Tokens of a completion of that step (default: 32).")
    var newTokens: Int?
    @Option(parsing: .unconditional, help: "Tokens of a prompt of that step (default: 64).")
    var promptTokens: Int?
    @Option(help: "Model to measure.")
    var modelShape = BenchModel.abacus
    @Option(
        help: ArgumentHelp("Arithmetic of the model: float32 or bfloat16.", valueName: "name"),
        transform: parsedArithmetic)
    var arithmetic = Arithmetic.bfloat16
    @Option(help: ArgumentHelp("Measure only this tokenizer, on one thread.", valueName: "file"), transform: path)
    var tokenizer: String?
    @Option(help: ArgumentHelp("Texts for the tokenizer.", valueName: "file.jsonl"), transform: path)
    var text: String?
    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        _ = try threading.count()
        guard (1...1000).contains(repeats) else {
            throw ValidationError("--repeats must be in 1...1000, is \(repeats)")
        }
        guard !(kernels && onlyModel) else { throw ValidationError("--kernels and --only-model exclude each other") }
        for case (let name, let tokens?) in [("--new-tokens", newTokens), ("--prompt-tokens", promptTokens)] {
            guard step != nil else { throw ValidationError("\(name) needs --step") }
            guard (1...4096).contains(tokens) else {
                throw ValidationError("\(name) must be in 1...4096, is \(tokens)")
            }
        }
        guard !kernels || step == nil else { throw ValidationError("--kernels and --step exclude each other") }
        _ = try measuredStep()
        guard (tokenizer == nil) == (text == nil) else {
            throw ValidationError("--tokenizer and --text go together")
        }
    }

    private func measuredStep() throws -> ModelBench.Step? {
        guard let step else { return nil }
        let sizes = step.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard sizes.count == 2, sizes.allSatisfy({ (1...1024).contains($0) }) else {
            throw ValidationError("--step must be two counts from 1 to 1024 such as 8x4, is \(step)")
        }
        return ModelBench.Step(
            prompts: sizes[0], samples: sizes[1], promptTokens: promptTokens ?? 64, newTokens: newTokens ?? 32)
    }

    func run() async throws {
        if let tokenizer, let text {
            return try TokenizerBench(
                tokenizer: tokenizer, text: text, repeats: repeats, console: Console(json: json)
            ).run()
        }
        try await BenchRun(
            threads: threading.count(), repeats: repeats, kernels: !onlyModel, model: kernels ? nil : modelShape,
            step: measuredStep(), arithmetic: arithmetic, console: Console(json: json)
        ).run()
    }
}
