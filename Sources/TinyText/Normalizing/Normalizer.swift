import TinyFoundation

/// Rewrites text before it is split.
///
/// To add a kind, add a conforming type and a line in ``normalizers(from:)``.
protocol Normalizer: Sendable {
    /// Normalises every piece of text.
    func apply(to buffer: inout PieceBuffer)
}

extension Normalizer {
    /// The normalised spelling of `text`.
    func normalized(_ text: String) -> String {
        var buffer = PieceBuffer(text)
        apply(to: &buffer)
        return String(decoding: buffer.bytes, as: UTF8.self)
    }
}

/// Reads the `normalizer` of a tokenizer file; no normalizer gives no stages.
///
/// - Throws: ``TextError`` with code `unsupported` for anything but `NFC`, `Prepend`, `Replace` and sequences of them.
func normalizers(from value: JSONNode?) throws -> [any Normalizer] {
    guard let value else { return [] }
    return try flattened(value, listedAs: "normalizers").map { component in
        switch try component.member("type").string() {
        case "NFC": return CanonicalComposition()
        case "Prepend": return Prefix(prefix: Array(try component.member("prepend").string().utf8))
        case "Replace": return try Substitution(from: component)
        case let type: throw component.unsupported("has the unknown type \"\(type)\"")
        }
    }
}

/// Puts a text before every piece, as SentencePiece models put their mark before a sentence.
struct Prefix: Normalizer {
    let prefix: [UInt8]

    func apply(to buffer: inout PieceBuffer) {
        buffer.rewrite { piece, place, rewritten in
            if place != .continuation { rewritten.append(contentsOf: prefix) }
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
    /// - Throws: ``TextError`` with code `unsupported` when the pattern is empty or more than a plain text.
    init(from value: JSONNode) throws {
        guard let pattern = try plainText(ofPattern: value.member("pattern")) else {
            throw value.unsupported("is a Replace of something other than a plain string")
        }
        self.init(pattern: Array(pattern.utf8), content: Array(try value.member("content").string().utf8))
    }
}

/// The text that a `pattern` matches: a string, or an expression in which every character stands for itself; nil for others.
func plainText(ofPattern value: JSONNode) throws -> String? {
    if let string = try value.optional("String")?.string() { return string.isEmpty ? nil : string }
    guard let expression = try value.optional("Regex")?.string(), !expression.isEmpty,
        !expression.unicodeScalars.contains(where: { #".*+?()[]{}|^$\"#.unicodeScalars.contains($0) })
    else { return nil }
    return expression
}
