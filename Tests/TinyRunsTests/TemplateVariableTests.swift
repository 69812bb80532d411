import Foundation
import Testing
import TinyFoundation
import TinyProblems
import TinyRecords
import TinyRuns
import TinyTemplates
import TinyTestSupport

@Suite("Variables of the chat template")
struct TemplateVariableTests {
    @Test("are in the prompts; a name that the template does not have, and variables without a template, are errors")
    func prompts() async throws {
        let quiet = try TemplateVariables(json: #"{"enable_thinking": false}"#)
        let style = try PromptStyle(named: "plain"), fixture = fixtures(of: "qwen2-tied").path
        try await withTemporaryDirectory { folder in
            let path = folder + "/model"
            try FileManager.default.copyItem(atPath: fixture, toPath: path)
            try write(
                "{{ messages[-1].content }}{{ ' quietly' if enable_thinking is false }}",
                to: path + "/chat_template.jinja")
            let model = try LoadedModel(directory: path, cache: nil)
            #expect(try model.prompter(style: style).prompt(for: "2").text == "2")
            #expect(try model.prompter(style: style, variables: quiet).prompt(for: "2").text == "2 quietly")
            for json in [#"{"enable_thinkng": false}"#, #"{"messages": null}"#] {
                let error = try #require(throws: TemplateError.self) {
                    try model.prompter(style: style, variables: TemplateVariables(json: json))
                }
                #expect(error.code == .unusableVariable && error.message.hasPrefix("chat_template_kwargs: "), "\(json)")
            }
        }
        let plain = try LoadedModel(directory: fixture, cache: nil)
        let error = try #require(throws: RunError.self) { try plain.prompter(style: style, variables: quiet) }
        #expect(error.message.contains("{enable_thinking: false}"))
    }

    @Test("are read from a recipe and from a flag, and written down")
    func settings() throws {
        let recipe = try Recipe(
            text: "chat_template_kwargs: {enable_thinking: false, name: no, depth: 2}", path: "recipe.yaml")
        let configuration = try recipe.configuration()
        let expected: [String: SettingValue] = [
            "enable_thinking": .flag(false), "name": .text("no"), "depth": .integer(2),
        ]
        #expect(configuration.templateVariables?.values == expected)
        let again = try Recipe(text: configuration.jsonDocument(), path: "configuration.json").configuration()
        #expect(again == configuration)
        let difference = configuration.firstDifference(from: .demonstration)
        #expect(difference?.key == "chat_template_kwargs" && difference?.theirs == "null")
        #expect(difference?.mine == "{depth: 2, enable_thinking: false, name: no}")
        let flag = try Setting(flag: "chat_template_kwargs", yaml: "{depth: 2}", at: "--set")
        #expect(flag.value == .group(["depth": .integer(2)]))
    }
}
