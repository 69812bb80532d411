extension BytePairModel {
    /// Reads the `model` of a tokenizer file.
    ///
    /// - Throws: ``TextError`` with code `unsupported` for another model or a setting that would have to be approximated,
    ///   `inconsistentVocabulary` for a merge of or into tokens that do not exist.
    init(from value: JSONValue) throws(TextError) {
        let type = try value.optional("type")?.string() ?? "BPE"
        guard type == "BPE" else {
            throw TextError(.unsupported, "\(value.place) has the unknown type \"\(type)\", expected \"BPE\"")
        }
        try Self.refuseUnknownSettings(of: value)

        let members = try value.member("vocab").members()
        var vocabulary = TokenTable(capacity: members.count)
        for (name, id) in members {
            let token = try name.utf8()
            guard vocabulary.insert(token, id: try tokenID(from: id)) else {
                throw TextError(
                    .inconsistentVocabulary,
                    "\(value.place) lists \"\(String(decoding: token, as: UTF8.self))\" or its id \(try id.integer()) twice"
                )
            }
        }
        let merges = try value.member("merges").elements()
        var pairs = PairTable(capacity: merges.count)
        for (rank, merge) in merges.enumerated() {
            let (left, right) = try Self.parts(of: merge, rank: rank)
            guard let leftID = vocabulary.id(of: left), let rightID = vocabulary.id(of: right),
                let result = vocabulary.id(of: left + right)
            else {
                let text = String(decoding: left + [UInt8(ascii: " ")] + right, as: UTF8.self)
                throw TextError(
                    .inconsistentVocabulary,
                    "merge \(rank) in \(value.document.name), \"\(text)\", is of or into a token that is not in the vocabulary"
                )
            }
            pairs.insert(UInt32(leftID), UInt32(rightID), rank: rank, result: result)
        }
        self.vocabulary = vocabulary
        self.pairs = pairs
        symbols = ByteSymbols(vocabulary: vocabulary, missing: try Self.missingByte(from: value, vocabulary))
        takesWholeWords = try value.flag("ignore_merges", absent: false)
    }

    private static func refuseUnknownSettings(of value: JSONValue) throws(TextError) {
        for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let affix = try value.optional(name)?.string(), !affix.isEmpty {
                throw TextError(.unsupported, "\(value.place) has the \(name) \"\(affix)\", expected none")
            }
        }
        if try value.flag("byte_fallback", absent: false) {
            throw TextError(.unsupported, "\(value.place) has byte_fallback true; only byte-level tokenizers are read")
        }
        if let dropout = try value.optional("dropout"), try dropout.number() != 0 {
            throw TextError(
                .unsupported, "\(value.place) has the dropout \(try dropout.number()); it would make encoding random")
        }
    }

    /// Both spellings of a merge: `"a b"` and `["a", "b"]`.
    private static func parts(of merge: JSONValue, rank: Int) throws(TextError) -> ([UInt8], [UInt8]) {
        if merge.isString {
            let text = try merge.utf8()
            if let space = text.firstIndex(of: UInt8(ascii: " ")) {
                let right = text[(space + 1)...]
                if !right.contains(UInt8(ascii: " ")) { return (Array(text[..<space]), Array(right)) }
            }
        } else {
            let parts = try merge.elements()
            if parts.count == 2 { return (try parts[0].utf8(), try parts[1].utf8()) }
        }
        throw TextError(.malformedFile, "merge \(rank) in \(merge.document.name) is not a pair of tokens")
    }

    private static func missingByte(
        from value: JSONValue, _ vocabulary: TokenTable
    ) throws(TextError) -> ByteSymbols.Missing {
        // Many files name an unknown token that is not in the model's vocabulary, which is harmless when no byte is missing.
        let isComplete = ByteAlphabet.spellings.allSatisfy { vocabulary.id(of: $0) != nil }
        guard !isComplete, let token = try value.optional("unk_token") else { return .dropped }
        guard let id = vocabulary.id(of: try token.utf8()) else {
            throw TextError(
                .inconsistentVocabulary, "\(token.place) is \"\(try token.string())\", which is not in the vocabulary")
        }
        return .unknown(id: UInt32(id), isFused: try value.flag("fuse_unk", absent: false))
    }
}
