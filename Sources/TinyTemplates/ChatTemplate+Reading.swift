import Foundation
public import TinyFoundation

extension ChatTemplate {
    /// Reads the template in a file.
    ///
    /// - Throws: ``TemplateError``: `missingFile`, `unreadableFile`, `malformedFile` when it is not UTF-8, and those of
    ///   parsing.
    public init(
        contentsOf path: String, specialTokens: [String: JSONValue] = [:]
    ) throws(TemplateError) {
        self = try reportingTemplateErrors {
            try ChatTemplate(TinyFoundation.text(ofFile: path), specialTokens: specialTokens)
        }
    }

    /// Opens the template of a model, with its special tokens.
    ///
    /// The template is `chat_template.jinja` or, where there is no such file, `chat_template` in
    /// `tokenizer_config.json`: a text, or a list of named ones. The tokens are in `tokenizer_config.json` or
    /// `special_tokens_map.json`; transformers gives a template the same: `bos_token`, `eos_token`, `unk_token`, `sep_token`,
    /// `pad_token`, `cls_token`, `mask_token`, the list `additional_special_tokens`, and the names of `extra_special_tokens`.
    ///
    /// The model may also be a GGUF file.
    ///
    /// - Parameters:
    ///   - modelDirectory: The directory or file.
    ///   - name: The name of one of several templates. Unless given it is `default`, and a conversation with tools is rendered by
    ///     `tool_use` where there is one.
    /// - Throws: ``TemplateError``; its code is `missingFile` when the model has no template.
    public init(modelDirectory: String, named name: String? = nil) throws(TemplateError) {
        self = try Self.read(modelDirectory, named: name)
        guard name == nil else { return }
        do throws(TemplateError) {
            toolTemplate = ToolTemplate(.success(try Self.read(modelDirectory, named: "tool_use")))
        } catch {
            toolTemplate = error.code == .missingFile ? nil : ToolTemplate(.failure(error))
        }
    }

    private static func read(_ model: String, named name: String?) throws(TemplateError) -> ChatTemplate {
        try reportingTemplateErrors {
            isGGUF(model)
                ? try read(GGUFMetadata(MappedFile(path: model)), named: name)
                : try read(URL(fileURLWithPath: model), named: name ?? "default")
        }
    }

    private static func read(_ directory: URL, named name: String) throws -> ChatTemplate {
        func existing(_ file: String) -> String? {
            let path = directory.appendingPathComponent(file).path
            return FileManager.default.fileExists(atPath: path) ? path : nil
        }
        try requireDirectory(directory.relativePath, as: "model directory")
        let files = try ["tokenizer_config.json", "special_tokens_map.json"].map { file in
            try existing(file).map { try JSONDocument(contentsOf: $0).root }
        }
        var tokens: [String: JSONValue] = [:]
        for file in files.compactMap(\.self) { tokens.merge(try specialTokens(in: file)) { first, _ in first } }
        let isDefault = name == "default", single = existing("chat_template.jinja")
        if let path = isDefault ? single : existing("additional_chat_templates/\(name).jinja") {
            return try ChatTemplate(contentsOf: path, specialTokens: tokens)
        }
        // The file counts, whatever templates the configuration has.
        guard single == nil, let template = try files[0]?.optional("chat_template") else {
            throw TemplateError(
                .missingFile, "there is no chat template\(isDefault ? "" : " '\(name)'") in \(directory.path)",
                hint: "instruction-tuned models have chat_template.jinja, or chat_template in tokenizer_config.json")
        }
        return try ChatTemplate(text(of: template, named: name), specialTokens: tokens)
    }

    /// The special tokens that a file names. An empty one counts as none, as it does in transformers.
    private static func specialTokens(in file: JSONNode) throws -> [String: JSONValue] {
        func text(_ value: JSONNode) throws -> String {
            try (value.isString ? value : value.member("content")).string()
        }
        var tokens: [String: JSONValue] = [:]
        for name in specialTokenNames {
            guard let value = try file.optional(name) else { continue }
            tokens[name] = .string(try text(value))
        }
        if let extra = try file.optional("extra_special_tokens"), extra.isObject {
            for (name, value) in try extra.members() { tokens[try name.string()] = .string(try text(value)) }
        }
        if let additional = try file.optional("additional_special_tokens"), additional.isArray {
            let texts = try additional.elements().map { JSONValue.string(try text($0)) }
            if !texts.isEmpty { tokens["additional_special_tokens"] = .array(texts) }
        }
        return tokens.filter { $0.value != "" }
    }

    /// The single special tokens that transformers knows in every model.
    static let specialTokenNames = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"].map { $0 + "_token" }

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
