public import TinyFoundation

extension Tokenizer {
    /// Reads the bytes of a GGUF file; for the rest see ``init(contentsOf:endOfText:beginningOfText:)``.
    ///
    /// - Parameters:
    ///   - gguf: The bytes; those of tensors may be missing.
    ///   - name: The name of the file in messages.
    public init(gguf: some Sequence<UInt8>, named name: String = "model.gguf") throws(TextError) {
        self = try reportingTextErrors {
            try Tokenizer(gguf: GGUFMetadata(Array(gguf), name: name), settings: TokenizerSettings())
        }
    }

    /// Reads the tokenizer in a GGUF file: a byte-level one of a known family, or a SentencePiece vocabulary with scores.
    ///
    /// - Throws: ``TextError``, with code `unsupported` naming a kind of tokenizer or a way of cutting words that is not known.
    init(gguf file: GGUFMetadata, settings: TokenizerSettings) throws {
        guard let kind = try file.text("tokenizer.ggml.model"), let tokens = try file.texts("tokenizer.ggml.tokens")
        else { throw TextError(.missingFile, "\(file.name) has no tokenizer") }
        let vocabulary = try TokenTable(ggufTokens: tokens, file: file.name)
        let added = Self.addedTokens(tokens, types: try file.integers("tokenizer.ggml.token_type") ?? [])
        var settings = settings
        settings.endOfText =
            try settings.endOfText ?? Self.spelling(tokens, file.integer("tokenizer.ggml.eos_token_id"))
        settings.beginningOfText =
            try settings.beginningOfText ?? Self.spelling(tokens, file.integer("tokenizer.ggml.bos_token_id"))
        let parts: TokenizerParts
        switch kind {
        case "gpt2": parts = try Self.byteLevel(file, vocabulary, tokenCount: tokens.count, added)
        case "llama": parts = try Self.scored(file, vocabulary, tokens, added)
        default:
            throw TextError(
                .unsupported, "\(file.name) has the tokenizer model \"\(kind)\", expected \"gpt2\" or \"llama\"")
        }
        try self.init(parts, settings: settings)
    }

    private static func byteLevel(
        _ file: GGUFMetadata, _ vocabulary: TokenTable, tokenCount: Int, _ added: [AddedToken]
    ) throws -> TokenizerParts {
        // Files older than this key contain GPT-2.
        let name = try file.text("tokenizer.ggml.pre") ?? "gpt-2"
        guard let family = ByteLevelFamily(ggufName: name) else {
            throw TextError(.unsupported, "\(file.name) splits words as \"\(name)\", which is not implemented")
        }
        let merges = try file.texts("tokenizer.ggml.merges") ?? []
        var pairs = PairTable(capacity: merges.count)
        for (rank, merge) in merges.enumerated() {
            try pairs.insert(spaced: merge, rank: rank, vocabulary, file: file.name)
        }
        return family.parts(
            vocabulary: vocabulary, pairs: pairs, addedTokens: added,
            template: try template(file, tokenCount: tokenCount, byDefault: false), file: file.name)
    }

