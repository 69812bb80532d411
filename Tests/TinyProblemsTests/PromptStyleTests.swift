import Foundation
import Testing
import TinyProblems
import TinyFoundation

@Suite("Prompt styles")
struct PromptStyleTests {
    @Test("give the exact text a model without turns sees")
    func exactTexts() {
        #expect(PromptStyle.abacus.plainText(for: "2 + 3?") == "Q: 2 + 3?\nA:")
        #expect(PromptStyle.plain.plainText(for: "2 + 3?") == "2 + 3?")
        let request =
            "Work through this one step at a time. Finish with a line that holds only #### and the final number."
        #expect(PromptStyle.gsm8k.plainText(for: "2 + 3?") == "2 + 3?\n\(request)\n")
    }

    @Test("do not look for placeholders inside a question")
    func questionWithPlaceholder() throws {
        let style = try PromptStyle(name: "own", template: "[{question}]")
        #expect(style.plainText(for: "{question}") == "[{question}]")
        #expect(style.plainText(for: "q") == "[q]")
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
        #expect(try PromptStyle(named: "gsm8k-chat") == .gsm8k)
        let error = #expect(throws: ProblemError.self) { try PromptStyle(named: "abakus") }
        #expect(error?.code == .unknownPromptStyle && error?.hint == "did you mean \"abacus\"?")
        for name in ["plain-2shot", "gsm8k-9shot", "gsm8k--1shot", "gsm8k-xshot"] {
            #expect(throws: ProblemError.self) { try PromptStyle(named: name) }
        }
    }

    @Test("show examples before the question, each answered in the asked-for format", arguments: ["gsm8k", "boxed"])
    func shots(name: String) throws {
        let bare = try PromptStyle(named: name), style = try PromptStyle(named: "\(name)-2shot")
        #expect(style.examples.count == 2 && style.name == "\(name)-2shot")
        let parts = style.examples.map { "Question: " + bare.plainText(for: $0.question) + $0.solution }
        let last = "Question: " + bare.plainText(for: "Q?")
        #expect(style.plainText(for: "Q?") == (parts + [last]).joined(separator: "\n\n"))
        #expect(try style.withShots(0) == bare)
        #expect(try PromptStyle(named: "\(name)-8shot").examples.count == PromptStyle.mostShots)
    }

    @Test("have worked examples whose own answers are right", arguments: [PromptStyle.gsm8k, .boxed])
    func rightExamples(style: PromptStyle) throws {
        let full = try style.withShots(PromptStyle.mostShots)
        for example in full.examples {
            let grader = MathGrader()
            let answer = try #require(grader.grade(example.solution, gold: "0").extracted)
            #expect(example.solution.contains("= \(answer) "), "\(example)")
            for line in example.solution.split(separator: "\n") where line.contains("=") {
                let sides = line.split(separator: "=").map(String.init)
                let left = sides[0].reversed().prefix { "0123456789 +-*/".contains($0) }.reversed()
                let right = sides[1].dropFirst().prefix { $0.isNumber }
                #expect(grader.isEquivalent(String(left), to: String(right)), "\(line)")
            }
        }
    }

    @Test("take examples from a set with solutions, and refuse one without")
    func shotsFromSet() throws {
        let set = ProblemSet(
            name: "own",
            problems: [
                Problem(id: "a", question: "1 + 1?", answer: "2", solution: "#### 2"),
                Problem(id: "b", question: "?", answer: "1"),
            ])
        let style = try PromptStyle.abacus.withShots(1, from: set)
        #expect(style.plainText(for: "3?") == "Q: 1 + 1?\nA: #### 2\n\nQ: 3?\nA:")
        let error = #expect(throws: ProblemError.self) { try PromptStyle.abacus.withShots(2, from: set) }
        #expect(error?.message == "problem b of own has no solution to show as an example")
        #expect(throws: ProblemError.self) { try PromptStyle.abacus.withShots(3, from: set) }
    }

    @Test("survive a round through JSON, and a broken template does not")
    func coding() throws {
        for style in PromptStyle.builtIn + [try PromptStyle.boxed.withShots(3)] {
            let data = try JSONEncoder().encode(style)
            #expect(try JSONDecoder().decode(PromptStyle.self, from: data) == style)
        }
        let broken = Data(#"{"name": "own", "template": "none"}"#.utf8)
        #expect(throws: ProblemError.self) { try JSONDecoder().decode(PromptStyle.self, from: broken) }
    }
}
