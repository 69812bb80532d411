/// Turns ids into text one by one, for output that is shown as it is generated.
///
/// A character whose bytes are spread over several tokens is held back until its last byte is there. All that was returned,
/// joined, is what ``Tokenizer/decode(_:skippingSpecialTokens:)`` makes of all ids at once. There is one exception: of a run of
/// tokens for single bytes that is not UTF-8, the complete characters before the first wrong byte have been returned by then.
///
/// ```swift
/// var decoder = StreamingDecoder(tokenizer)
/// for id in ids { print(decoder.append(id), terminator: "") }
/// print(decoder.finish())
/// ```
///
/// A decoder that is told the prompt before the ids gives what they add to its text: with a tokenizer whose texts begin with a space
/// that is not shown, the ids of " 42" are "42" alone, and " 42" after "The answer is".
public struct StreamingDecoder: Sendable {
    private var joiner: TokenJoiner
    /// The first bytes of a character that is not complete: at most three.
    private var pending: [UInt8] = []

    /// - Parameters:
    ///   - tokenizer: What the ids mean.
    ///   - skippingSpecialTokens: Whether special tokens are left out.
    ///   - prompt: Ids that the text goes on from; none where it is a text of its own.
    public init(_ tokenizer: Tokenizer, skippingSpecialTokens: Bool = false, after prompt: [Int] = []) {
        joiner = TokenJoiner(tokenizer, skippingSpecialTokens: skippingSpecialTokens, streams: true)
        joiner.follow(prompt)
    }

    /// Adds a token and returns the characters that are complete now; empty when none is.
    public mutating func append(_ id: Int) -> String {
        joiner.append(id, to: &pending)
        let complete = pending.count - incompleteSuffix(of: pending)
        defer { pending.removeFirst(complete) }
        return String(decoding: pending[..<complete], as: UTF8.self)
    }

    /// Returns what is left: U+FFFD when the last character was never completed, otherwise nothing.
    public mutating func finish() -> String {
        joiner.finish(&pending)
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }
}

/// How many bytes at the end are the beginning of a character that further bytes could complete: 0 to 3.
///
/// Source: the table of well-formed byte sequences, Unicode Standard §3.9, table 3-7.
func incompleteSuffix(of bytes: [UInt8]) -> Int {
    for length in 1...3 where length <= bytes.count {
        let lead = bytes[bytes.count - length]
        if lead & 0xC0 == 0x80 { continue }  // a continuation: look for the byte that leads it
        let needed =
            switch lead {
            case 0xC2...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xF4: 4
            default: 1
            }
        guard length < needed else { return 0 }
        guard length > 1 else { return length }
        let second = bytes[bytes.count - length + 1]
        let allowed: ClosedRange<UInt8> =
            switch lead {
            case 0xE0: 0xA0...0xBF
            case 0xED: 0x80...0x9F
            case 0xF0: 0x90...0xBF
            case 0xF4: 0x80...0x8F
            default: 0x80...0xBF
            }
        return allowed.contains(second) ? length : 0
    }
    return 0
}
