import Foundation

/// Rewrites text before it is split.
///
/// A new kind is a file with a conforming type and a line in ``normalizers(from:)``.
protocol Normalizer: Sendable {
    /// The normalised spelling of `text`.
    func normalized(_ text: String) -> String
    /// Whether `text` is known to be normalised already; false means "not known".
    func leavesUnchanged(_ text: ScalarText, _ range: Range<Int>) -> Bool
}

extension Normalizer {
    /// Normalises every piece of text.
    func apply(to buffer: inout PieceBuffer) {
        let isUnchanged = ScalarText.withText(buffer.bytes) { leavesUnchanged($0, 0..<$0.bytes.count) }
        guard !isUnchanged else { return }
        buffer.rewrite { piece, rewritten in
            rewritten.append(contentsOf: normalized(String(decoding: piece, as: UTF8.self)).utf8)
        }
    }
}

/// Unicode Normalization Form C.
struct CanonicalComposition: Normalizer {
    func normalized(_ text: String) -> String {
        text.precomposedStringWithCanonicalMapping
    }

    /// Most text consists of characters that composition neither changes nor joins to a neighbour.
    func leavesUnchanged(_ text: ScalarText, _ range: Range<Int>) -> Bool {
        var position = range.lowerBound
        while position < range.upperBound {
            let (value, length) = text.scalar(at: position)
            guard value < 0x300 || Self.isInert(value) else { return false }
            position += length
        }
        return true
    }

    /// Blocks of which every character is a starter with Quick_Check=Yes: Cyrillic letters, general punctuation from the
    /// dashes on, kana, Chinese characters, Hangul syllables, pictographs.
    ///
    /// Source: Unicode Standard Annex 15, DerivedNormalizationProps.
    static func isInert(_ value: UInt32) -> Bool {
        switch value {
        case 0x400...0x482, 0x2010...0x2027, 0x3000...0x3029, 0x3040...0x3098, 0x309B...0x30FF, 0x4E00...0x9FFF,
            0xAC00...0xD7A3,
            0xFF01...0xFF60, 0x1F300...0x1F9FF:
            true
        default:
            false
        }
    }
}

/// Reads the `normalizer` of a tokenizer file; none is no stage.
///
/// - Throws: ``TextError`` with code `unsupported` for anything but `NFC` and sequences of it.
func normalizers(from value: JSONValue?) throws(TextError) -> [any Normalizer] {
    guard let value else { return [] }
    var stages: [any Normalizer] = []
    for component in try flattened(value, listedAs: "normalizers") {
        switch try component.member("type").string() {
        case "NFC": stages.append(CanonicalComposition())
        case let type: throw TextError(.unsupported, "\(component.place) has the unknown type \"\(type)\"")
        }
    }
    return stages
}
