import ArgumentParser
import Foundation
import TinyLoRA

/// What the model's chat template is told beside the messages.
struct TemplateOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            #"Variables of the model's chat template, such as {"enable_thinking": false} for Qwen3."#, valueName: "json"
        ))
    var chatTemplateKwargs: String?

    /// The variables; `nil` for none.
    func variables() throws -> TemplateVariables? {
        try chatTemplateKwargs.map { text in
            do throws(RecordsError) {
                return try TemplateVariables(json: text)
            } catch {
                let hint = error.hint.map { "; \($0)" } ?? ""
                throw ValidationError("--chat-template-kwargs: \(error.message)\(hint)")
            }
        }
    }
}
