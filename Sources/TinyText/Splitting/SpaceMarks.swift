import TinyFoundation

/// Spells spaces with a mark that is part of words, as SentencePiece does: the `Metaspace` pre-tokenizer.
struct SpaceMarks: PreTokenizer {
    /// Which pieces of text get a mark before them, unless they begin with one.
    enum Prepending: String, Sendable {
        case always, first, never
    }

    /// Usually "▁" (U+2581).
    let mark: [UInt8]
    let prepending: Prepending
    /// Whether every mark begins a word.
    let splits: Bool

    func apply(to buffer: inout PieceBuffer) {
        let marking = Substitution(pattern: [UInt8(ascii: " ")], content: mark)
        buffer.rewrite { piece, place, rewritten in
            let isMarked = piece.first == UInt8(ascii: " ") || piece.starts(with: mark)
            let isDue = prepending == .always && place != .continuation || prepending == .first && place == .beginning
            if !isMarked, isDue {
                rewritten.append(contentsOf: mark)
            }
            marking.replace(in: piece, into: &rewritten)
        }
        if splits { buffer.split(by: MarkedWords(mark: mark)) }
    }
}

/// Cuts before every mark.
private struct MarkedWords: WordScanner {
    let mark: [UInt8]

    func endOfWord(at start: Int, limit: Int, in text: ScalarText) -> Int {
        var end = start + text.scalar(at: start).length
        while end < limit, !begins(at: end, limit: limit, in: text) { end += text.scalar(at: end).length }
        return end
    }

    private func begins(at position: Int, limit: Int, in text: ScalarText) -> Bool {
        limit - position >= mark.count && mark.indices.allSatisfy { text.bytes[position + $0] == mark[$0] }
    }
}

extension SpaceMarks {
    /// Reads a `Metaspace` component of a tokenizer file, in its old and its new spelling.
    ///
    /// - Throws: ``TextError`` with code `unsupported` for a scheme or a mark that is not known.
    init(from value: JSONNode) throws {
        mark = try Self.mark(from: value)
        prepending = try Self.prepending(from: value)
        splits = try value.flag("split", absent: true)
    }

    /// `replacement`, "▁" where the file names none.
    ///
    /// - Throws: ``TextError`` with code `unsupported` for anything but one character.
    static func mark(from value: JSONNode) throws -> [UInt8] {
        let mark = try value.optional("replacement")?.string() ?? "\u{2581}"
        guard mark.unicodeScalars.count == 1 else {
            throw value.unsupported("has a replacement that is not one character")
        }
        return Array(mark.utf8)
    }

    /// `prepend_scheme`, or in older files the equivalent of `add_prefix_space`.
    static func prepending(from value: JSONNode) throws -> Prepending {
        guard let scheme = try value.optional("prepend_scheme")?.string() else {
            return try value.flag("add_prefix_space", absent: true) ? .always : .never
        }
        guard let prepending = Prepending(rawValue: scheme) else {
            throw value.unsupported("has the prepend_scheme \"\(scheme)\", expected always, first or never")
        }
        return prepending
    }
}
