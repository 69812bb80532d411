import ArgumentParser
import Foundation
import TinyLoRA
import TinyFoundation

/// Log-probabilities of given tokens, and the adapter's gradient.
struct ScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Computes the log-probability of each token of a text, and the adapter's gradient.",
        discussion: """
            Log-probabilities are natural logarithms, one for each token after the first. --gradient adds the gradient of \
            the mean negative log-probability with respect to the adapter's parameters, in the order the adapter stores \
            them; without --adapter, for a new adapter whose --parameters numbers are all 0.

            EXAMPLES
              tinylora score --text "Q: Tom has 3 apples."
              tinylora score --model Qwen/Qwen2.5-0.5B --tokens 1,2,3 --adapter adapter.safetensors --gradient --json
              tinylora score --text "Q: Tom has 3 apples." --arithmetic float32
              tinylora score --model meta-llama/Llama-3.2-1B --adapter my-peft-lora --text "Q: Tom has 3 apples."
              The same by a process that holds the model in PyTorch:
                tinylora score --model Qwen/Qwen2.5-0.5B --text "Q: 1 + 1?" --gradient --learner http://127.0.0.1:8766
            """)

    @OptionGroup var model: ModelOptions
    @Option(parsing: .unconditional, help: "Text to score.")
    var text: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("Token ids to score, separated by commas.", valueName: "ids"))
    var tokens: String?
    @Flag(help: "Also give the gradient with respect to the adapter's parameters.")
    var gradient = false
    @Option(parsing: .unconditional, help: "Parameters of the new adapter that --gradient uses without --adapter.")
    var parameters = 13
    @OptionGroup var learning: LearnerOptions
    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() async throws {
        let console = Console(json: json)
        guard (text == nil) != (tokens == nil) else { throw ValidationError("give either --text or --tokens") }
        let (loaded, adapter, opened) = try model.open(console)
        let ids = try tokens.map(parse) ?? loaded.requireTokenizer().encode(text ?? "")
        guard ids.count >= 2 else {
            throw UsageError(
                "there is nothing to score: "
                    + (ids.isEmpty
                        ? "the text has no tokens"
                        : "\(counted(ids.count, "token")), and the first has no log-probability"))
        }
        let sequence = ScoredSequence(prompt: [ids[0]], completion: Array(ids[1...]))
        var engine = opened, values = adapter?.file.values
        if gradient && adapter == nil {
            // A model that gives no probabilities is told before its matrices are factorised.
            _ = try await opened.logprobs(of: [sequence], adapter: nil, temperature: 1)
            var settings = AdapterSettings()
            settings.parameters = parameters
            let method = try loaded.method(
                settings.design(for: loaded.checkpoint.configuration), initialSeed: 0, threads: opened.threads,
                cache: factorCache())
            engine = LocalEngine(model: loaded.model, method: method, threads: opened.threads)
            values = method.initialValues
        }
        var result = Result(arithmetic: loaded.arithmetic, tokens: ids, logprobs: [], gradient: nil)
        let learner = try await scorer(engine, loaded, sequence)
        if gradient, let values {
            let weight = -1 / Float(ids.count - 1)
            let found = try await learner.gradients(of: [sequence], adapter: values, temperature: 1) { _, logprobs in
                logprobs.map { _ in weight }
            }
            result.logprobs = found.logprobs[0]
            result.gradient = found.gradient
            guard found.gradient.allSatisfy(\.isFinite) else {
                throw EngineError(.notFinite, "the gradient is not made of finite numbers: it has overflowed")
            }
        } else {
            result.logprobs = try await learner.logprobs(of: [sequence], adapter: values, temperature: 1)[0]
        }
        show(result, loaded.tokenizer, console)
        try console.result(result)
    }

    /// This process's engine, or the process that was named, checked against it.
    private func scorer(
        _ engine: LocalEngine, _ loaded: LoadedModel, _ sequence: ScoredSequence
    ) async throws -> any Learner {
        guard let address = try learning.address() else { return engine }
        return try await RemoteLearner(
            address, basis: engine.method.map { try AdapterBasis($0) }, initialAdapter: engine.initialAdapter,
            judge: engine,
            vocabularySize: loaded.checkpoint.configuration.vocabularySize, probe: sequence.prompt + sequence.completion
        )
    }

    private func parse(_ list: String) throws -> [Int] {
        try list.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let id = Int(part.trimmingCharacters(in: .whitespaces)) else {
                throw ValidationError("--tokens: '\(part)' is not a token id")
            }
            return id
        }
    }

    private func show(_ result: Result, _ tokenizer: Tokenizer?, _ console: Console) {
        console.say(" token   logprob  text")
        for (id, logprob) in zip(result.tokens.dropFirst(), result.logprobs) {
            let text = tokenizer.map { $0.decode([id], skippingSpecialTokens: false).debugDescription } ?? ""
            console.say(column("\(id)", 6) + column(Double(logprob), 10, places: 4) + "  " + text)
        }
        let mean = result.logprobs.reduce(0) { $0 + Double($1) } / Double(result.logprobs.count)
        console.say(String(format: "mean %.4f · perplexity %.3f", mean, Foundation.exp(-mean)))
        if let gradient = result.gradient {
            console.say("gradient   " + gradient.map { String(format: "%.5g", $0) }.joined(separator: " "))
        }
    }

    private struct Result: Encodable {
        var arithmetic: Arithmetic
        var tokens: [Int]
        var logprobs: [Float]
        var gradient: [Float]?
    }
}
