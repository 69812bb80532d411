public import TinyProblems
public import TinyText
public import TinyTemplates
import TinyFoundation

extension Tokenizer: TextCodec {
    /// Token ids of a text, with the tokens that the tokenizer puts around every text.
    public func encode(_ text: String) -> [Int] { encode(text, addingSpecialTokens: true) }

    /// Token ids of a text that has its special tokens.
    public func encode(withSpecialTokensInIt text: String) -> [Int] { encode(text, addingSpecialTokens: false) }

    /// The text of some ids, without special tokens.
    public func decode(_ ids: [Int]) -> String { decode(ids, skippingSpecialTokens: true) }

    /// Decodes ids one by one, without special tokens.
    public func streamingDecoder() -> (_ token: Int) -> String {
        var decoder = StreamingDecoder(self, skippingSpecialTokens: true)
        return { decoder.append($0) }
    }

    /// The added tokens, special or not: some tokenizers do not call their turn markers special. Runs of white space that some
    /// have as added tokens are text.
    public var reservedTexts: [String] {
        addedTokens.map(\.content).filter { !$0.allSatisfy(\.isWhitespace) }
    }
}

extension ChatTemplate: ChatFormat {
    /// What a template that asks for the date is told, so that a prompt is the same every day: 26 July 2024, the date that
    /// Llama's templates have without a clock.
    public static let promptTime = Time("2024-07-26 00:00:00")

    /// The conversation with the beginning of an answer.
    public func text(of messages: [ChatMessage]) throws -> String {
        try render(
            messages: messages.map { ["role": .string($0.role.rawValue), "content": .string($0.content)] },
            addGenerationPrompt: true, now: Self.promptTime)
    }
}
