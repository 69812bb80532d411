import TinyFoundation

/// A way to store numbers in blocks that share scales: a type of ggml. Raw values are ggml's names.
///
/// A block holds ``blockLength`` numbers in ``byteCount`` bytes. ``decode(_:into:)`` has the layouts.
enum QuantisedType: String, CaseIterable, Sendable {
    case q4 = "Q4_0"
    case q4WithMinimum = "Q4_1"
    case q5 = "Q5_0"
    case q5WithMinimum = "Q5_1"
    case q8 = "Q8_0"
    case q2K = "Q2_K"
    case q3K = "Q3_K"
    case q4K = "Q4_K"
    case q5K = "Q5_K"
    case q6K = "Q6_K"
    case iq4NL = "IQ4_NL"

    /// Numbers of one block.
    var blockLength: Int {
        switch self {
        case .q4, .q4WithMinimum, .q5, .q5WithMinimum, .q8, .iq4NL: 32
        case .q2K, .q3K, .q4K, .q5K, .q6K: 256
        }
    }

    /// Bytes of one block.
    var byteCount: Int {
        switch self {
        case .q4, .iq4NL: 2 + 16
        case .q4WithMinimum: 2 + 2 + 16
        case .q5: 2 + 4 + 16
        case .q5WithMinimum: 2 + 2 + 4 + 16
        case .q8: 2 + 32
        case .q2K: 16 + 64 + 2 + 2
        case .q3K: 32 + 64 + 12 + 2
        case .q4K: 2 + 2 + 12 + 128
        case .q5K: 2 + 2 + 12 + 32 + 128
        case .q6K: 128 + 64 + 16 + 2
        }
    }
}

/// How a tensor's elements are stored.
enum StoredFormat: Sendable, Hashable {
    case elements(ElementType)
    case blocks(QuantisedType)

    /// The format that ggml calls so; `nil` for one that is not read. Elements have the same names in safetensors files.
    init?(ggmlName name: String) {
        if let type = ElementType(safetensorsName: name) {
            self = .elements(type)
        } else if let type = QuantisedType(rawValue: name) {
            self = .blocks(type)
        } else {
            return nil
        }
    }

    /// Elements that are stored together.
    var blockLength: Int {
        switch self {
        case .elements: 1
        case .blocks(let type): type.blockLength
        }
    }

    /// Bytes of as many elements.
    var blockByteCount: Int {
        switch self {
        case .elements(let type): type.byteCount
        case .blocks(let type): type.byteCount
        }
    }

    /// Writes stored elements as floats; a whole number of blocks, which need not be aligned.
    func decode(_ bytes: UnsafeRawBufferPointer, into floats: UnsafeMutablePointer<Float>) {
        switch self {
        case .elements(let type): widen(bytes, stored: type, into: floats)
        case .blocks(let type): type.decode(bytes, into: floats)
        }
    }
}