    /// A SentencePiece vocabulary: of all neighbours whose concatenation is a token, the one with the highest score merges.
    ///
    /// Tokens of equal score merge in the order of their ids; in published vocabularies no two have the same.
    private static func scored(
        _ file: GGUFMetadata, _ vocabulary: TokenTable, _ tokens: [[UInt8]], _ added: [AddedToken]
    ) throws -> TokenizerParts {
        let scores = try file.numbers("tokenizer.ggml.scores") ?? []
        guard scores.count == tokens.count else {
            throw TextError(
                .inconsistentVocabulary, "\(file.name) has \(tokens.count) tokens and \(scores.count) scores")
        }
        let isAdded = Set(added.map(\.id))
        let order = tokens.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
        var pairs = PairTable(capacity: 8 * tokens.count)
        for (rank, id) in order.enumerated() where !isAdded.contains(id) {
            let token = tokens[id]
            token.withUnsafeBufferPointer { text in
                for middle in 1..<max(1, text.count) where text[middle] & 0xC0 != 0x80 {
                    guard let left = vocabulary.id(of: UnsafeBufferPointer(rebasing: text[..<middle])),
                        let right = vocabulary.id(of: UnsafeBufferPointer(rebasing: text[middle...])),
                        !isAdded.contains(left), !isAdded.contains(right)
                    else { continue }
                    pairs.insert(UInt32(left), UInt32(right), rank: rank, result: id)
                }
            }
        }
        let unknown = try file.integer("tokenizer.ggml.unknown_token_id")
            .flatMap { tokens.indices.contains($0) ? UInt32($0) : nil }
        let mark = Array("\u{2581}".utf8), space = [UInt8(ascii: " ")]
        let hasPrefix = try file.flag("tokenizer.ggml.add_space_prefix") ?? true
        return TokenizerParts(
            model: BytePairModel(
                pairs: pairs,
                symbols: CharacterSymbols(
                    vocabulary: vocabulary, fallsBack: true,
                    missing: unknown.map { .unknown(id: $0, isFused: true) } ?? .dropped),
                wholeWords: nil),
            vocabulary: vocabulary, addedTokens: added,
            normalizers: (hasPrefix ? [Prefix(prefix: space)] : []) + [Substitution(pattern: space, content: mark)],
            template: try template(file, tokenCount: tokens.count, byDefault: true),
            decoding: TokenDecoding(
                decoder: PlainDecoder(marks: Substitution(pattern: mark, content: space), readsBytes: true),
                beginning: hasPrefix ? .withoutOneSpace : .kept),
            file: file.name)
    }

    /// The tokens that begin and end a text in training, where the file asks for them.
    private static func template(
        _ file: GGUFMetadata, tokenCount: Int, byDefault addsBeginning: Bool
    ) throws -> TokenTemplate {
        func ids(_ flag: String, _ token: String, absent: Bool) throws -> [Int] {
            guard try file.flag("tokenizer.ggml.\(flag)") ?? absent else { return [] }
            return try id(token, in: file, tokenCount: tokenCount).map { [$0] } ?? []
        }
        return TokenTemplate(
            before: try ids("add_bos_token", "bos_token_id", absent: addsBeginning),
            after: try ids("add_eos_token", "eos_token_id", absent: false))
    }

    /// The token that a key names.
    private static func id(_ key: String, in file: GGUFMetadata, tokenCount: Int) throws -> Int? {
        guard let id = try file.integer("tokenizer.ggml.\(key)") else { return nil }
        guard (0..<tokenCount).contains(id) else {
            throw TextError(
                .inconsistentVocabulary,
                "tokenizer.ggml.\(key) is \(id) in \(file.name), which has \(tokenCount) tokens")
        }
        return id
    }

    private static func spelling(_ tokens: [[UInt8]], _ id: Int?) -> String? {
        guard let id, tokens.indices.contains(id) else { return nil }
        return String(decoding: tokens[id], as: UTF8.self)
    }

    /// Control tokens, which are special, and tokens that a user has defined.
    private static func addedTokens(_ tokens: [[UInt8]], types: [Int]) -> [AddedToken] {
        zip(tokens.indices, zip(tokens, types)).compactMap { id, entry in
            let (control, userDefined) = (3, 4)
            guard entry.1 == control || entry.1 == userDefined else { return nil }
            return AddedToken(
                id: id, content: String(decoding: entry.0, as: UTF8.self), isSpecial: entry.1 == control)
        }
    }
}

extension TokenTable {
    /// Tokens in the order of their ids.
    fileprivate init(ggufTokens tokens: [[UInt8]], file: String) throws {
        self.init(capacity: tokens.count)
        guard tokens.count <= Self.largestID else {
            throw TextError(.malformedFile, "\(file) has \(tokens.count) tokens")
        }
        for (id, token) in tokens.enumerated() {
            guard String(validating: token, as: UTF8.self) != nil else {
                throw TextError(.malformedFile, "token \(id) in \(file) is not UTF-8")
            }
            guard token.withUnsafeBufferPointer({ insert($0, id: id) }) else {
                throw TextError(
                    .inconsistentVocabulary, "\(file) lists \"\(String(decoding: token, as: UTF8.self))\" twice")
            }
        }
    }
}
