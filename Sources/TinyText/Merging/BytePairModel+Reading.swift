extension BytePairModel {
    /// Reads the `model` of a tokenizer file, and its tokens.
    ///
    /// - Throws: ``TextError`` with code `unsupported` for another model or a setting that would have to be approximated,
    ///   `inconsistentVocabulary` for a token that occurs twice, or a merge of or into tokens that do not exist.
    static func read(from value: JSONValue) throws(TextError) -> (model: BytePairModel, vocabulary: TokenTable) {
        try refuseUnknownSettings(of: value)
        let vocabulary = try TokenTable(from: value.member("vocab"))
        let model = BytePairModel(
            pairs: try pairs(from: value.member("merges"), vocabulary),
            symbols: ByteSymbols(vocabulary: vocabulary, missing: try missingByte(from: value, vocabulary)),
            wholeWords: try value.flag("ignore_merges", absent: false) ? vocabulary : nil)
        return (model, vocabulary)
    }

    private static func refuseUnknownSettings(of value: JSONValue) throws(TextError) {
        let type = try value.optional("type")?.string() ?? "BPE"
        guard type == "BPE" else {
            throw TextError(.unsupported, "\(value.place) has the unknown type \"\(type)\", expected \"BPE\"")
        }
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

    private static func pairs(from value: JSONValue, _ vocabulary: TokenTable) throws(TextError) -> PairTable {
        let merges = try value.elements()
        var pairs = PairTable(capacity: merges.count)
        var joined: [UInt8] = []
        for (rank, merge) in merges.enumerated() {
            let middle = try join(merge, rank: rank, into: &joined)
            let ids = joined.withUnsafeBufferPointer { text in
                (
                    left: vocabulary.id(of: UnsafeBufferPointer(rebasing: text[..<middle])),
                    right: vocabulary.id(of: UnsafeBufferPointer(rebasing: text[middle...])),
                    result: vocabulary.id(of: text)
                )
            }
            guard let left = ids.left, let right = ids.right, let result = ids.result else {
                let text = [joined[..<middle], joined[middle...]].map { String(decoding: $0, as: UTF8.self) }
                throw TextError(
                    .inconsistentVocabulary,
                    "merge \(rank) in \(value.document.name), of \"\(text[0])\" and \"\(text[1])\", "
                        + "is of or into a token that is not in the vocabulary")
            }
            pairs.insert(UInt32(left), UInt32(right), rank: rank, result: result)
        }
        return pairs
    }

    /// Puts the two tokens of a merge, spelled `"a b"` or `["a", "b"]`, end to end, and returns where the second begins.
    private static func join(_ merge: JSONValue, rank: Int, into joined: inout [UInt8]) throws(TextError) -> Int {
        let space = UInt8(ascii: " ")
        joined.removeAll(keepingCapacity: true)
        if merge.isString {
            try merge.appendUTF8(to: &joined)
            if let middle = joined.firstIndex(of: space), !joined[(middle + 1)...].contains(space) {
                joined.remove(at: middle)
                return middle
            }
        } else {
            let parts = try merge.elements()
            if parts.count == 2 {
                try parts[0].appendUTF8(to: &joined)
                let middle = joined.count
                try parts[1].appendUTF8(to: &joined)
                return middle
            }
        }
        throw TextError(.malformedFile, "merge \(rank) in \(merge.document.name) is not a pair of tokens")
    }

    private static func missingByte(
        from value: JSONValue, _ vocabulary: TokenTable
    ) throws(TextError) -> ByteSymbols.Missing {
        // Many files name an unknown token that is not in the model's vocabulary, which is harmless when no byte is missing.
        let isComplete = ByteAlphabet.spellings.allSatisfy { vocabulary.id(of: $0) != nil }
        guard !isComplete, let token = try value.optional("unk_token")?.string() else { return .dropped }
        guard let id = vocabulary.id(of: Array(token.utf8)) else {
            throw TextError(
                .inconsistentVocabulary, "\(value.place) has the unk_token \"\(token)\", which is not in the vocabulary"
            )
        }
        return .unknown(id: UInt32(id), isFused: try value.flag("fuse_unk", absent: false))
    }
}
