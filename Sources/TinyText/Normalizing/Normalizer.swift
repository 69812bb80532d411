import TinyFoundation

/// Rewrites text before it is split.
///
/// A new kind is a file with a conforming type and a line in ``normalizers(from:)``.
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

/// Reads the `normalizer` of a tokenizer file; none is no stage.
///
/// - Throws: ``TextError`` with code `unsupported` for anything but `NFC`, `Prepend`, `Replace` and sequences of them.
func normalizers(from value: JSONNode?) throws -> [any Normalizer] {
    guard let value else { return [] }
    var stages: [any Normalizer] = []
    for component in try flattened(value, listedAs: "normalizers") {
        switch try component.member("type").string() {
        case "NFC": stages.append(CanonicalComposition())
        case "Prepend": stages.append(Prefix(prefix: Array(try component.member("prepend").string().utf8)))
        case "Replace": stages.append(try Substitution(from: component))
        case let type: throw TextError(.unsupported, "\(component.place) has the unknown type \"\(type)\"")
        }
    }
    return stages
}
