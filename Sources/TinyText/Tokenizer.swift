// TinyText converts text to token ids and back. It reads the files of a model directory that describe a tokenizer.
//
// This target does not know: chat templates, models, weights, problems.

import TinyFoundation

/// A byte-pair tokenizer over bytes or characters, as a Hugging Face `tokenizer.json` describes it.
///
/// ```swift
/// let tokenizer = try Tokenizer(modelDirectory: "Qwen2.5-0.5B")
/// let ids = tokenizer.encode("1 + 1 = 2")
/// tokenizer.decode(ids)                        // "1 + 1 = 2"
/// ```
///
/// Immutable and shared freely between threads. What the file asks for is done exactly as the `tokenizers` library does it,
/// or refused by name when the file is opened. `truncation` and `padding` are not applied: they describe batches, not text.
/// Characters are classified by the Unicode version of the Swift library in use.
///
/// Encoding runs at tens of megabytes per second on one thread.
public struct Tokenizer: Sendable {
    private let vocabulary: Vocabulary
    private let model: BytePairModel
    private let normalizers: [any Normalizer]
    private let preTokenizers: [any PreTokenizer]
    private let template: TokenTemplate
    private let tokenBytes: TokenBytes
    /// How spaces at the beginning of decoded text are treated.
    let beginning: TokenDecoding.Beginning
    private let rawFinder: AddedTokenFinder
    private let normalizedFinder: AddedTokenFinder

    /// The token that a model emits when its text is complete; nil when it was not named.
    public let endOfTextID: Int?
    /// The token that a text begins with in training; nil when it was not named.
    public let beginningOfTextID: Int?

    /// - Parameters:
    ///   - file: A parsed tokenizer file.
    ///   - settings: What is known about the tokenizer from elsewhere.
    init(file: JSONDocument, settings: TokenizerSettings) throws {
        let root = file.root
        try BytePairModel.requireKind(root.member("model"))
        let (stages, spellsBytes) = try TinyText.preTokenizers(from: root.optional("pre_tokenizer"))
        let (model, vocabulary) = try BytePairModel.read(
            from: root.member("model"), spellsBytes: spellsBytes, file: file.name)
        try self.init(
            TokenizerParts(
                model: model, vocabulary: vocabulary,
                addedTokens: try TinyText.addedTokens(from: root.optional("added_tokens")) + settings.addedTokens,
                normalizers: try TinyText.normalizers(from: root.optional("normalizer")), preTokenizers: stages,
                template: try TokenTemplate(from: root.optional("post_processor")),
                decoding: try TokenDecoding(from: root.member("decoder")), file: file.name),
            settings: settings)
    }

    /// Puts a tokenizer together, whatever kind of file its parts are from.
    init(_ parts: TokenizerParts, settings: TokenizerSettings) throws {
        model = parts.model
        normalizers = parts.normalizers
        preTokenizers = parts.preTokenizers
        template = parts.template
        beginning = parts.decoding.beginning
        vocabulary = try Vocabulary(
            model: parts.vocabulary, addedTokens: parts.addedTokens, specialTokens: settings.specialTokens,
            file: parts.file)
        let normalizers = normalizers
        let normalize = { (content: String) in normalizers.reduce(content) { $1.normalized($0) } }
        let texts = vocabulary.addedTokens.map { ($0.id, $0.isNormalized ? normalize($0.content) : $0.content) }
        tokenBytes = TokenBytes(
            vocabulary.table, decoding: parts.decoding, texts: Dictionary(uniqueKeysWithValues: texts))
        rawFinder = AddedTokenFinder(vocabulary.addedTokens.filter { !$0.isNormalized })
        normalizedFinder = AddedTokenFinder(vocabulary.addedTokens.filter(\.isNormalized), spelling: normalize)
        endOfTextID = try vocabulary.id(of: settings.endOfText, calledBy: "eos_token")
        beginningOfTextID = try vocabulary.id(of: settings.beginningOfText, calledBy: "bos_token")
    }

    // MARK: Text to ids and back

