import TinyFoundation

extension BytePairModel {
    /// Reads the `model` of a tokenizer file, and its tokens.
    ///
    /// - Throws: ``TextError`` with code `unsupported` for another model or a setting that would have to be approximated,
    ///   `inconsistentVocabulary` for a token that occurs twice, or a merge of or into tokens that do not exist.
    ///
    /// - Parameter spellsBytes: Whether words are spelled in the ``ByteAlphabet``.
    static func read(
        from value: JSONNode, spellsBytes: Bool, file: String
    ) throws -> (model: BytePairModel, vocabulary: TokenTable) {
        try refuseUnknownSettings(of: value, spellsBytes: spellsBytes)
        let vocabulary = try TokenTable(from: value.member("vocab"))
        let model = BytePairModel(
            pairs: try pairs(from: value.member("merges"), vocabulary, file: file),
            symbols: try symbols(from: value, vocabulary, spellsBytes: spellsBytes),
            wholeWords: try value.flag("ignore_merges", absent: false) ? vocabulary : nil)
        return (model, vocabulary)
    }

    /// - Throws: ``TextError`` with code `unsupported` naming a model that is not a byte-pair encoding.
    static func requireKind(_ value: JSONNode) throws {
        let type = try value.optional("type")?.string() ?? "BPE"
        guard type == "BPE" else {
            throw value.unsupported("has the type \"\(type)\", which is not implemented, expected \"BPE\"")
        }
    }

    private static func refuseUnknownSettings(of value: JSONNode, spellsBytes: Bool) throws {
        for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let affix = try value.optional(name)?.string(), !affix.isEmpty {
                throw value.unsupported("has the \(name) \"\(affix)\", expected none")
            }
        }
        let fallsBack = try value.flag("byte_fallback", absent: false)
        if spellsBytes, fallsBack {
            throw value.unsupported("has byte_fallback true after a ByteLevel pre-tokenizer")
        }
        if let dropout = try value.optional("dropout"), try dropout.number() != 0 {
            throw value.unsupported("has the dropout \(try dropout.number()); encoding would be random")
        }
    }

    private static func pairs(
        from value: JSONNode, _ vocabulary: TokenTable, file: String
    ) throws -> PairTable {
        let merges = try value.elements()
        var pairs = PairTable(capacity: merges.count)
        var joined: [UInt8] = []
        for (rank, merge) in merges.enumerated() {
            let middle = try join(merge, rank: rank, into: &joined, file: file)
            try pairs.insert(joined, middle: middle, rank: rank, vocabulary, file: file)
        }
        return pairs
    }

    /// Puts the two tokens of a merge, spelled `"a b"` or `["a", "b"]`, end to end, and returns where the second begins.
    private static func join(
        _ merge: JSONNode, rank: Int, into joined: inout [UInt8], file: String
    ) throws -> Int {
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
        throw TextError(.malformedFile, "merge \(rank) in \(file) is not a pair of tokens")
    }

    private static func symbols(
        from value: JSONNode, _ vocabulary: TokenTable, spellsBytes: Bool
    ) throws -> any SymbolSource {
        // Many files name an unknown token that is not in the vocabulary; this does not matter when no byte is missing.
        if spellsBytes {
            let isComplete = ByteAlphabet.spellings.allSatisfy { vocabulary.id(of: $0) != nil }
            return ByteSymbols(
                vocabulary: vocabulary, missing: isComplete ? .dropped : try missingSymbol(from: value, vocabulary))
        }
        return CharacterSymbols(
            vocabulary: vocabulary, fallsBack: try value.flag("byte_fallback", absent: false),
            missing: try missingSymbol(from: value, vocabulary))
    }

    private static func missingSymbol(
        from value: JSONNode, _ vocabulary: TokenTable
    ) throws -> MissingSymbol {
        guard let token = try value.optional("unk_token")?.string() else { return .dropped }
        guard let id = vocabulary.id(of: Array(token.utf8)) else {
            throw TextError(
                .inconsistentVocabulary, "\(value.place) has the unk_token \"\(token)\", which is not in the vocabulary"
            )
        }
        return .unknown(id: UInt32(id), isFused: try value.flag("fuse_unk", absent: false))
    }
}

extension PairTable {
    /// Adds a merge, spelled as its two tokens end to end of which the second begins at `middle`.
    ///
    /// - Throws: ``TextError`` with code `inconsistentVocabulary` when it is of or into a token that does not exist.
    mutating func insert(
        _ joined: [UInt8], middle: Int, rank: Int, _ vocabulary: TokenTable, file: String
    ) throws {
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
                "merge \(rank) in \(file), of \"\(text[0])\" and \"\(text[1])\", "
                    + "is of or into a token that is not in the vocabulary")
        }
        insert(UInt32(left), UInt32(right), rank: rank, result: result)
    }

    /// Adds a merge spelled `a b`, as `merges.txt` and GGUF files have it.
    mutating func insert(
        spaced merge: some Collection<UInt8>, rank: Int, _ vocabulary: TokenTable, file: String
    ) throws {
        var joined = Array(merge)
        let space = UInt8(ascii: " ")
        guard let middle = joined.firstIndex(of: space), !joined[(middle + 1)...].contains(space) else {
            throw TextError(.malformedFile, "merge \(rank) in \(file) is not a pair of tokens")
        }
        joined.remove(at: middle)
        try insert(joined, middle: middle, rank: rank, vocabulary, file: file)
    }
}
