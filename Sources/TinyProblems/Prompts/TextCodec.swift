/// Turns text into token ids and back: what graders and evaluators need of a tokenizer, and no more.
public protocol TextCodec: Sendable {
    /// The token ids of a prompt.
    func encode(_ text: String) -> [Int]

    /// The token ids of a text that follows a prompt: without what a tokenizer puts around every text.
    func encode(continuation: String) -> [Int]

    /// Texts that become one token of structure wherever they stand, such as `<|im_end|>`. A question must not write them.
    var reservedTexts: [String] { get }

    /// The text of token ids; ids that are not valid text become replacement characters.
    func decode(_ tokens: [Int]) -> String
}

extension TextCodec {
    /// None.
    public var reservedTexts: [String] { [] }

    /// The same ids as those of a prompt, for tokenizers that put nothing around a text.
    public func encode(continuation: String) -> [Int] { encode(continuation) }

    /// The text of a completion as it is graded: without the stop token that ended it, which may have a text of its own.
    public func completionText(_ tokens: [Int], endedByStopToken: Bool) -> String {
        decode(endedByStopToken ? Array(tokens.dropLast()) : tokens)
    }
}
