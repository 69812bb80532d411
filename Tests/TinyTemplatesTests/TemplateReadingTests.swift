import Foundation
import Testing
import TinyFoundation
import TinyTemplates

@Suite("The chat template of a model directory")
struct TemplateReadingTests {
    private let messages: [JSONValue] = [["role": "user", "content": "Hi"]]

    @Test("is a text in tokenizer_config.json, with the tokens beside it")
    func text() throws {
        let template = try open([
            "tokenizer_config.json":
                #"{"chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}", "bos_token": "<s>"}"#,
            "special_tokens_map.json": #"{"bos_token": "other", "eos_token": {"content": "</s>"}}"#,
        ])
        #expect(try template.render(messages: messages) == "<s>Hi</s>")
    }

    @Test("has all special tokens of the model, as transformers gives them")
    func specialTokens() throws {
        let names = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"].map { $0 + "_token" } + ["image_token"]
        let shown = (names + ["additional_special_tokens", "other"]).map { "{{ \($0) }}" }.joined(separator: " ")
        let template = try open([
            "chat_template.jinja": "\(shown) {{ sep_token is defined }}",
            "tokenizer_config.json": """
            {"bos_token": null, "pad_token": "<pad>", "unk_token": {"content": "<unk>", "special": true}, "sep_token": "",
             "extra_special_tokens": {"image_token": "<image>"}, "other": "no token",
             "additional_special_tokens": ["<a>", {"content": "<b>"}]}
            """,
            "special_tokens_map.json": #"{"cls_token": "<cls>", "mask_token": "<mask>", "pad_token": "later"}"#,
        ])
        let text = try template.render(messages: messages)
        #expect(text == "  <unk>  <pad> <cls> <mask> <image> ['<a>', '<b>']  False")
        let own = try template.render(messages: messages, variables: ["pad_token": "own"])
        #expect(own.contains("own"))
    }

    @Test("is chosen by name when there are several")
    func named() throws {
        let files = [
            "tokenizer_config.json":
                #"{"chat_template": [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}]}"#
        ]
        #expect(try open(files).render(messages: messages) == "d")
        #expect(try open(files, named: "tool_use").render(messages: messages) == "t")
        let error = #expect(throws: TemplateError.self) { try open(files, named: "rag") }
        #expect(error?.hint == "it has 'default', 'tool_use'")
    }

    @Test(
        "of conversations with tools is tool_use, where the model has one",
        arguments: [
            [
                "tokenizer_config.json":
                    #"{"chat_template": [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}]}"#
            ],
            ["chat_template.jinja": "d", "additional_chat_templates/tool_use.jinja": "t"],
        ])
    func toolUse(files: [String: String]) throws {
        let template = try open(files)
        #expect(try template.render(messages: messages) == "d")
        #expect(try template.render(messages: messages, tools: []) == "t")
        #expect(try open(files, named: "default").render(messages: messages, tools: []) == "d")
    }

    @Test("of conversations with tools may be one that cannot be read, which others do not need")
    func brokenToolUse() throws {
        let template = try open(["chat_template.jinja": "d", "additional_chat_templates/tool_use.jinja": "{% if %}"])
        #expect(try template.render(messages: messages) == "d")
        let error = #expect(throws: TemplateError.self) { try template.render(messages: messages, tools: []) }
        #expect(error?.code == .malformedTemplate)
        let single = try open([
            "chat_template.jinja": "d",
            "tokenizer_config.json": #"{"chat_template": [{"name": "tool_use", "template": "t"}]}"#,
        ])
        #expect(try single.render(messages: messages, tools: []) == "d")
    }

    @Test("is a file of its own in newer models")
    func file() throws {
        let template = try open([
            "tokenizer_config.json": #"{"chat_template": "old"}"#,
            "chat_template.jinja": "new{{ eos_token is defined }}",
        ])
        #expect(try template.render(messages: messages) == "newFalse")
    }

    @Test("is missed by name")
    func missing() throws {
        let error = #expect(throws: TemplateError.self) { try open(["tokenizer_config.json": "{}"]) }
        #expect(error?.code == .missingFile)
        #expect(
            #expect(throws: TemplateError.self) { try ChatTemplate(contentsOf: "/no/such/file") }?.code == .missingFile)
    }

    @Test(
        "a conversation says what is wrong with it",
        arguments: ["[]", "{}", #"{"messages": 1}"#, #"{"messages": [], "tools": 1}"#])
    func conversation(json: String) {
        let error = #expect(throws: TemplateError.self) {
            try ChatConversation(json: Array(json.utf8), named: "line 7")
        }
        #expect(error?.code == .malformedFile)
        #expect(error?.message.contains("line 7") == true)
    }

    private func open(_ files: [String: String], named name: String? = nil) throws -> ChatTemplate {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files {
            let file = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return try ChatTemplate(modelDirectory: folder.path, named: name)
    }

    @Test(
        "an error of a template names the message that is not made of texts",
        arguments: [
            (
                #"{"messages": [{"role": "user", "content": {"a": 1}}]}"#,
                "the content of message 1 is an object, not a text"
            ),
            (
                #"{"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": ["b"]}]}"#,
                "the content of message 2 is a list, not a text"
            ),
            (#"{"messages": ["hi"]}"#, "message 1 is a text, not an object"),
            (#"{"messages": [{"content": "a"}]}"#, "message 1 has no role"),
        ])
    func oddMessages(json: String, part: String) throws {
        let template = try ChatTemplate("{% for m in messages %}{{ m.role + ': ' + m.content }}{% endfor %}")
        let error = #expect(throws: TemplateError.self) {
            try template.rendering(ChatConversation(json: json.utf8))
        }
        #expect(error?.message.hasSuffix("; " + part) == true)
    }
}
