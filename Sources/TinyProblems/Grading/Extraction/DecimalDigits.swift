/// Digits of other scripts, read as `0` to `9`.
enum DecimalDigits {
    /// The zeros of Arabic, Persian, Devanagari, Bengali, Thai and full-width digits; nine more follow each.
    private static let zeros: [UInt32] = [0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50, 0xFF10]

    /// A text with those digits, and Arabic's marks between them, as ASCII.
    static func ascii(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 >= 0xD9 }) else { return text }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let zero = zeros.first { scalar.value >= $0 && scalar.value <= $0 + 9 }
            switch scalar {
            case "\u{066B}": scalars.append(".")
            case "\u{066C}": scalars.append(",")
            default: scalars.append(zero.flatMap { Unicode.Scalar(0x30 + scalar.value - $0) } ?? scalar)
            }
        }
        return String(scalars)
    }
}
