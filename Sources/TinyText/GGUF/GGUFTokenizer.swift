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
        guard kind == "gpt2" || kind == "llama" else {
            throw TextError(
                .unsupported, "\(file.name) has the tokenizer model \"\(kind)\", expected \"gpt2\" or \"llama\"")
        }
        let vocabulary = try TokenTable(ggufTokens: tokens, file: file.name)
        let added = Self.addedTokens(tokens, types: try file.integers("tokenizer.ggml.token_type") ?? [])
        // Ids of SentencePiece models that have not been changed: <unk>, <s>, </s>.
        func id(_ name: String, unless other: Int) throws -> Int? {
            try Self.id(name, in: file, tokenCount: tokens.count, absent: kind == "llama" ? other : nil)
        }
        let ids = GGUFTokenIDs(
            unknown: try id("unknown_token_id", unless: 0), beginning: try id("bos_token_id", unless: 1),
            end: try id("eos_token_id", unless: 2))
        var settings = settings
        settings.endOfText = settings.endOfText ?? ids.end.map { String(decoding: tokens[$0], as: UTF8.self) }
        settings.beginningOfText =
            settings.beginningOfText ?? ids.beginning.map { String(decoding: tokens[$0], as: UTF8.self) }
        let parts =
            kind == "llama"
            ? try Self.scored(file, vocabulary, tokens, added, ids) : try Self.byteLevel(file, vocabulary, added, ids)
        try self.init(parts, settings: settings)
    }

    private static func byteLevel(
        _ file: GGUFMetadata, _ vocabulary: TokenTable, _ added: [AddedToken], _ ids: GGUFTokenIDs
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
            template: try template(file, ids, byDefault: family == .llama3), file: file.name)
    }

    /// A SentencePiece vocabulary: of all neighbours whose concatenation is a token, the one with the highest score merges, the
    /// leftmost of equals.
    private static func scored(
        _ file: GGUFMetadata, _ vocabulary: TokenTable, _ tokens: [[UInt8]], _ added: [AddedToken], _ ids: GGUFTokenIDs
    ) throws -> TokenizerParts {
        let mark = Array("\u{2581}".utf8), space = [UInt8(ascii: " ")]
        let hasPrefix = try file.flag("tokenizer.ggml.add_space_prefix") ?? true
        return TokenizerParts(
            model: BytePairModel(
                pairs: try pairs(file, vocabulary, tokens),
                symbols: CharacterSymbols(
                    vocabulary: vocabulary, fallsBack: true,
                    missing: ids.unknown.map { .unknown(id: UInt32($0), isFused: true) } ?? .dropped),
                wholeWords: nil),
            vocabulary: vocabulary, addedTokens: added,
            normalizers: (hasPrefix ? [Prefix(prefix: space)] : []) + [Substitution(pattern: space, content: mark)],
            template: try template(file, ids, byDefault: true),
            decoding: TokenDecoding(
                decoder: PlainDecoder(marks: Substitution(pattern: mark, content: space), readsBytes: true),
                beginning: hasPrefix ? .withoutOneSpace : .kept),
            file: file.name)
    }

    /// The merges of a vocabulary with scores: every division of a token into two tokens.
    private static func pairs(
        _ file: GGUFMetadata, _ vocabulary: TokenTable, _ tokens: [[UInt8]]
    ) throws -> PairTable {
        let scores = try file.numbers("tokenizer.ggml.scores") ?? []
        guard scores.count == tokens.count else {
            throw TextError(
                .inconsistentVocabulary, "\(file.name) has \(tokens.count) tokens and \(scores.count) scores")
        }
        if let id = scores.firstIndex(where: \.isNaN) {
            throw TextError(.malformedFile, "the score of token \(id) in \(file.name) is not a number")
        }
        let order = tokens.indices.sorted { scores[$0] > scores[$1] }
        var ranks = [Int](repeating: 0, count: tokens.count)
        for (before, id) in zip(order, order.dropFirst()) {
            ranks[id] = ranks[before] + (scores[id] < scores[before] ? 1 : 0)
        }
        // Only parts that are as long as some token are looked up, so that a very long token does not cost the square of its length.
        var isLength = [Bool](repeating: false, count: (tokens.lazy.map(\.count).max() ?? 0) + 1)
        for token in tokens { isLength[token.count] = true }
        var merges: [(left: Int, right: Int, result: Int)] = []
        for (id, token) in tokens.enumerated() {
            token.withUnsafeBufferPointer { text in
                for middle in 1..<max(1, text.count) where isLength[middle] && isLength[text.count - middle] {
                    if text[middle] & 0xC0 != 0x80,
                        let left = vocabulary.id(of: UnsafeBufferPointer(rebasing: text[..<middle])),
                        let right = vocabulary.id(of: UnsafeBufferPointer(rebasing: text[middle...]))
                    {
                        merges.append((left, right, id))
                    }
                }
            }
        }
        var pairs = PairTable(capacity: merges.count)
        for merge in merges {
            pairs.insert(UInt32(merge.left), UInt32(merge.right), rank: ranks[merge.result], result: merge.result)
        }
        return pairs
    }

    /// The tokens that begin and end a text in training, where the file asks for them.
    private static func template(
        _ file: GGUFMetadata, _ ids: GGUFTokenIDs, byDefault addsBeginning: Bool
    ) throws -> TokenTemplate {
        let begins = try file.flag("tokenizer.ggml.add_bos_token") ?? addsBeginning
        let ends = try file.flag("tokenizer.ggml.add_eos_token") ?? false
        return TokenTemplate(
            before: begins ? ids.beginning.map { [$0] } ?? [] : [], after: ends ? ids.end.map { [$0] } ?? [] : [])
    }

    /// The token that a key names, or that it would name if it were there.
    private static func id(_ key: String, in file: GGUFMetadata, tokenCount: Int, absent: Int?) throws -> Int? {
        guard let id = try file.integer("tokenizer.ggml.\(key)") else {
            return absent.flatMap { $0 < tokenCount ? $0 : nil }
        }
        guard (0..<tokenCount).contains(id) else {
            throw TextError(
                .inconsistentVocabulary,
                "tokenizer.ggml.\(key) is \(id) in \(file.name), which has \(tokenCount) tokens")
        }
        return id
    }

    /// The unknown token and control tokens, which are special, and tokens that a user has defined.
    private static func addedTokens(_ tokens: [[UInt8]], types: [Int]) -> [AddedToken] {
        zip(tokens.indices, zip(tokens, types)).compactMap { id, entry in
            let (unknown, control, userDefined) = (2, 3, 4)
            guard [unknown, control, userDefined].contains(entry.1) else { return nil }
            return AddedToken(
                id: id, content: String(decoding: entry.0, as: UTF8.self), isSpecial: entry.1 != userDefined)
        }
    }
}

/// The tokens that keys of a GGUF file name.
private struct GGUFTokenIDs {
    var unknown: Int?
    var beginning: Int?
    var end: Int?
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
