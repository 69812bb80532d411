import ArgumentParser
import Foundation
import TinyLoRA

/// Conversation in, prompt out.
struct RenderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Renders conversations with a model's chat template.",
        discussion: """
            Standard input is a conversation, a JSON object: messages, and optionally tools, \
            add_generation_prompt, kwargs (more variables of the template) and special tokens such as bos_token and \
            pad_token. The prompt goes to standard output. With --jsonl every line of input is a conversation, and every line of output is its \
            {"text": …}, or {"error": …} with the line and column of the template; the next \
            conversation is still rendered.

            EXAMPLES
              echo '{"messages": [{"role": "user", "content": "Hi"}], "add_generation_prompt": true}' |
                tinylora render --model Qwen/Qwen2.5-0.5B-Instruct
              tinylora render --template chat_template.jinja --jsonl < conversations.jsonl > prompts.jsonl
              tinylora render --template chat_template.jinja --now "2025-03-09 12:34:56" < conversation.json
            """)

    @Option(help: ArgumentHelp("File with the template.", valueName: "file"), transform: path)
    var template: String?
    @Option(
        help: ArgumentHelp(
            "Directory, GGUF file or name of a downloaded model: its chat template and its special tokens are used.",
            valueName: "path"),
        transform: modelPath
    )
    var model: String?
    @Option(
        parsing: .unconditional, help: ArgumentHelp("Template to use when the model has several.", valueName: "name"))
    var named: String?
    @Flag(help: "Read one conversation per line and write one JSON object for each.")
    var jsonl = false
    @Option(
        parsing: .unconditional, help: ArgumentHelp("Time to give to the template (default: now).", valueName: "time"))
    var now: String?

    func run() async throws {
        guard (template == nil) != (model == nil) else { throw ValidationError("give either --template or --model") }
        guard named == nil || model != nil else { throw ValidationError("--named needs --model") }
        let time = try now.map { text in
            guard let time = ChatTemplate.Time(text) else {
                throw ValidationError("--now must be a time such as \"2025-03-09 12:34:56\", is \"\(text)\"")
            }
            return time
        }
        let opened =
            if let template { try ChatTemplate(contentsOf: template) } else {
                try ChatTemplate(modelDirectory: model ?? "", named: named)
            }
        guard jsonl else {
            let input = try StandardInput.readToEnd()
            let conversation = try ChatConversation(json: input, named: "standard input")
            return try StandardOutput.write(opened.rendering(conversation, now: time).text)
        }
        try answerLines { line, number -> Result in
            do throws(TemplateError) {
                let conversation = try ChatConversation(json: line, named: "line \(number)", isLine: true)
                return Result(text: try opened.rendering(conversation, now: time).text)
            } catch {
                return Result(
                    error: error.message, line: error.position?.line, column: error.position?.column)
            }
        }
    }

    private struct Result: Encodable {
        var text: String?
        var error: String?
        var line: Int?
        var column: Int?
    }
}
