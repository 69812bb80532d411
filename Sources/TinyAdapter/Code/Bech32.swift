import TinyFoundation

/// Numbers of five bits as text with a checksum: Bech32m with the human-readable part `tl`.
///
/// The alphabet is digits and letters of one case without 1, b, i and o, so a text survives chats, URLs, shells and a double
/// click; in capitals it is in the alphanumeric mode of QR codes, which takes 5.5 bits for each of its characters.
///
/// The checksum is a BCH code over GF(32) of length 1023 and distance 4: up to three wrong characters, or two neighbours that
/// changed places, are always found in a text of at most ``longest`` characters; other damage with probability 1 − 2⁻³⁰.
///
/// Source: BIP-350, <https://github.com/bitcoin/bips/blob/master/bip-0350.mediawiki>, without its limit of 90 characters.
package enum Bech32 {
    /// What every text begins with: the human-readable part and Bech32's separator.
    package static let prefix = "tl1"
    /// Most characters of a text. The length of the BCH code allows 1,021.
    package static let longest = 1000
    /// Characters of the checksum.
    package static let checksumLength = 6
    /// Most numbers in a text.
    package static let mostSymbols = longest - prefix.utf8.count - checksumLength

    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    /// The human-readable part as the checksum reads it: high bits, 0, low bits.
    private static let expandedPrefix: [UInt8] = [3, 3, 0, 20, 12]
    private static let constant: UInt32 = 0x2bc8_30a3

    /// The text of some numbers below 32, in small letters.
    package static func text(_ symbols: [UInt8]) -> String {
        let remainder = checksum(symbols + [UInt8](repeating: 0, count: checksumLength)) ^ constant
        let check = (0..<checksumLength).map { UInt8(remainder >> (5 * UInt32(checksumLength - 1 - $0)) & 31) }
        return prefix + String(decoding: (symbols + check).map { alphabet[Int($0)] }, as: UTF8.self)
    }

    /// The numbers of a text in small or capital letters.
    ///
    /// - Throws: ``AdapterError`` with code `malformedCode`, saying what is wrong.
    package static func symbols(_ text: String) throws(AdapterError) -> [UInt8] {
        guard text.utf8.count <= longest else {
            throw AdapterError(
                .malformedCode, "the text has \(text.utf8.count) bytes, an adapter code has at most \(longest)")
        }
        guard text.prefix(prefix.count).lowercased() == prefix else {
            throw AdapterError(.malformedCode, "the text does not begin with \(prefix), so it is not an adapter code")
        }
        let capitals = UInt8(ascii: "A")...UInt8(ascii: "Z"), small = UInt8(ascii: "a")...UInt8(ascii: "z")
        guard !(text.utf8.contains { capitals.contains($0) } && text.utf8.contains { small.contains($0) }) else {
            throw AdapterError(
                .malformedCode, "the code has small and capital letters: a character was changed",
                hint: "a code is in one case")
        }
        var symbols: [UInt8] = []
        for (place, character) in text.enumerated().dropFirst(prefix.count) {
            let byte = character.asciiValue.map {
                capitals.contains($0) ? $0 + (small.lowerBound - capitals.lowerBound) : $0
            }
            guard let value = byte.flatMap(alphabet.firstIndex(of:)) else {
                throw AdapterError(
                    .malformedCode,
                    "character \(place + 1) of the code is \(String(character).debugDescription), which no code has",
                    hint: "if a file was meant: there is none at this path")
            }
            symbols.append(UInt8(value))
        }
        guard symbols.count > checksumLength, checksum(symbols) == constant else {
            throw AdapterError(
                .malformedCode, "the code's checksum is wrong: a character was changed or is missing",
                hint: "copy the whole code again")
        }
        return symbols.dropLast(checksumLength)
    }

    /// The remainder of the text's polynomial, first number first, by the generator.
    package static func checksum(_ symbols: [UInt8]) -> UInt32 {
        remainder(symbols, from: remainder(expandedPrefix, from: 1))
    }

    private static func remainder(_ symbols: [UInt8], from start: UInt32) -> UInt32 {
        symbols.reduce(start) { remainder, symbol in
            let top = remainder >> 25
            var next = (remainder & 0x1ff_ffff) << 5 ^ UInt32(symbol)
            for (bit, term) in generator.enumerated() where top >> UInt32(bit) & 1 == 1 { next ^= term }
            return next
        }
    }

    private static let generator: [UInt32] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
}
