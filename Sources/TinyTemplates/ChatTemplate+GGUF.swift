package import TinyFoundation

extension ChatTemplate {
    /// Reads the template in a GGUF file, with the special tokens whose ids the file gives.
    ///
    /// - Parameter name: The name of one of several templates; the unnamed one unless given.
    static func read(_ file: GGUFMetadata, named name: String?) throws -> ChatTemplate {
        let key = "tokenizer.chat_template"
        let named = name.flatMap { $0 == "default" ? nil : $0 }
        guard let text = try file.text(named.map { "\(key).\($0)" } ?? key) else {
            let names = try file.texts("tokenizer.chat_templates") ?? []
            throw TemplateError(
                .missingFile, "there is no chat template\(named.map { " '\($0)'" } ?? "") in \(file.name)",
                hint: names.isEmpty
                    ? nil : "it has " + names.map { "'\(String(decoding: $0, as: UTF8.self))'" }.joined(separator: ", ")
            )
        }
        return try ChatTemplate(text, specialTokens: try specialTokens(in: file))
    }

    /// The `tokenizer_config.json` of the chat templates and the special tokens in a GGUF file.
    package static func tokenizerConfiguration(ofGGUF path: String) throws(TemplateError) -> [String: JSONValue] {
        try reportingTemplateErrors {
            let file = try GGUFMetadata(MappedFile(path: path)), key = "tokenizer.chat_template"
            var values = try specialTokens(in: file)
            let template = try file.text(key)
            var named: [JSONValue] = []
            for name in try file.texts("tokenizer.chat_templates") ?? [] {
                let name = String(decoding: name, as: UTF8.self)
                guard let text = try file.text("\(key).\(name)") else { continue }
                named.append(["name": .string(name), "template": .string(text)])
            }
            if let template, !named.isEmpty {
                named.insert(["name": "default", "template": .string(template)], at: 0)
            }
            values["chat_template"] = named.isEmpty ? template.map { .string($0) } : .array(named)
            return values
        }
    }

    private static func specialTokens(in file: GGUFMetadata) throws -> [String: JSONValue] {
        let vocabulary = try file.texts("tokenizer.ggml.tokens") ?? []
        var tokens: [String: JSONValue] = [:]
        for (name, key) in ggufNames {
            guard let id = try file.integer("tokenizer.ggml.\(key)_token_id"), vocabulary.indices.contains(id),
                !vocabulary[id].isEmpty
            else { continue }
            tokens[name] = .string(String(decoding: vocabulary[id], as: UTF8.self))
        }
        return tokens
    }

    /// Special tokens as templates and as GGUF files call them; the files' writers misspell the separator.
    private static let ggufNames = [
        ("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"), ("sep_token", "seperator"),
        ("pad_token", "padding"), ("cls_token", "cls"), ("mask_token", "mask"),
    ]
}
