internal import TinyProblems
package import TinyText

/// The text of one sample as it grows: whole characters, and nothing from the first stop text on.
package struct AnswerText {
    private var decoder: StreamingDecoder
    private var answer: AnswerStream
    /// Unicode scalars so far, with those that may be the beginning of a stop text.
    package private(set) var length = 0
    /// Whether a stop text was found.
    package var isStopped: Bool { answer.isStopped }

    /// - Parameters:
    ///   - tokenizer: What the tokens mean.
    ///   - prompt: The tokens that the answer goes on from: it has the space between the prompt and its own first word, as vLLM's
    ///     answers have it, to completions and chats alike.
    ///   - stops: Texts that end it.
    package init(_ tokenizer: Tokenizer, after prompt: [Int], stops: [String]) {
        decoder = StreamingDecoder(tokenizer, skippingSpecialTokens: true, after: prompt)
        // What `stop` of a request means: no more than its bytes.
        answer = AnswerStream(stopTexts: stops, beginsLine: false)
    }

    /// Adds a token and returns the text that is certain now.
    package mutating func append(_ token: Int) -> String { take(decoder.append(token)) }

    /// Returns what is left.
    package mutating func finish() -> String { take(decoder.finish()) + answer.finish() }

    private mutating func take(_ text: String) -> String {
        if !isStopped { length += text.unicodeScalars.count }
        return answer.append(text)
    }
}
