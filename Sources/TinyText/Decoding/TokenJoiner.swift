/// Joins the bytes of tokens, one after the other, and takes off the text's beginning what the encoder put there.
struct TokenJoiner: Sendable {
    private let skipsSpecialTokens: Bool
    /// Whether no token has been joined.
    private var isFirst = true
    /// Whether no byte has been joined.
    private var isEmpty = true

    init(skippingSpecialTokens: Bool) {
        skipsSpecialTokens = skippingSpecialTokens
    }

    /// Appends what the next token adds to the text; nothing when there is no such token or it is skipped.
    mutating func append(_ id: Int, of tokenizer: Tokenizer, to bytes: inout [UInt8]) {
        guard !skipsSpecialTokens || !tokenizer.isSpecial(id), let token = tokenizer.knownBytes(of: id) else { return }
        let before = bytes.count
        switch tokenizer.beginning {
        case .withoutMarks(let marks) where isFirst:
            if let spelling = tokenizer.modelSpelling(of: id) {
                marks.replace(in: spelling, into: &bytes)
            } else {
                bytes.append(contentsOf: token)
            }
        case .withoutOneSpace where isEmpty && token.first == UInt8(ascii: " "):
            bytes.append(contentsOf: token.dropFirst())
            isEmpty = false
        default:
            bytes.append(contentsOf: token)
        }
        isFirst = false
        if bytes.count > before { isEmpty = false }
    }
}
