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
        let described = try GGUFTokenizer(file)
        var settings = settings
        settings.endOfText = settings.endOfText ?? described.end.map(described.text)
        settings.beginningOfText = settings.beginningOfText ?? described.beginning.map(described.text)
        try self.init(try described.parts(), settings: settings)
    }
}

/// What a GGUF file says about its tokenizer.
struct GGUFTokenizer {
    /// How words are cut and what merges.
    enum Kind {
        /// Merges spelled `a b`, the first to merge first.
        case byteLevel(ByteLevelFamily, merges: [[UInt8]])
        /// A SentencePiece vocabulary: of all neighbours whose concatenation is a token, the one with the highest score merges,
        /// the leftmost of equals. Merges in the order of their results' ids.
        case scored([Merge], addsSpace: Bool)
    }

    /// Two tokens and the token that they make; the lowest rank merges first.
    struct Merge {
        var left, right, result, rank: Int
    }

    /// The name of the file in messages.
    let file: String
    /// By id, without the padding behind the last token that a text can have.
    let tokens: [[UInt8]]
    let vocabulary: TokenTable
    let addedTokens: [AddedToken]
    let unknown, beginning, end: Int?
    /// The tokens that begin and end a text in training, where the file asks for them.
    let template: TokenTemplate
    let kind: Kind

    init(_ file: GGUFMetadata) throws {
        guard let kind = try file.text("tokenizer.ggml.model"), let all = try file.texts("tokenizer.ggml.tokens")
        else { throw TextError(.missingFile, "\(file.name) has no tokenizer") }
        guard kind == "gpt2" || kind == "llama" else {
            throw TextError(
                .unsupported, "\(file.name) has the tokenizer model \"\(kind)\", expected \"gpt2\" or \"llama\"")
        }
        let types = try file.integers("tokenizer.ggml.token_type") ?? []
        let tokens = Self.withoutPadding(all, types: types)
        self.file = file.name
        self.tokens = tokens
        vocabulary = try TokenTable(ggufTokens: tokens, file: file.name)
        addedTokens = Self.addedTokens(tokens, types: types)
        // Ids of SentencePiece models that have not been changed: <unk>, <s>, </s>.
        func id(_ name: String, unless other: Int) throws -> Int? {
            try Self.id(name, in: file, tokenCount: tokens.count, absent: kind == "llama" ? other : nil)
        }
        unknown = try id("unknown_token_id", unless: 0)
        beginning = try id("bos_token_id", unless: 1)
        end = try id("eos_token_id", unless: 2)
        let addsBeginning: Bool
        if kind == "llama" {
            self.kind = .scored(
                try Self.merges(file, vocabulary, tokens, scoreCount: all.count),
                addsSpace: try file.flag("tokenizer.ggml.add_space_prefix") ?? true)
            addsBeginning = true
        } else {
            let family = try Self.family(file)
            self.kind = .byteLevel(family, merges: try file.texts("tokenizer.ggml.merges") ?? [])
            addsBeginning = family == .llama3 || family == .tekken
        }
        let begins = try file.flag("tokenizer.ggml.add_bos_token") ?? addsBeginning
        let ends = try file.flag("tokenizer.ggml.add_eos_token") ?? false
        template = TokenTemplate(
            before: begins ? beginning.map { [$0] } ?? [] : [], after: ends ? end.map { [$0] } ?? [] : [])
    }

    /// The text of a token.
    func text(of id: Int) -> String { String(decoding: tokens[id], as: UTF8.self) }

    /// The parts of the tokenizer.
    func parts() throws -> TokenizerParts {
        switch kind {
        case .byteLevel(let family, let merges):
            var pairs = PairTable(capacity: merges.count)
            for (rank, merge) in merges.enumerated() {
                try pairs.insert(spaced: merge, rank: rank, vocabulary, file: file)
            }
            return family.parts(
                vocabulary: vocabulary, pairs: pairs, addedTokens: addedTokens, template: template, file: file)
        case .scored(let merges, let addsSpace):
            let mark = Array("\u{2581}".utf8), space = [UInt8(ascii: " ")]
            var pairs = PairTable(capacity: merges.count)
            for merge in merges {
                pairs.insert(UInt32(merge.left), UInt32(merge.right), rank: merge.rank, result: merge.result)
            }
            return TokenizerParts(
                model: BytePairModel(
                    pairs: pairs,
                    symbols: CharacterSymbols(
                        vocabulary: vocabulary, fallsBack: true,
                        missing: unknown.map { .unknown(id: UInt32($0), isFused: true) } ?? .dropped),
                    wholeWords: nil),
                vocabulary: vocabulary, addedTokens: addedTokens,
                normalizers: (addsSpace ? [Prefix(prefix: space)] : []) + [Substitution(pattern: space, content: mark)],
                template: template,
                decoding: TokenDecoding(
                    decoder: PlainDecoder(marks: Substitution(pattern: mark, content: space), readsBytes: true),
                    beginning: addsSpace ? .withoutOneSpace : .kept),
                file: file)
        }
    }

    private static func family(_ file: GGUFMetadata) throws -> ByteLevelFamily {
        // Files older than this key contain GPT-2.
        let name = try file.text("tokenizer.ggml.pre") ?? "gpt-2"
        guard let family = ByteLevelFamily(ggufName: name) else {
            throw TextError(.unsupported, "\(file.name) splits words as \"\(name)\", which is not implemented")
        }
        return family
    }

    /// Tokens before those that llama.cpp's converter adds where the model has more rows than the tokenizer has tokens.
    private static func withoutPadding(_ tokens: [[UInt8]], types: [Int]) -> [[UInt8]] {
        let unused = 5
        var count = tokens.count
        while count > 0, types.indices.contains(count - 1), types[count - 1] == unused,
            tokens[count - 1].elementsEqual("[PAD\(count - 1)]".utf8)
        {
            count -= 1
        }
        return Array(tokens.prefix(count))
    }

    /// The merges of a vocabulary with scores: every division of a token into two tokens.
    private static func merges(
        _ file: GGUFMetadata, _ vocabulary: TokenTable, _ tokens: [[UInt8]], scoreCount: Int
    ) throws -> [Merge] {
        let scores = try file.numbers("tokenizer.ggml.scores") ?? []
        guard scores.count == scoreCount else {
            throw TextError(
                .inconsistentVocabulary, "\(file.name) has \(scoreCount) tokens and \(scores.count) scores")
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
        var merges: [Merge] = []
        for (id, token) in tokens.enumerated() {
            token.withUnsafeBufferPointer { text in
                for middle in 1..<max(1, text.count) where isLength[middle] && isLength[text.count - middle] {
                    if text[middle] & 0xC0 != 0x80,
                        let left = vocabulary.id(of: UnsafeBufferPointer(rebasing: text[..<middle])),
                        let right = vocabulary.id(of: UnsafeBufferPointer(rebasing: text[middle...]))
                    {
                        merges.append(Merge(left: left, right: right, result: id, rank: ranks[id]))
                    }
                }
            }
        }
        return merges
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
