import Foundation
import Testing
import TinyFoundation
import TinyTemplates
import TinyTestSupport

/// Published chat templates and what transformers makes of conversations with them.
enum SharedTemplates {
    /// `data/chat_templates` of the shared folder, or nil when there is none.
    static let folder = sharedData("chat_templates")

    static let absence: Comment = "the shared chat templates are not beside this checkout"

    /// The JSON objects of a file, one a line.
    static func records(_ file: URL) throws -> [JSONValue] {
        try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map { try JSONValue(json: Array($0)) }
    }

    static func text(_ value: JSONValue?) -> String? {
        if case .string(let text)? = value { text } else { nil }
    }
}

@Suite("Published chat templates", .enabled(if: SharedTemplates.folder != nil, SharedTemplates.absence))
struct SharedTemplateTests {
    @Test("render and refuse what transformers renders and refuses")
    func agrees() throws {
        let folder = try #require(SharedTemplates.folder)
        var templates: [String: ChatTemplate] = [:]
        for record in try SharedTemplates.records(folder.appendingPathComponent("templates.jsonl")) {
            let name = try #require(SharedTemplates.text(record["template"]))
            let file = try #require(SharedTemplates.text(record["file"]))
            templates[name] = try ChatTemplate(contentsOf: folder.appendingPathComponent(file).path)
        }
        let cases = try Data(contentsOf: folder.appendingPathComponent("cases.jsonl")).split(
            separator: UInt8(ascii: "\n"))
        try #require(cases.count > 300)
        let time = try #require(ChatTemplate.Time("2025-03-09 12:34:56"))
        for line in cases {
            let example = try JSONValue(json: Array(line))
            let template = try #require(templates[SharedTemplates.text(example["template"]) ?? ""])
            let label =
                "\(SharedTemplates.text(example["template"]) ?? ""): \(SharedTemplates.text(example["case"]) ?? "")"
            let conversation = try ChatConversation(json: Array(line))
            do throws(TemplateError) {
                let text = try template.rendering(conversation, now: time).text
                let expected = SharedTemplates.text(example["expected"])
                #expect(expected.map { Array($0.utf8) } == Array(text.utf8), "\(label)")
            } catch {
                let type = SharedTemplates.text(example["error"]?["type"])
                if type == "TemplateError" {
                    #expect(error.code == .raisedByTemplate, "\(label)")
                    #expect(error.message == SharedTemplates.text(example["error"]?["message"]), "\(label)")
                } else {
                    #expect(type == "UndefinedError" && error.code == .undefinedValue, "\(label): \(error)")
                }
                #expect(error.position != nil, "\(label)")
            }
        }
    }
}
