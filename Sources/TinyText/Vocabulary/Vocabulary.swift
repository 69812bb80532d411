import TinyFoundation

/// All tokens of a tokenizer: those of its model, and those added to them.
struct Vocabulary: Sendable {
    /// Tokens and ids.
    let table: TokenTable
    /// The added tokens, by ascending id.
    let addedTokens: [AddedToken]
    /// The ids of special tokens.
    let specialIDs: Set<Int>

    /// - Parameters:
    ///   - model: The model's tokens.
    ///   - addedTokens: Descriptions of tokens; of several with one id the last counts.
    ///   - specialTokens: Contents of tokens that are special where they are in the vocabulary and are more than one character.
    ///   - file: What to call the file in messages.
    /// - Throws: ``TextError`` with code `inconsistentVocabulary` when an added token contradicts the model's tokens.
    init(model: TokenTable, addedTokens: [AddedToken], specialTokens: [String] = [], file: String) throws {
        var table = model
        var kept: [Int: AddedToken] = [:]
        for token in addedTokens where !token.content.isEmpty {
            let spelling = Array(token.content.utf8)
            if spelling.withUnsafeBufferPointer({ table.insert($0, id: token.id) })
                || table.id(of: spelling) == token.id
            {
                kept[token.id] = token
                continue
            }
            let conflict: String
            if let id = table.id(of: spelling) {
                conflict = "which has id \(id)"
            } else {
                conflict =
                    "an id that belongs to \"\(String(decoding: table.spelling(of: token.id) ?? [], as: UTF8.self))\""
            }
            throw TextError(
                .inconsistentVocabulary,
                "\(file) gives id \(token.id) to the added token \"\(token.content)\", \(conflict)")
        }
        for content in specialTokens where !content.isEmpty {
            guard let id = table.id(of: Array(content.utf8)) else { continue }
            // An ordinary character, such as a pad token `!`, stays text: questions and answers have it.
            if kept[id] == nil, content.unicodeScalars.count == 1 { continue }
            kept[id, default: AddedToken(id: id, content: content)].isSpecial = true
        }
        self.table = table
        self.addedTokens = kept.values.sorted { $0.id < $1.id }
        specialIDs = Set(kept.values.lazy.filter(\.isSpecial).map(\.id))
    }
}

extension TokenTable {
    /// Reads the `vocab` of a tokenizer file: an object of tokens and ids.
    ///
    /// - Throws: ``TextError`` with code `inconsistentVocabulary` when a token or an id occurs twice.
    init(from value: JSONNode) throws {
        var table = TokenTable(capacity: value.descendantCount / 2)
        var token: [UInt8] = []
        for (name, number) in try value.members() {
            let id = try tokenID(from: number)
            token.removeAll(keepingCapacity: true)
            try name.appendUTF8(to: &token)
            guard token.withUnsafeBufferPointer({ table.insert($0, id: id) }) else {
                throw TextError(
                    .inconsistentVocabulary, "\(value.place) lists \"\(try name.string())\" or its id \(id) twice")
            }
        }
        self = table
    }
}

/// Reads the `added_tokens` of a tokenizer file.
func addedTokens(from value: JSONNode?) throws -> [AddedToken] {
    try (value?.elements() ?? []).map { try addedToken(from: $0, id: try tokenID(from: $0.member("id"))) }
}

/// Reads the description of one added token.
func addedToken(from value: JSONNode, id: Int) throws -> AddedToken {
    let isSpecial = try value.flag("special", absent: false)
    return AddedToken(
        id: id, content: try value.member("content").string(), isSpecial: isSpecial,
        isSingleWord: try value.flag("single_word", absent: false),
        stripsLeft: try value.flag("lstrip", absent: false),
        stripsRight: try value.flag("rstrip", absent: false),
        isNormalized: try value.flag("normalized", absent: !isSpecial))
}

/// Reads a token's id.
///
/// - Throws: ``TextError`` when it is not in `0 ... TokenTable.largestID`.
func tokenID(from value: JSONNode) throws -> Int {
    let id = try value.integer()
    guard (0...TokenTable.largestID).contains(id) else {
        throw TextError(.malformedFile, "\(value.place) is the token id \(id), expected 0 ... \(TokenTable.largestID)")
    }
    return id
}

/// A token that is recognised in the text before anything else looks at it.
public struct AddedToken: Sendable, Equatable {
    /// Its id.
    public var id: Int
    /// Its text.
    public var content: String
    /// Whether it marks structure, such as the end of a text, and is omitted when special tokens are skipped.
    public var isSpecial = true
    /// Whether it is found only where no word character touches it.
    var isSingleWord = false
    /// Whether white space before it is part of it.
    var stripsLeft = false
    /// Whether white space after it is part of it.
    var stripsRight = false
    /// Whether it is looked for in the normalised text rather than in the text as given.
    var isNormalized = false
}
