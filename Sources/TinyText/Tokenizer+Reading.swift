import Foundation

/// What is known about a tokenizer beyond its own file.
struct TokenizerSettings {
    /// The content of the token that ends a text.
    var endOfText: String?
    /// The content of the token that begins a text.
    var beginningOfText: String?
    /// Tokens that the file may lack.
    var addedTokens: [AddedToken] = []
}

extension Tokenizer {
    /// Opens a `tokenizer.json`.
    ///
    /// A file with 150,000 tokens takes about a quarter of a second.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - endOfText: The token to report as ``endOfTextID``; the file itself does not say.
    ///   - beginningOfText: The token to report as ``beginningOfTextID``.
    /// - Throws: ``TextError`` naming the file and what it asks for that this library does not do.
    public init(
        contentsOf path: String, endOfText: String? = nil, beginningOfText: String? = nil
    ) throws(TextError) {
        let file = try JSONDocument(contentsOf: path)
        try self.init(file: file, settings: TokenizerSettings(endOfText: endOfText, beginningOfText: beginningOfText))
    }

    /// Reads the text of a `tokenizer.json`; for the rest see ``init(contentsOf:endOfText:beginningOfText:)``.
    ///
    /// - Parameters:
    ///   - json: The text, as UTF-8.
    ///   - name: What messages call the text.
    ///   - endOfText: The token to report as ``endOfTextID``.
    ///   - beginningOfText: The token to report as ``beginningOfTextID``.
    public init(
        json: some Sequence<UInt8>, named name: String = "tokenizer.json", endOfText: String? = nil,
        beginningOfText: String? = nil
    ) throws(TextError) {
        let file = try JSONDocument(Array(json), name: name)
        try self.init(file: file, settings: TokenizerSettings(endOfText: endOfText, beginningOfText: beginningOfText))
    }

    /// Opens the tokenizer of a model: `tokenizer.json`, and from `tokenizer_config.json`, where there is one, the tokens
    /// that begin and end a text and the added tokens that `tokenizer.json` lacks.
    ///
    /// - Throws: ``TextError``; its code is `missingFile` when the directory has no `tokenizer.json`.
    public init(modelDirectory: String) throws(TextError) {
        let directory = URL(fileURLWithPath: modelDirectory, isDirectory: true)
        let path = directory.appendingPathComponent("tokenizer.json").path
        guard FileManager.default.fileExists(atPath: path) else {
            throw TextError(
                .missingFile, "there is no tokenizer.json in \(modelDirectory)",
                hint: "a model directory holds config.json, tokenizer.json and the weights")
        }
        let configuration = directory.appendingPathComponent("tokenizer_config.json").path
        var settings = TokenizerSettings()
        if FileManager.default.fileExists(atPath: configuration) {
            settings = try TokenizerSettings(from: try JSONDocument(contentsOf: configuration).root)
        }
        try self.init(file: try JSONDocument(contentsOf: path), settings: settings)
    }
}

extension TokenizerSettings {
    /// Reads a `tokenizer_config.json`.
    fileprivate init(from value: JSONValue) throws(TextError) {
        endOfText = try Self.content(of: value.optional("eos_token"))
        beginningOfText = try Self.content(of: value.optional("bos_token"))
        var tokens: [AddedToken] = []
        try value.optional("added_tokens_decoder")?.forEachMember { name, token throws(TextError) in
            guard let id = Int(try name.string()), (0...TokenTable.largestID).contains(id) else {
                throw TextError(.malformedFile, "\(name.place) is \"\(try name.string())\", expected a token id")
            }
            tokens.append(try addedToken(from: token, id: id))
        }
        addedTokens = tokens.sorted { $0.id < $1.id }
    }

    /// A token is named by its text, or described by an object with the text in it.
    private static func content(of value: JSONValue?) throws(TextError) -> String? {
        guard let value else { return nil }
        return value.isString ? try value.string() : try value.member("content").string()
    }
}

extension JSONDocument {
    /// Reads and parses a file.
    convenience init(contentsOf path: String) throws(TextError) {
        try self.init(try readFile(path), name: path)
    }
}

/// The bytes of a file.
func readFile(_ path: String) throws(TextError) -> [UInt8] {
    do {
        return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
        let isMissing = !FileManager.default.fileExists(atPath: path)
        throw TextError(
            isMissing ? .missingFile : .unreadableFile,
            isMissing ? "there is no file \(path)" : "\(path) cannot be read", underlying: error)
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
