import Foundation
import TinyFoundation

extension ChatTemplate {
    /// Reads the template in a file.
    ///
    /// - Throws: ``TemplateError``: `missingFile`, `unreadableFile`, `malformedFile` when it is not UTF-8, and those of
    ///   parsing.
    public init(
        contentsOf path: String, beginningOfText: String? = nil, endOfText: String? = nil
    ) throws(TemplateError) {
        self = try reportingTemplateErrors {
            try ChatTemplate(TinyFoundation.text(ofFile: path), beginningOfText: beginningOfText, endOfText: endOfText)
        }
    }

    /// Opens the template of a model, with the tokens that begin and end its texts.
    ///
    /// The template is `chat_template.jinja` or, where there is no such file, `chat_template` in
    /// `tokenizer_config.json`: a text, or a list of named ones. The tokens are in `tokenizer_config.json` or
    /// `special_tokens_map.json`.
    ///
    /// - Parameters:
    ///   - modelDirectory: The directory.
    ///   - name: The name of one of several templates; `default` unless given.
    /// - Throws: ``TemplateError``; its code is `missingFile` when the model has no template.
    public init(modelDirectory: String, named name: String? = nil) throws(TemplateError) {
        self = try reportingTemplateErrors { try Self.read(URL(fileURLWithPath: modelDirectory), named: name) }
    }

    private static func read(_ directory: URL, named name: String?) throws -> ChatTemplate {
        func existing(_ file: String) -> String? {
            let path = directory.appendingPathComponent(file).path
            return FileManager.default.fileExists(atPath: path) ? path : nil
        }
        try requireDirectory(directory.relativePath, as: "model directory")
        let files = try ["tokenizer_config.json", "special_tokens_map.json"].map { file in
            try existing(file).map { try JSONDocument(contentsOf: $0).root }
        }
        func token(_ name: String) throws -> String? {
            for file in files {
                guard let value = try file?.optional(name) else { continue }
                return try (value.isString ? value : value.member("content")).string()
            }
            return nil
        }
        let begin = try token("bos_token"), end = try token("eos_token")
        if let path = existing(name.map { "additional_chat_templates/\($0).jinja" } ?? "chat_template.jinja") {
            return try ChatTemplate(contentsOf: path, beginningOfText: begin, endOfText: end)
        }
        guard let template = try files[0]?.optional("chat_template") else {
            throw TemplateError(
                .missingFile, "there is no chat template in \(directory.path)",
                hint: "instruction-tuned models have chat_template.jinja, or chat_template in tokenizer_config.json")
        }
        return try ChatTemplate(
            text(of: template, named: name ?? "default"), beginningOfText: begin, endOfText: end)
    }

    /// The template with a name; a single one is called `default`.
    private static func text(of value: JSONNode, named wanted: String) throws -> String {
        if value.isString && wanted == "default" { return try value.string() }
        var names: [String] = []
        if !value.isString {
            for element in try value.elements() {
                let name = try element.member("name").string()
                if name.hasSameScalars(as: wanted) { return try element.member("template").string() }
                names.append(name)
            }
        }
        throw TemplateError(
            .missingFile, "\(value.place) has no template '\(wanted)'",
            hint: names.isEmpty ? nil : "it has \(names.map { "'\($0)'" }.joined(separator: ", "))")
    }
}
