import Foundation
import Testing
import TinyFoundation
import TinyTemplates
import TinyTestSupport

@Suite("The language of chat templates")
struct TemplateLanguageTests {
    @Test("messages have no null members, and their reasoning under each of its names")
    func messageMembers() throws {
        let template = try ChatTemplate("{{ messages[0] | tojson }}")
        let message: JSONValue = ["role": "assistant", "content": nil, "reasoning": "r"]
        #expect(
            try template.render(messages: [message])
                == #"{"thinking": "r", "role": "assistant", "reasoning": "r", "reasoning_content": "r"}"#)
    }

    @Test("is jinja2's as transformers sets it up")
    func agrees() throws {
        let records = try SharedTemplates.records(
            fixtures(of: "TinyTemplates").appendingPathComponent("templates.jsonl"))
        try #require(records.count > 900)
        guard case .object(let members)? = records[0]["variables"] else {
            Issue.record("the first record has no variables")
            return
        }
        let variables = Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value) })
        let time = try #require(ChatTemplate.Time("2025-03-09 12:34:56"))
        for record in records.dropFirst() {
            let source = try #require(SharedTemplates.text(record["template"]))
            do throws(TemplateError) {
                let text = try ChatTemplate(source).rendering(variables: variables, now: time).text
                let expected = SharedTemplates.text(record["text"])
                #expect(expected.map { Array($0.utf8) } == Array(text.utf8), "\(source): \(text)")
            } catch {
                #expect(record["fails"] != nil, "\(source): \(error)")
                if let message = SharedTemplates.text(record["fails"]) { #expect(error.message == message) }
            }
        }
    }

    @Test(
        "an error names line, column and reason",
        arguments: [
            ("a\n{{ x.y }}", 2, 5, TemplateError.Code.undefinedValue, "'x' is undefined"),
            ("{{ 1 }}\n  {% if 1 %}", 2, 6, .malformedTemplate, "this 'if' block is not closed"),
            ("é{{ 'a' + 1 }}", 1, 9, .invalidOperation, "unsupported operand type(s) for +: 'str' and 'int'"),
            ("\r\n\r\n{{ 1 | uper }}", 3, 8, .malformedTemplate, "there is no filter 'uper'; did you mean 'upper'?"),
            (
                "{% include 'x' %}", 1, 4, .unsupported,
                "'include' is refused: a chat template cannot read other templates"
            ),
            ("{{ raise_exception('no') }}", 1, 19, .raisedByTemplate, "no"),
            (
                "{{ 9223372036854775807 + 1 }}", 1, 24, .invalidOperation,
                "the result is an integer beyond 64 bits, or a number too large"
            ),
            ("{{ [].append(1) }}", 1, 13, .unsupported, "access to attribute 'append' of 'list' object is unsafe."),
            ("{{ (1 }}", 1, 7, .malformedTemplate, "expected ')', found '}'"),
            ("{{ 'a", 1, 4, .malformedTemplate, "the string is not closed"),
        ])
    func errors(source: String, line: Int, column: Int, code: TemplateError.Code, message: String) {
        let error = #expect(throws: TemplateError.self) { try ChatTemplate(source).render(messages: []) }
        #expect(error?.code == code)
        #expect(error?.message == message)
        #expect(error?.position?.line == line)
        #expect(error?.position?.column == column)
    }

    @Test("objects keep the order of their members, and numbers their digits")
    func orderAndNumbers() throws {
        let json = #"{"b": 1, "a": [1.0, 1e5, 12345678901234567890123, -0.0, 1E400], "é\u0301": null}"#
        let value = try JSONValue(json: Array(json.utf8))
        let text = try ChatTemplate("{{ v | tojson }}").render(messages: [], variables: ["v": value])
        #expect(text == #"{"b": 1, "a": [1.0, 100000.0, 12345678901234567890123, -0.0, Infinity], "é\#u{301}": null}"#)
    }

    @Test("generation blocks are found in the text")
    func generation() throws {
        let template = try ChatTemplate(
            "{% for m in messages %}é{% generation %}{{ m }}{% endgeneration %}|{% endfor %}")
        let rendering = try template.rendering(ChatConversation(messages: ["a", "ü"]))
        #expect(rendering.text == "éa|éü|")
        #expect(rendering.generated == [2..<3, 6..<8])
    }

    @Test("reads the clock that it is given, and nothing else")
    func clock() throws {
        let template = try ChatTemplate("{{ strftime_now('%A %-d %B %Y, %I:%M %p, day %j, week %V') }}")
        let time = try #require(ChatTemplate.Time("2024-12-30 00:05:09"))
        #expect(try template.render(messages: [], now: time) == "Monday 30 December 2024, 12:05 AM, day 365, week 01")
        for text in ["", "2024-13-01", "2023-02-29", "2024-01-01 24:00:00", "2024-1-1", "today"] {
            #expect(ChatTemplate.Time(text) == nil, "\(text)")
        }
    }
}
