import ArgumentParser
import TinyLoRA

/// Measures how fast this machine computes, beside how fast it could.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures kernels and a model, relative to the limits of this machine.",
        discussion: """
            Measurements alternate with two limits of the machine, on the same threads: fused multiply-adds per second and \
            bytes read from memory per second. A figure is the median of its measurements. The weights are random; the \
            model's speed is that of rollouts and of the gradient of a 13-number adapter, where % counts only the \
            arithmetic that the model defines. Other work on the machine lowers figures and limits, but not always \
            equally: measure on an idle machine.

            EXAMPLES
              Kernels and the model in the box, about a minute:
                tinylora bench
              Only the kernels, on one thread, once:
                tinylora bench --kernels --threads 1 --repeats 1
              Half a billion weights instead of Abacus (3 GB of memory), as JSON:
                tinylora bench --model-shape qwen2.5-0.5b --json > bench.json
              A tokenizer on the texts of a JSON Lines file:
                tinylora bench --tokenizer tokenizer.json --text gsm8k/train.jsonl
            """)

    @OptionGroup var threading: ThreadOptions
    @Option(parsing: .unconditional, help: "Measurements per figure; the median is shown.")
    var repeats = 5
    @Flag(help: "Measure only the kernels.")
    var kernels = false
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
        guard (tokenizer == nil) == (text == nil) else {
            throw ValidationError("--tokenizer and --text go together")
        }
    }

    func run() async throws {
        if let tokenizer, let text {
            return try TokenizerBench(
                tokenizer: tokenizer, text: text, repeats: repeats, console: Console(json: json)
            ).run()
        }
        try await BenchRun(
            threads: threading.count(), repeats: repeats, model: kernels ? nil : modelShape,
            arithmetic: arithmetic, console: Console(json: json)
        ).run()
    }
}
