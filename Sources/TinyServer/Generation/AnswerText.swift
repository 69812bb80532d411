package import TinyText

/// The text of one sample as it grows: whole characters, and nothing from the first stop text on.
package struct AnswerText {
    private var decoder: StreamingDecoder
    private let stops: [[UInt8]]
    /// Text that may be the beginning of a stop text.
    private var held: [UInt8] = []
    /// Unicode scalars so far, with those that may be the beginning of a stop text.
    package private(set) var length = 0
    /// Whether a stop text was found.
    package private(set) var isStopped = false

    /// - Parameters:
    ///   - tokenizer: What the tokens mean.
    ///   - prompt: The tokens that the answer goes on from: it has the space between the prompt and its own first word, as vLLM's
    ///     answers have it, to completions and chats alike.
    ///   - stops: Texts that end it.
    package init(_ tokenizer: Tokenizer, after prompt: [Int], stops: [String]) {
        decoder = StreamingDecoder(tokenizer, skippingSpecialTokens: true, after: prompt)
        self.stops = stops.map { Array($0.utf8) }
    }

    /// Adds a token and returns the text that is certain now.
    package mutating func append(_ token: Int) -> String { take(decoder.append(token)) }

    /// Returns what is left.
    package mutating func finish() -> String {
        let last = take(decoder.finish())
        defer { held = [] }
        return isStopped ? last : last + String(decoding: held, as: UTF8.self)
    }

    private mutating func take(_ text: String) -> String {
        guard !isStopped else { return "" }
        length += text.unicodeScalars.count
        guard !stops.isEmpty else { return text }
        held += Array(text.utf8)
        if let place = stops.compactMap({ position(of: $0, in: held) }).min() {
            isStopped = true
            return String(decoding: held[..<place], as: UTF8.self)
        }
        let kept = stops.map { overlap(of: held, with: $0) }.max() ?? 0
        defer { held.removeFirst(held.count - kept) }
        return String(decoding: held.dropLast(kept), as: UTF8.self)
    }
}

private func position(of pattern: [UInt8], in bytes: [UInt8]) -> Int? {
    guard bytes.count >= pattern.count else { return nil }
    return (0...bytes.count - pattern.count).first { bytes[$0...].starts(with: pattern) }
}

/// The longest end of `bytes` that `pattern` begins with and goes on from.
private func overlap(of bytes: [UInt8], with pattern: [UInt8]) -> Int {
    let most = min(bytes.count, pattern.count - 1)
    return (0...max(most, 0)).last { bytes.suffix($0).elementsEqual(pattern.prefix($0)) } ?? 0
}