    /// The ids of `text`.
    ///
    /// The text of an added token, such as `<|endoftext|>`, becomes that token wherever it occurs.
    ///
    /// - Parameters:
    ///   - text: Any text; an empty text has no ids.
    ///   - addingSpecialTokens: Whether the tokens that the file puts around a text, such as Llama's beginning, are added.
    /// - Returns: Ids in `0 ..< vocabularySize`. Bytes that are not in the vocabulary are left out, if the file does not name
    ///   an unknown token.
    public func encode(_ text: String, addingSpecialTokens: Bool = true) -> [Int] {
        let ids = model.ids(of: pieces(of: text))
        return addingSpecialTokens ? template.before + ids + template.after : ids
    }

    /// The ids of a text that goes on from another one, without special tokens around it and without the space that files made
    /// from SentencePiece models put before a text.
    public func encode(continuation text: String) -> [Int] { model.ids(of: pieces(of: text, continues: true)) }

    /// The text of some ids.
    ///
    /// An added token stands for its own text in byte-level files. (The `tokenizers` library reads it in the byte alphabet as if it
    /// were one of the model's, which garbles the few that have characters from U+00A1 to U+0143.) The space that files made from
    /// SentencePiece models put before a text is removed.
    ///
    /// - Parameters:
    ///   - ids: Any numbers; those without a token are ignored.
    ///   - skippingSpecialTokens: Whether special tokens are left out.
    /// - Returns: The text, with U+FFFD in place of bytes that are not UTF-8: where a `tokenizer.json` has tokens for single bytes,
    ///   one for each byte of a run of them that is not UTF-8 as a whole, as the `tokenizers` library does it.
    public func decode(_ ids: some Sequence<Int>, skippingSpecialTokens: Bool = false) -> String {
        var bytes: [UInt8] = []
        var joiner = TokenJoiner(self, skippingSpecialTokens: skippingSpecialTokens, streams: false)
        for id in ids { joiner.append(id, to: &bytes) }
        joiner.finish(&bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The words and added tokens that a text is cut into before merging; joined, they are the normalised text.
    package func words(of text: String) -> [String] {
        let buffer = pieces(of: text)
        var start = 0
        return buffer.pieces.map { piece in
            defer { start = piece.end }
            return String(decoding: buffer.bytes[start..<piece.end], as: UTF8.self)
        }
    }

    private func pieces(of text: String, continues: Bool = false) -> PieceBuffer {
        var buffer = PieceBuffer(text, continues: continues)
        rawFinder.apply(to: &buffer)
        for normalizer in normalizers { normalizer.apply(to: &buffer) }
        normalizedFinder.apply(to: &buffer)
        for preTokenizer in preTokenizers { preTokenizer.apply(to: &buffer) }
        return buffer
    }

    // MARK: Tokens

    /// One more than the largest id: the smallest number of rows of an embedding.
    public var vocabularySize: Int { vocabulary.table.idBound }

    /// The special tokens, by ascending id.
    public var specialTokens: [AddedToken] { vocabulary.addedTokens.filter(\.isSpecial) }

    /// All tokens that are recognised in a text before anything else looks at it, by ascending id.
    public var addedTokens: [AddedToken] { vocabulary.addedTokens }

    /// The id of a token, spelled as in the file, or nil when there is none.
    ///
    /// Byte-level files spell a space "Ġ": `id(of: "Ġthe")`.
    public func id(of token: String) -> Int? {
        vocabulary.table.id(of: Array(token.utf8))
    }

    /// The token with this id, spelled as in the file, or nil when there is none.
    public func token(for id: Int) -> String? {
        vocabulary.table.spelling(of: id).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether this id is a special token.
    public func isSpecial(_ id: Int) -> Bool {
        vocabulary.specialIDs.contains(id)
    }

    /// The bytes that a token stands for, which need not be whole characters; none when there is no such token.
    public func bytes(of id: Int) -> ArraySlice<UInt8> {
        tokenBytes[id]
    }

    /// The bytes that a token stands for, or nil when there is no such token.
    func knownBytes(of id: Int) -> ArraySlice<UInt8>? {
        vocabulary.table.spelling(of: id) == nil ? nil : tokenBytes[id]
    }

    /// How the file spells a token.
    func spelling(of id: Int) -> ArraySlice<UInt8> {
        vocabulary.table.spelling(of: id) ?? []
    }

    /// Whether a token stands for a byte that is joined to those before and after it.
    func joinsRun(_ id: Int) -> Bool {
        tokenBytes.runIDs.contains(id)
    }
}
