import Foundation
import Testing
import TinyProblems

@Suite("Prompt styles")
struct PromptStyleTests {
    @Test("give the exact text a model sees")
    func exactTexts() {
        #expect(PromptStyle.abacus.prompt(for: "2 + 3?") == "Q: 2 + 3?\nA:")
        #expect(PromptStyle.plain.prompt(for: "2 + 3?") == "2 + 3?")
        let request =
            "Work through this one step at a time. Finish with a line that holds only #### and the final number."
        #expect(PromptStyle.gsm8k.prompt(for: "2 + 3?") == "2 + 3?\n\(request)\n")
        #expect(
            PromptStyle.gsm8kChat.prompt(for: "2 + 3?")
                == "<|im_start|>user\n2 + 3?\n\(request)<|im_end|>\n<|im_start|>assistant\n")
    }

    @Test("do not look for placeholders inside a question")
    func questionWithPlaceholder() throws {
        let style = try PromptStyle(name: "own", template: "[{question}]")
        #expect(style.prompt(for: "{question}") == "[{question}]")
        #expect(style.prompt(for: Problem(id: "1", question: "q", answer: "1")) == "[q]")
    }

    @Test(
        "need exactly one place for the question", arguments: [("", 0), ("no place", 0), ("{question} {question}", 2)])
    func invalidTemplates(template: String, places: Int) {
        let error = #expect(throws: ProblemError.self) { try PromptStyle(name: "own", template: template) }
        #expect(error?.code == .invalidTemplate)
        #expect(
            error?.message == "the template of prompt style \"own\" has \(places) places for the question, expected 1")
    }

    @Test("are found by name, and an unknown name lists the known ones")
    func byName() throws {
        for style in PromptStyle.builtIn { #expect(try PromptStyle(named: style.name) == style) }
        let error = #expect(throws: ProblemError.self) { try PromptStyle(named: "abakus") }
        #expect(
            error?.message == "there is no prompt style \"abakus\"; the styles are: abacus, gsm8k, gsm8k-chat, plain")
    }

    @Test("survive a round through JSON, and a broken template does not")
    func coding() throws {
        for style in PromptStyle.builtIn {
            let data = try JSONEncoder().encode(style)
            #expect(try JSONDecoder().decode(PromptStyle.self, from: data) == style)
        }
        let broken = Data(#"{"name": "own", "template": "none"}"#.utf8)
        #expect(throws: ProblemError.self) { try JSONDecoder().decode(PromptStyle.self, from: broken) }
    }
}
