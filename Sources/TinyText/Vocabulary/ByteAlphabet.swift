/// The alphabet in which byte-level tokenizers spell bytes: one printable character for each of the 256.
///
/// Bytes that are printable in Latin-1 stand for themselves; the other 68 take U+0100, U+0101, … in ascending order, so
/// that the space is spelled "Ġ" (U+0120).
///
/// Source: Radford et al., "Language models are unsupervised multitask learners", 2019, the released encoder.
enum ByteAlphabet {
    /// The scalar that spells each byte.
    static let scalars: [Unicode.Scalar] = {
        var unprintable: UInt32 = 0
        return (0...255).map { (byte: UInt8) in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF:
                return Unicode.Scalar(byte)
            default:
                defer { unprintable += 1 }
                return Unicode.Scalar(0x100 + unprintable) ?? Unicode.Scalar(byte)
            }
        }
    }()

    /// The UTF-8 spelling of each byte.
    static let spellings: [[UInt8]] = scalars.map { Array(String($0).utf8) }

    /// The byte each scalar spells, for scalars below U+0144.
    private static let bytes: [UInt8?] = {
        var bytes = [UInt8?](repeating: nil, count: 0x144)
        for (byte, scalar) in scalars.enumerated() {
            bytes[Int(scalar.value)] = UInt8(byte)
        }
        return bytes
    }()

    /// The spelling of some bytes.
    static func spelling(of word: some Sequence<UInt8>) -> [UInt8] {
        word.flatMap { spellings[Int($0)] }
    }

    /// The byte that a scalar spells, or nil when the scalar is not of the alphabet.
    static func byte(spelledBy scalar: UInt32) -> UInt8? {
        scalar < bytes.count ? bytes[Int(scalar)] : nil
    }
}
