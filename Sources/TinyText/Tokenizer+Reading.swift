import Foundation
public import TinyFoundation

/// Facts about a tokenizer that are not in its own file.
struct TokenizerSettings {
    /// The content of the token that ends a text.
    var endOfText: String?
    /// The content of the token that begins a text.
    var beginningOfText: String?
    /// Tokens that the file may lack, or describe otherwise: what is said here counts.
    var addedTokens: [AddedToken] = []
    /// The contents of other special tokens. Those in the vocabulary are special, whatever the file says.
    var specialTokens: [String] = []
}

extension Tokenizer {
    /// Opens a `tokenizer.json`, the tokenizer of a GGUF file, or a `vocab.json` with `merges.txt` beside it.
    ///
    /// Cost: about a tenth of a second for 150,000 tokens.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - endOfText: The token to report as ``endOfTextID``; the file itself does not say.
    ///   - beginningOfText: The token to report as ``beginningOfTextID``.
    /// - Throws: ``TextError`` naming the file and what it asks for that this library does not do.
    public init(
        contentsOf path: String, endOfText: String? = nil, beginningOfText: String? = nil
    ) throws(TextError) {
        let settings = TokenizerSettings(endOfText: endOfText, beginningOfText: beginningOfText)
        let url = URL(fileURLWithPath: path)
        self = try reportingTextErrors {
            if isGGUF(path) {
                try Tokenizer(gguf: GGUFMetadata(MappedFile(path: path)), settings: settings)
            } else if url.lastPathComponent == "vocab.json" {
                try Tokenizer(vocabularyIn: url.deletingLastPathComponent(), settings: settings)
            } else {
                try Tokenizer(file: JSONDocument(contentsOf: path), settings: settings)
            }
        }
    }

    /// Opens `vocab.json` and `merges.txt`, with `tokenizer_config.json` where there is one.
    private init(vocabularyIn directory: URL, settings: TokenizerSettings) throws {
        let configuration = try Self.configuration(in: directory)
        var settings = settings
        if let configuration {
            for key in ["add_prefix_space", "add_bos_token", "add_eos_token"]
            where try configuration.root.flag(key, absent: false) {
                throw TextError(
                    .unsupported, "\(configuration.name) sets \(key), which is not done with vocab.json and merges.txt",
                    hint: "save the tokenizer with transformers, which writes a tokenizer.json")
            }
            let told = try TokenizerSettings(from: configuration.root)
            settings = TokenizerSettings(
                endOfText: settings.endOfText ?? told.endOfText,
                beginningOfText: settings.beginningOfText ?? told.beginningOfText, addedTokens: told.addedTokens,
                specialTokens: told.specialTokens)
        }
        try self.init(
            vocabularyFile: directory.appendingPathComponent("vocab.json").path,
            mergesFile: directory.appendingPathComponent("merges.txt").path, configuration: configuration,
            settings: settings)
    }

    private static func configuration(in directory: URL) throws -> JSONDocument? {
        let path = directory.appendingPathComponent("tokenizer_config.json").path
        return FileManager.default.fileExists(atPath: path) ? try JSONDocument(contentsOf: path) : nil
    }

    /// Reads the text of a `tokenizer.json`; for the rest see ``init(contentsOf:endOfText:beginningOfText:)``.
    ///
    /// - Parameters:
    ///   - json: The text, as UTF-8.
    ///   - name: The name of the text in messages.
    ///   - endOfText: The token to report as ``endOfTextID``.
    ///   - beginningOfText: The token to report as ``beginningOfTextID``.
    public init(
        json: some Sequence<UInt8>, named name: String = "tokenizer.json", endOfText: String? = nil,
        beginningOfText: String? = nil
    ) throws(TextError) {
        let settings = TokenizerSettings(endOfText: endOfText, beginningOfText: beginningOfText)
        self = try reportingTextErrors {
            try Tokenizer(file: JSONDocument(Array(json), name: name), settings: settings)
        }
    }

    /// Opens the tokenizer of a model: `tokenizer.json`, or else `vocab.json` and `merges.txt`; and from
    /// `tokenizer_config.json`, where there is one, the tokens that begin and end a text, and added tokens. What it says of an added
    /// token replaces what the other file says, and tokens that it names, such as `pad_token`, are special. The model may also be
    /// a GGUF file.
    ///
    /// - Throws: ``TextError``; its code is `missingFile` when the model has none.
    public init(modelDirectory: String) throws(TextError) {
        if isGGUF(modelDirectory) {
            try self.init(contentsOf: modelDirectory)
            return
        }
        let directory = URL(fileURLWithPath: modelDirectory, isDirectory: true)
        func exists(_ file: String) -> Bool {
            FileManager.default.fileExists(atPath: directory.appendingPathComponent(file).path)
        }
        self = try reportingTextErrors {
            try requireDirectory(modelDirectory, as: "model directory")
            if exists("tokenizer.json") {
                let settings = try Self.configuration(in: directory).map { try TokenizerSettings(from: $0.root) }
                return try Tokenizer(
                    file: JSONDocument(contentsOf: directory.appendingPathComponent("tokenizer.json").path),
                    settings: settings ?? TokenizerSettings())
            }
            guard exists("vocab.json"), exists("merges.txt") else {
                throw TextError(
                    .missingFile, "there is no tokenizer.json in \(modelDirectory)",
                    hint: "a model directory has config.json, tokenizer.json and the weights")
            }
            return try Tokenizer(vocabularyIn: directory, settings: TokenizerSettings())
        }
    }
}

extension TokenizerSettings {
    /// Reads a `tokenizer_config.json`.
    fileprivate init(from value: JSONNode) throws {
        endOfText = try Self.content(of: value.optional("eos_token"))
        beginningOfText = try Self.content(of: value.optional("bos_token"))
        var tokens: [AddedToken] = []
        if let list = try value.optional("added_tokens_decoder") {
            for (name, token) in try list.members() {
                guard let id = Int(try name.string()), (0...TokenTable.largestID).contains(id) else {
                    throw name.wrongKind("a token id")
                }
                tokens.append(try addedToken(from: token, id: id))
            }
        }
        addedTokens = tokens.sorted { $0.id < $1.id }
        specialTokens = try ["bos", "eos", "unk", "sep", "pad", "cls", "mask"].compactMap {
            try Self.content(of: value.optional($0 + "_token"))
        }
        for list in ["additional_special_tokens", "extra_special_tokens"] {
            guard let list = try value.optional(list) else { continue }
            let more = list.isObject ? try list.members().map(\.value) : try list.elements()
            specialTokens += try more.compactMap { try Self.content(of: $0) }
        }
    }

    /// A token is named by its text, or described by an object with the text in it.
    private static func content(of value: JSONNode?) throws -> String? {
        guard let value else { return nil }
        return value.isString ? try value.string() : try value.member("content").string()
    }
}

extension Vocabulary {
    /// The id of a token that another file names.
    func id(of token: String?, calledBy setting: String) throws(TextError) -> Int? {
        guard let token else { return nil }
        guard let id = table.id(of: Array(token.utf8)) else {
            throw TextError(.inconsistentVocabulary, "the \(setting) \"\(token)\" is not in the vocabulary")
        }
        return id
    }
}
