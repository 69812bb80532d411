public import Foundation
public import TinyFoundation

extension Tokenizer {
    /// The tokenizer of a GGUF file as a `tokenizer.json`, which gives the same ids and which the `tokenizers` library reads.
    ///
    /// That format gives every merge a rank of its own. Merges into different tokens with equal scores, of which a SentencePiece
    /// vocabulary takes the leftmost, are in the order of their ids there.
    ///
    /// - Throws: ``TextError``; its code is `missingFile` when the file has no tokenizer.
    public static func json(ofGGUF path: String) throws(TextError) -> Data {
        try reportingTextErrors {
            Data(try GGUFTokenizer(GGUFMetadata(MappedFile(path: path))).document.text.utf8)
        }
    }
}

extension GGUFTokenizer {
    /// The same tokenizer as Hugging Face's files describe it.
    var document: TokenizerDocument {
        let vocabulary = tokens.indices.map { (token: text(of: $0), id: $0) }
        switch kind {
        case .byteLevel(let family, let merges):
            let pairs = merges.map { merge in
                let parts = merge.split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
                return (
                    left: String(decoding: parts[0], as: UTF8.self),
                    right: parts.dropFirst().map { String(decoding: $0, as: UTF8.self) }.joined()
                )
            }
            return TokenizerDocument(
                vocabulary: vocabulary, merges: pairs, addedTokens: addedTokens, normalizer: family.normalizerJSON,
                preTokenizer: family.preTokenizerJSON, postProcessor: postProcessor, ignoresMerges: family.ignoresMerges
            )
        case .scored(let merges, let addsSpace):
            let ordered = merges.sorted { ($0.rank, $0.left, $0.right) < ($1.rank, $1.left, $1.right) }
            let normalizers =
                (addsSpace ? [#"{"type": "Prepend", "prepend": "\#u{2581}"}"#] : [])
                + [#"{"type": "Replace", "pattern": {"String": " "}, "content": "\#u{2581}"}"#]
            let decoders =
                [
                    #"{"type": "Replace", "pattern": {"String": "\#u{2581}"}, "content": " "}"#,
                    #"{"type": "ByteFallback"}"#, #"{"type": "Fuse"}"#,
                ] + (addsSpace ? [#"{"type": "Strip", "content": " ", "start": 1, "stop": 0}"#] : [])
            return TokenizerDocument(
                vocabulary: vocabulary, merges: ordered.map { (text(of: $0.left), text(of: $0.right)) },
                addedTokens: addedTokens, normalizer: jsonSequence(normalizers, listedAs: "normalizers"),
                postProcessor: postProcessor, decoder: jsonSequence(decoders, listedAs: "decoders"),
                unknownToken: unknown.map(text), fallsBackToBytes: true)
        }
    }

    /// Puts the tokens of ``template`` around a text.
    private var postProcessor: String {
        guard template != TokenTemplate() else { return "null" }
        func token(_ id: Int) -> String { #"{"SpecialToken": {"id": \#(jsonString(text(of: id))), "type_id": 0}}"# }
        func list(_ sequences: [String]) -> String {
            let parts = sequences.flatMap { name in
                template.before.map(token) + [#"{"Sequence": {"id": "\#(name)", "type_id": 0}}"#]
                    + template.after.map(token)
            }
            return "[" + parts.joined(separator: ", ") + "]"
        }
        let special = Set(template.before + template.after).sorted().map { id in
            let name = jsonString(text(of: id))
            return #"\#(name): {"id": \#(name), "ids": [\#(id)], "tokens": [\#(name)]}"#
        }
        return """
            {"type": "TemplateProcessing", "single": \(list(["A"])), "pair": \(list(["A", "B"])), \
            "special_tokens": {\(special.joined(separator: ", "))}}
            """
    }
}
