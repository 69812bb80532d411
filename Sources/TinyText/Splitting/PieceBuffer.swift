/// A text that is being encoded: its bytes, cut into pieces that cover it without gaps.
///
/// Every stage before merging (recognising added tokens, normalising, splitting) turns a piece of text into one or several
/// pieces, and leaves recognised tokens alone.
struct PieceBuffer {
    /// A range of the text.
    struct Piece {
        /// Where it ends; it begins where the piece before it ended.
        var end: Int
        /// The id, when it has been recognised as an added token.
        var token: Int?
    }

    /// Where a piece of text is that is rewritten.
    enum Place {
        /// The whole text begins with it.
        case beginning
        /// It goes on from another text.
        case continuation
        /// Other pieces are before it.
        case later
    }

    /// The text, valid UTF-8.
    private(set) var bytes: [UInt8]
    /// The pieces, in order. None is empty, except a token whose text belongs to an earlier token.
    private(set) var pieces: [Piece]
    /// Where the first piece is.
    private let firstPlace: Place

    /// - Parameter continues: Whether the text goes on from another one.
    init(_ text: String, continues: Bool = false) {
        firstPlace = continues ? .continuation : .beginning
        bytes = Array(text.utf8)
        pieces = bytes.isEmpty ? [] : [Piece(end: bytes.count)]
    }

    /// Cuts every piece of text into the words that `scanner` finds in it.
    mutating func split(by scanner: some WordScanner) {
        var finer: [Piece] = []
        finer.reserveCapacity(bytes.count / 4)
        ScalarText.withText(bytes) { text in
            var start = 0
            for piece in pieces {
                if piece.token != nil {
                    finer.append(piece)
                } else {
                    while start < piece.end {
                        start = scanner.endOfWord(at: start, limit: piece.end, in: text)
                        finer.append(Piece(end: start))
                    }
                }
                start = piece.end
            }
        }
        pieces = finer
    }

    /// Cuts recognised tokens out of every piece of text.
    ///
    /// - Parameter find: Given the text and the range of one piece, appends pieces that cover it.
    mutating func recognize(_ find: (ScalarText, Range<Int>, inout [Piece]) -> Void) {
        var finer: [Piece] = []
        ScalarText.withText(bytes) { text in
            var start = 0
            for piece in pieces {
                if piece.token != nil {
                    finer.append(piece)
                } else {
                    find(text, start..<piece.end, &finer)
                }
                start = piece.end
            }
        }
        pieces = finer
    }

    /// Replaces every piece of text by what `replacement` makes of it.
    ///
    /// - Parameter replacement: Given the bytes of a piece and where it is, appends the new ones, which must be valid UTF-8.
    mutating func rewrite(_ replacement: (_ piece: ArraySlice<UInt8>, _ place: Place, inout [UInt8]) -> Void) {
        var rewritten: [UInt8] = []
        rewritten.reserveCapacity(bytes.count + pieces.count)
        var kept: [Piece] = []
        var start = 0
        for (index, piece) in pieces.enumerated() {
            let before = rewritten.count
            if piece.token != nil {
                rewritten.append(contentsOf: bytes[start..<piece.end])
            } else {
                replacement(bytes[start..<piece.end], index == 0 ? firstPlace : .later, &rewritten)
            }
            if piece.token != nil || rewritten.count > before {
                kept.append(Piece(end: rewritten.count, token: piece.token))
            }
            start = piece.end
        }
        bytes = rewritten
        pieces = kept
    }
}
