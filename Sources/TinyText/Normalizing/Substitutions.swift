import TinyFoundation

/// Puts a text before every piece, as SentencePiece models put their mark before a sentence.
struct Prefix: Normalizer {
    let prefix: [UInt8]

    func apply(to buffer: inout PieceBuffer) {
        buffer.rewrite { piece, _, rewritten in
            rewritten.append(contentsOf: prefix)
            rewritten.append(contentsOf: piece)
        }
    }
}

/// Replaces every occurrence of a text by another, from left to right.
struct Substitution: Normalizer {
    /// Not empty.
    let pattern: [UInt8]
    let content: [UInt8]

    func apply(to buffer: inout PieceBuffer) {
        buffer.rewrite { piece, _, rewritten in replace(in: piece, into: &rewritten) }
    }

    func replace(in text: ArraySlice<UInt8>, into rewritten: inout [UInt8]) {
        var position = text.startIndex
        while position < text.endIndex {
            if text[position] == pattern[0], text[position...].starts(with: pattern) {
                rewritten.append(contentsOf: content)
                position += pattern.count
            } else {
                rewritten.append(text[position])
                position += 1
            }
        }
    }
}

extension Substitution {
    /// Reads a `Replace` component of a tokenizer file.
    ///
    /// - Throws: ``TextError`` with code `unsupported` when the pattern is an expression or empty.
    init(from value: JSONNode) throws {
        guard let pattern = try value.member("pattern").optional("String")?.string(), !pattern.isEmpty else {
            throw TextError(.unsupported, "\(value.place) is a Replace of something other than a plain string")
        }
        self.init(pattern: Array(pattern.utf8), content: Array(try value.member("content").string().utf8))
    }
}
