import TinyFoundation

/// The ids before and after those of a text: the beginning-of-text token of Llama, for example.
struct TokenTemplate: Sendable, Equatable {
    var before: [Int] = []
    var after: [Int] = []
}

extension TokenTemplate {
    /// Reads the `post_processor` of a tokenizer file; without one, nothing is added to a text.
    ///
    /// `ByteLevel` changes offsets only, which are not computed here.
    /// - Throws: ``TextError`` with code `unsupported` for anything but `ByteLevel`, `TemplateProcessing` and `Sequence`.
    init(from value: JSONNode?) throws {
        guard let value else { return }
        for component in try flattened(value, listedAs: "processors") {
            switch try component.member("type").string() {
            case "ByteLevel":
                continue
            case "TemplateProcessing":
                let inner = try Self.template(from: component)
                before = inner.before + before
                after += inner.after
            case let type:
                throw component.unsupported("has the unknown type \"\(type)\"")
            }
        }
    }

    private static func template(from value: JSONNode) throws -> TokenTemplate {
        let known = try value.member("special_tokens")
        var parts: [[Int]] = [[]]
        for element in try value.member("single").elements() {
            if let token = try element.optional("SpecialToken") {
                let ids = try known.member(try token.member("id").string()).member("ids")
                for id in try ids.elements() { parts[parts.count - 1].append(try tokenID(from: id)) }
            } else {
                let sequence = try element.member("Sequence").member("id").string()
                guard sequence == "A" else {
                    throw value.unsupported("puts the sequence \"\(sequence)\" into a single text")
                }
                parts.append([])
            }
        }
        guard parts.count == 2 else {
            throw value.unsupported("uses the text \(parts.count - 1) times, expected once")
        }
        return TokenTemplate(before: parts[0], after: parts[1])
    }
}

/// What a tokenizer is made of, whatever kind of file it was read from.
struct TokenizerParts {
    var model: BytePairModel
    /// The model's own tokens.
    var vocabulary: TokenTable
    /// Tokens that are recognised before anything else.
    var addedTokens: [AddedToken]
    var normalizers: [any Normalizer] = []
    var preTokenizers: [any PreTokenizer] = []
    var template = TokenTemplate()
    var decoding: TokenDecoding
    /// The name of the file in messages.
    var file: String
}
