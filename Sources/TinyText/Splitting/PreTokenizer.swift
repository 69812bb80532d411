import TinyFoundation

/// One stage that cuts text into the words within which tokens are merged.
///
/// To add a kind, add a conforming type and a line in ``preTokenizers(from:)``.
protocol PreTokenizer: Sendable {
    /// Cuts, or rewrites, the pieces of text.
    func apply(to buffer: inout PieceBuffer)
}

/// Finds words by walking over the text once: a pre-tokenizer in which every character belongs to a word.
protocol WordScanner: PreTokenizer {
    /// Where the word that begins at `start` ends: beyond `start`, at most at `limit`, which counts as the end of the text.
    func endOfWord(at start: Int, limit: Int, in text: ScalarText) -> Int
}

extension WordScanner {
    func apply(to buffer: inout PieceBuffer) {
        buffer.split(by: self)
    }
}

/// Puts a space before every piece of text that does not begin with one.
struct SpacePrefix: PreTokenizer {
    func apply(to buffer: inout PieceBuffer) {
        buffer.rewrite { piece, place, rewritten in
            if piece.first != UInt8(ascii: " "), place != .continuation { rewritten.append(UInt8(ascii: " ")) }
            rewritten.append(contentsOf: piece)
        }
    }
}

/// Reads the `pre_tokenizer` of a tokenizer file as stages; without one the text is not split.
///
/// - Returns: The stages, and whether the last is `ByteLevel`, so that the model spells bytes instead of characters.
/// - Throws: ``TextError`` with code `unsupported` for a component that is not one of `ByteLevel`, `Digits`, `Metaspace`,
///   `Split` and `Sequence`, or that this reader would have to approximate.
func preTokenizers(from value: JSONNode?) throws -> (stages: [any PreTokenizer], spellsBytes: Bool) {
    guard let value else { return ([], false) }
    let components = try flattened(value, listedAs: "pretokenizers")
    for component in components.dropLast() where try component.member("type").string() == "ByteLevel" {
        throw component.unsupported("is a ByteLevel pre-tokenizer before another one; it must be the last")
    }
    let spellsBytes = try components.last?.member("type").string() == "ByteLevel"
    var stages: [any PreTokenizer] = []
    for component in components {
        switch try component.member("type").string() {
        case "ByteLevel":
            if try component.flag("add_prefix_space", absent: true) { stages.append(SpacePrefix()) }
            if try component.flag("use_regex", absent: true) { stages.append(GPT2Words()) }
        case "Digits":
            stages.append(DigitWords(areIndividual: try component.flag("individual_digits", absent: false)))
        case "Metaspace":
            stages.append(try SpaceMarks(from: component))
        case "Split":
            stages.append(try splitByPattern(from: component))
        case let type:
            throw component.unsupported("has the unknown type \"\(type)\"")
        }
    }
    return (stages, spellsBytes)
}

/// The components of a `Sequence`, of sequences in it, or the one component that `value` is.
func flattened(_ value: JSONNode, listedAs list: String) throws -> [JSONNode] {
    guard try value.member("type").string() == "Sequence" else { return [value] }
    return try value.member(list).elements().flatMap { try flattened($0, listedAs: list) }
}
