import ArgumentParser
import Foundation
import TinyLoRA
import TinyFoundation

/// Prompt in, text out.
struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Completes a prompt and prints the text while it is generated.",
        discussion: """
            The prompt is used unchanged, unless --question wraps it in the model's prompt style. A text that ends the \
            answers of that style, such as the next question after worked examples, ends this one too and is not shown.

            EXAMPLES
              tinylora generate --question "Tom has 12 apples. He picks 5 more. How many apples does Tom have now?"
              tinylora generate --adapter runs/demo/adapter.safetensors --question "…"
              echo "Once upon" | tinylora generate --model HuggingFaceTB/SmolLM2-135M --temperature 0.8
            """)

    @OptionGroup var model: ModelOptions
    @Option(parsing: .unconditional, help: "Prompt (default: standard input).")
    var prompt: String?
    @Option(parsing: .unconditional, help: "Question, written in the model's prompt style.")
    var question: String?
    @Option(
        help: "Prompt style of --question: \(PromptStyle.builtInNames) (default: abacus, or gsm8k with your own model)."
    )
    var promptStyle: String?
    @OptionGroup var template: TemplateOptions
    @OptionGroup var sampling: SamplingOptions
    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard promptStyle == nil || question != nil else { throw ValidationError("--prompt-style needs --question") }
        guard template.chatTemplateKwargs == nil || question != nil else {
            throw ValidationError("--chat-template-kwargs needs --question")
        }
    }

    func run() async throws {
        let style = try promptStyle.map { try PromptStyle(named: $0) }, variables = try template.variables()
        let console = Console(json: json)
        guard prompt == nil || question == nil else { throw ValidationError("give --prompt or --question, not both") }
        let (loaded, adapter, engine) = try model.open(console)
        let tokenizer = try loaded.requireTokenizer()
        let asked = try question.map {
            (prompter: try loaded.prompter(style: style, variables: variables), question: $0)
        }
        let tokens =
            if let asked { try asked.prompter.prompt(for: asked.question).tokens } else {
                tokenizer.encode(try prompt ?? String(decoding: StandardInput.readToEnd(), as: UTF8.self))
            }
        let request = CompletionRequest(
            prompt: tokens, streams: [StreamName(.sampling, seed: sampling.seed)],
            adapter: adapter?.file.values, sampling: sampling.parameters(stopTokens: loaded.stopTokens, mostTokens: 128)
        )
        var text = StreamingDecoder(tokenizer, skippingSpecialTokens: true)
        var answer = asked?.prompter.answerStream() ?? AnswerStream(stopTexts: [])
        var sampled = Completion(tokens: [], logprobs: [], stop: .stopText)
        var finished: Completion?
        events: for try await event in engine.stream(request) {
            switch event {
            case .began, .prompt: break
            case .token(_, let chosen, _):
                sampled.tokens.append(chosen.token)
                sampled.logprobs.append(chosen.logprob)
                let certain = answer.append(text.append(chosen.token))
                if !json { try StandardOutput.write(certain) }
                if answer.isStopped {
                    finished = sampled
                    break events
                }
            case .finished(_, let completion): finished = completion
            case .failed(_, let error): throw error
            }
        }
        let rest = answer.append(text.finish()) + answer.finish()
        if !json { try StandardOutput.write(rest + "\n") }
        guard let completion = finished else { return }
        let isEnded = completion.stop == .endOfText
        try console.result(
            Result(
                arithmetic: loaded.arithmetic,
                text: asked?.prompter.completionText(completion.tokens, endedByStopToken: isEnded)
                    ?? tokenizer.completionText(completion.tokens, endedByStopToken: isEnded),
                tokens: completion.tokens, logprobs: completion.logprobs, stop: completion.stop))
    }

    private struct Result: Encodable {
        let arithmetic: Arithmetic
        let text: String
        let tokens: [Int]
        let logprobs: [Float]
        let stop: StopReason
    }
}
