import Foundation

extension ChatTemplate {
    /// Reads the template in a file.
    ///
    /// - Throws: ``TextError``: `missingFile`, `unreadableFile`, `malformedFile` when it is not UTF-8, and those of
    ///   parsing.
    public init(
        contentsOf path: String, beginningOfText: String? = nil, endOfText: String? = nil
    ) throws(TextError) {
        let bytes = try fileBytes(path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw TextError(.malformedFile, "\(path) is not UTF-8")
        }
        try self.init(text, beginningOfText: beginningOfText, endOfText: endOfText)
    }

    /// Opens the template of a model, with the tokens that begin and end its texts.
    ///
    /// The template is `chat_template.jinja` or, where there is no such file, `chat_template` in
    /// `tokenizer_config.json`: a text, or a list of named ones. The tokens are in `tokenizer_config.json` or
    /// `special_tokens_map.json`.
    ///
    /// - Parameters:
    ///   - modelDirectory: The directory.
    ///   - name: Which of several templates; the one that is called `default` unless given.
    /// - Throws: ``TextError``; its code is `missingFile` when the model has no template.
    public init(modelDirectory: String, named name: String? = nil) throws(TextError) {
        let directory = URL(fileURLWithPath: modelDirectory, isDirectory: true)
        func document(_ file: String) throws(TextError) -> JSONValue? {
            let path = directory.appendingPathComponent(file).path
            guard FileManager.default.fileExists(atPath: path) else { return nil }
            return try JSONDocument(contentsOf: path).root
        }
        let configuration = try document("tokenizer_config.json"), map = try document("special_tokens_map.json")
        func token(_ name: String) throws(TextError) -> String? {
            for file in [configuration, map] {
                guard let value = try file?.optional(name) else { continue }
                return value.isString ? try value.string() : try value.member("content").string()
            }
            return nil
        }
        let file = name.map { "additional_chat_templates/\($0).jinja" } ?? "chat_template.jinja"
        let path = directory.appendingPathComponent(file).path
        let begin = try token("bos_token"), end = try token("eos_token")
        if FileManager.default.fileExists(atPath: path) {
            try self.init(contentsOf: path, beginningOfText: begin, endOfText: end)
            return
        }
        guard let template = try configuration?.optional("chat_template") else {
            throw TextError(
                .missingFile, "there is no chat template in \(modelDirectory)",
                hint: "instruction-tuned models have chat_template.jinja, or chat_template in tokenizer_config.json")
        }
        try self.init(try Self.text(of: template, named: name), beginningOfText: begin, endOfText: end)
    }

    /// The template with a name; a single one is called `default`.
    private static func text(of value: JSONValue, named name: String?) throws(TextError) -> String {
        let wanted = name ?? "default"
        if value.isString && wanted == "default" { return try value.string() }
        var names: [String] = []
        if !value.isString {
            for element in try value.elements() {
                let name = try element.member("name").string()
                if name.hasSameScalars(as: wanted) { return try element.member("template").string() }
                names.append(name)
            }
        }
        throw TextError(
            .missingFile, "\(value.place) has no template '\(wanted)'",
            hint: names.isEmpty ? nil : "it has \(names.map { "'\($0)'" }.joined(separator: ", "))")
    }
}
