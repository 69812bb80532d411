import Foundation
import Testing

/// Conversations in, prompts out, in order, whatever is wrong with one of them.
@Suite("tinylora render", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
struct RenderTests {
    private let template = """
        {{ bos_token }}{% for message in messages %}<{{ message.role }}>{{ message.content }}
        {% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}{{ strftime_now("%d %b %Y") }}\
        {% if shout %}{{ raise_exception("no shouting") }}{% endif %}
        """
    private let hello =
        #"{"messages": [{"role": "user", "content": "Hi"}], "add_generation_prompt": true, "bos_token": "<s>"}"#
    private let shout = #"{"messages": [], "kwargs": {"shout": true}}"#

    @Test("answers every line, in order")
    func linesInOrder() throws {
        let scratch = try Scratch(), file = try scratch.file("template.jinja", template)
        let outcome = try Executable.run(
            ["render", "--template", file, "--jsonl", "--now", "2025-03-09 12:34:56"],
            input: [hello, shout, "{", hello].joined(separator: "\n"), in: scratch)
        expectSuccess(outcome)
        let results = try outcome.output.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        try #require(results.count == 4, "\(outcome)")
        for index in [0, 3] { #expect(results[index]["text"] as? String == "<s><user>Hi\n<assistant>09 Mar 2025") }
        #expect(results[1]["error"] as? String == "no shouting")
        #expect(results[1]["line"] as? Int == 2)
        #expect((results[2]["error"] as? String)?.contains("line 3") == true)
    }

    @Test("prints one conversation as it is, with the template of a model")
    func oneConversation() throws {
        let scratch = try Scratch()
        _ = try scratch.file(
            "tokenizer_config.json", #"{"chat_template": "{{ bos_token }}{{ messages | length }}", "bos_token": "^"}"#)
        let outcome = try Executable.run(
            ["render", "--model", scratch.folder.path], input: #"{"messages": [1, 2]}"#, in: scratch)
        expectSuccess(outcome)
        #expect(outcome.output == "^2")
    }

    @Test("refuses what it cannot use")
    func refusals() throws {
        let scratch = try Scratch(), file = try scratch.file("template.jinja", "a\n{{ 1 | uper }}")
        expectRefusal(try Executable.run(["render"], in: scratch), naming: ["--template", "--model"])
        expectRefusal(
            try Executable.run(["render", "--template", "absent.jinja"], in: scratch), naming: ["absent.jinja"])
        expectRefusal(
            try Executable.run(["render", "--template", file], in: scratch), naming: ["line 2, column 8", "upper"])
        expectRefusal(
            try Executable.run(["render", "--template", file, "--now", "noon"], in: scratch), naming: ["--now", "noon"])
    }
}
