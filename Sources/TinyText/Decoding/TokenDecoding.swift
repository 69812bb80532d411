import TinyFoundation

/// How ids are decoded: the bytes of each token, and the treatment of the space that the encoder put before the text.
struct TokenDecoding: Sendable {
    /// How spaces at the beginning are treated.
    enum Beginning: Sendable {
        /// They are kept.
        case kept
        /// One is removed from the text.
        case withoutOneSpace
        /// All marks of the first token are removed.
        case withoutMarks(Substitution)
    }

    /// What the spelling of one of the model's tokens means.
    let decoder: any TokenDecoder
    let beginning: Beginning
    /// Whether added tokens are spelled as the model's own, instead of standing for their text.
    var readsAddedTokens = false
    /// Whether the tokens of single bytes are joined in runs; see ``TokenJoiner``.
    var joinsRuns = false
}

extension TokenDecoding {
    /// Reads the `decoder` of a tokenizer file: `ByteLevel`, `Metaspace`, or a sequence of `Replace`, `ByteFallback`, `Fuse`
    /// and `Strip` in this order, as files made from SentencePiece models have it.
    ///
    /// - Throws: ``TextError`` with code `unsupported` for anything else.
    init(from value: JSONNode) throws {
        var components = try flattened(value, listedAs: "decoders")[...]
        func type(_ component: JSONNode?) throws -> String? { try component?.member("type").string() }
        func take(_ name: String) throws -> JSONNode? {
            try type(components.first) == name ? components.removeFirst() : nil
        }

        if try take("ByteLevel") != nil {
            decoder = ByteLevelDecoder()
            beginning = .kept
            (readsAddedTokens, joinsRuns) = (false, false)
        } else if let marks = try take("Metaspace") {
            let mark = try SpaceMarks.mark(from: marks)
            joinsRuns = try take("ByteFallback") != nil
            decoder = PlainDecoder(
                marks: Substitution(pattern: mark, content: [UInt8(ascii: " ")]), readsBytes: joinsRuns)
            readsAddedTokens = true
            let isPrepended = try SpaceMarks.prepending(from: marks) != .never
            beginning = isPrepended ? .withoutMarks(Substitution(pattern: mark, content: [])) : .kept
            _ = try take("Fuse")
        } else {
            let marks = try take("Replace")
            joinsRuns = try take("ByteFallback") != nil
            decoder = PlainDecoder(marks: try marks.map { try Substitution(from: $0) }, readsBytes: joinsRuns)
            readsAddedTokens = true
            let isFused = try take("Fuse") != nil
            beginning = try isFused ? Self.beginning(take("Strip")) : .kept
        }
        if let rest = components.first {
            throw value.unsupported(
                "has the component \"\(try rest.member("type").string())\" which is not implemented in this position"
            )
        }
    }

    private static func beginning(_ strip: JSONNode?) throws -> Beginning {
        guard let strip else { return .kept }
        let content = try strip.member("content").string()
        let (start, stop) = (try strip.member("start").integer(), try strip.member("stop").integer())
        guard content == " ", start == 1, stop == 0 else {
            throw strip.unsupported(
                "strips \"\(content)\" \(start) times before and \(stop) times after the text, "
                    + "expected \" \" once before it")
        }
        return .withoutOneSpace
    }
}
