/// The bytes that every token stands for, end to end.
struct TokenBytes: Sendable {
    private var bytes: [UInt8] = []
    /// Where the bytes of token `id` end; they begin where those of the token before it end.
    private var ends: [Int] = []
    /// The tokens of single bytes that are joined in runs; see ``TokenJoiner``.
    private(set) var runIDs: Set<Int> = []

    /// - Parameters:
    ///   - table: The tokens; an id without a token stands for no bytes.
    ///   - decoding: What the spelling of a token means.
    ///   - texts: The texts of added tokens.
    init(_ table: TokenTable, decoding: TokenDecoding, texts: [Int: String]) {
        bytes.reserveCapacity(8 * table.idBound)
        ends.reserveCapacity(table.idBound)
        for id in 0..<table.idBound {
            if let text = texts[id], !decoding.readsAddedTokens {
                bytes.append(contentsOf: text.utf8)
            } else if let spelling = texts[id].map({ Array($0.utf8)[...] }) ?? table.spelling(of: id) {
                decoding.decoder.appendBytes(of: spelling, to: &bytes)
                if decoding.joinsRuns, ByteToken.byte(spelledBy: spelling) != nil { runIDs.insert(id) }
            }
            ends.append(bytes.count)
        }
    }

    /// The bytes of a token; none when no token has this id.
    subscript(id: Int) -> ArraySlice<UInt8> {
        guard ends.indices.contains(id) else { return [] }
        return bytes[(id == 0 ? 0 : ends[id - 1])..<ends[id]]
    }
}

/// What the spelling of a token means.
///
/// To add a kind, add a conforming type and a case in ``TokenDecoding/init(from:)``.
protocol TokenDecoder: Sendable {
    /// Appends the bytes that a token stands for.
    func appendBytes(of spelling: ArraySlice<UInt8>, to bytes: inout [UInt8])
}

/// Reads a token as bytes spelled in the ``ByteAlphabet``; one with a character outside it stands for itself.
struct ByteLevelDecoder: TokenDecoder {
    func appendBytes(of spelling: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        let before = bytes.count
        var position = spelling.startIndex
        while position < spelling.endIndex {
            let first = UInt32(spelling[position])
            let isPair = first >= 0xC0 && first < 0xE0  // the alphabet ends at U+0143: one or two bytes each
            let scalar = isPair ? (first & 0x1F) << 6 | UInt32(spelling[position + 1] & 0x3F) : first
            guard first < 0xE0, let byte = ByteAlphabet.byte(spelledBy: scalar) else {
                bytes.removeLast(bytes.count - before)
                bytes.append(contentsOf: spelling)
                return
            }
            bytes.append(byte)
            position += isPair ? 2 : 1
        }
    }
}

/// Reads a token as text, or as the single byte that it names.
struct PlainDecoder: TokenDecoder {
    /// What stands for a space, and what it becomes; nil where spaces are spelled as spaces.
    var marks: Substitution?
    /// Whether tokens such as `<0x0A>` stand for bytes.
    let readsBytes: Bool

    func appendBytes(of spelling: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        if readsBytes, let byte = ByteToken.byte(spelledBy: spelling) {
            bytes.append(byte)
        } else if let marks {
            marks.replace(in: spelling, into: &bytes)
        } else {
            bytes.append(contentsOf: spelling)
        }
    }
}
