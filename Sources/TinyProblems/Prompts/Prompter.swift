public import TinyFoundation

/// The input of a model.
public struct Prompt: Sendable, Hashable {
    /// As text.
    public var text: String
    /// As token ids.
    public var tokens: [Int]
}

/// Turns problems into the prompts of one model: a style, the model's tokens, and its chat format if it has one.
///
/// ```swift
/// let prompter = Prompter(style: .boxed, codec: tokenizer, chat: template)
/// let prompt = try prompter.prompt(for: problem)
/// prompt.text         // <|im_start|>system\n…<|im_start|>user\n…\boxed{}…<|im_end|>\n<|im_start|>assistant\n
/// ```
///
/// With a chat format, the messages are rendered with it and encoded without the tokenizer's own special tokens, because a
/// format writes those itself. Without one, the style's plain text is encoded as the tokenizer encodes texts.
///
/// **A question never writes a turn marker.** Where a question or an example holds the text of a special token, such as
/// `<|im_end|>`, the prompt's text contains it unchanged, but its token ids are those of ordinary tokens: the text is
/// split after the first character of each such place, and the parts are encoded one after the other.
public struct Prompter: Sendable {
    /// The text around the question.
    public var style: PromptStyle
    /// Text to tokens and back.
    public var codec: any TextCodec
    /// The model's format of conversations; `nil` for a model of plain text.
    public var chat: (any ChatFormat)?

    /// Makes a prompter from its parts.
    public init(style: PromptStyle, codec: any TextCodec, chat: (any ChatFormat)? = nil) {
        self.style = style
        self.codec = codec
        self.chat = chat
    }

    /// The prompt of a problem.
    ///
    /// - Throws: ``ProblemError`` with code `unusableChatFormat` when the chat format refuses the style's messages, or
    ///   `reservedText` when the question holds a token of a single character.
    public func prompt(for problem: Problem) throws(ProblemError) -> Prompt { try prompt(for: problem.question) }

    /// The prompt of a question.
    public func prompt(for question: String) throws(ProblemError) -> Prompt {
        let data = [question] + style.examples.flatMap { [$0.question, $0.solution] }
        return try prompt(holding: data) { written throws(ProblemError) in try text(for: question, data: written) }
    }

    /// The prompt of a conversation, without the style's instructions and examples. A model without a chat format is asked the
    /// question of the only message in its style.
    ///
    /// - Throws: As ``prompt(for:)-(Problem)``, and for a longer conversation with a model that has no chat format.
    public func prompt(for messages: [ChatMessage]) throws(ProblemError) -> Prompt {
        guard chat != nil else {
            guard messages.count == 1, let only = messages.first, only.role == .user else {
                throw ProblemError(
                    .unusableChatFormat, "the model has no chat template, so that it takes one message of the user only"
                )
            }
            return try prompt(for: only.content)
        }
        return try prompt(holding: messages.map(\.content)) { written throws(ProblemError) in
            try rendered(messages.map { ChatMessage($0.role, written($0.content)) })
        }
    }

    /// A prompt with data in it that never become tokens of structure.
    ///
    /// - Parameter render: Gives the text of the prompt, with each text of the data written as it is told.
    private func prompt(
        holding data: [String], render: (_ written: (String) -> String) throws(ProblemError) -> String
    ) throws(ProblemError) -> Prompt {
        let text = try render { $0 }
        let reserved = codec.reservedTexts
        guard data.contains(where: { text in reserved.contains { text.utf8Contains($0) } }) else {
            return Prompt(text: text, tokens: encode([text]))
        }
        if let single = reserved.first(where: { part in
            part.unicodeScalars.count == 1 && data.contains { $0.utf8Contains(part) }
        }) {
            throw ProblemError(
                .reservedText, "a question or message holds \"\(single)\", which is a token of structure")
        }
        let mark = try unusedScalar(in: text)
        let marked = try render { $0.marked(behindFirstScalarsOf: reserved, with: mark) }
        var parts = [String.UnicodeScalarView()]
        for scalar in marked.unicodeScalars {
            if scalar == mark { parts.append(.init()) } else { parts[parts.count - 1].append(scalar) }
        }
        guard parts.joined().elementsEqual(text.unicodeScalars) else {
            throw ProblemError(
                .unusableChatFormat, "the chat template treats a question with the text of a special token differently")
        }
        return Prompt(text: text, tokens: encode(parts.map { String($0) }))
    }

    /// Token ids of the solution that a model should write after a prompt.
    package func tokens(of solution: String, after prompt: Prompt) -> [Int] {
        codec.encode(continuation: continuation(solution, of: prompt.text))
    }

    private func text(for question: String, data written: (String) -> String) throws(ProblemError) -> String {
        chat == nil
            ? style.plainText(for: question, data: written) : try rendered(style.messages(for: question, data: written))
    }

    private func rendered(_ messages: [ChatMessage]) throws(ProblemError) -> String {
        do {
            return try chat?.text(of: messages) ?? ""
        } catch {
            throw ProblemError(
                .unusableChatFormat, "the chat template cannot render a prompt of style \"\(style.name)\": \(error)",
                underlying: error)
        }
    }

    private func encode(_ parts: [String]) -> [Int] {
        var tokens: [Int] = []
        for (index, part) in parts.enumerated() {
            let isFirst = index == 0
            tokens +=
                isFirst && chat == nil
                ? codec.encode(part)
                : isFirst ? codec.encode(withSpecialTokensInIt: part) : codec.encode(continuation: part)
        }
        return tokens
    }

    /// A character of the private use area that is not in the text.
    private func unusedScalar(in text: String) throws(ProblemError) -> Unicode.Scalar {
        let used = Set(text.unicodeScalars)
        guard
            let scalar = (0xE000...0xF8FF).lazy.compactMap({ Unicode.Scalar($0) }).first(where: { !used.contains($0) })
        else { throw ProblemError(.reservedText, "a prompt has every character of the private use area") }
        return scalar
    }
}

extension String {
    /// Whether the bytes of `part` occur in this text. `contains` compares characters, which a combining mark can hide.
    fileprivate func utf8Contains(_ part: String) -> Bool {
        !positions(of: Array(part.utf8), in: Array(utf8)).isEmpty
    }

    /// The text with `mark` after the first scalar of every occurrence of one of `parts`.
    fileprivate func marked(behindFirstScalarsOf parts: [String], with mark: Unicode.Scalar) -> String {
        let bytes = Array(utf8)
        var cuts: Set<Int> = []
        for part in parts {
            guard let first = part.unicodeScalars.first else { continue }
            for start in positions(of: Array(part.utf8), in: bytes) { cuts.insert(start + UTF8.width(first)) }
        }
        var marked: [UInt8] = []
        for index in bytes.indices {
            if cuts.contains(index) { marked += Array(String(mark).utf8) }
            marked.append(bytes[index])
        }
        return String(decoding: marked, as: UTF8.self)
    }
}

/// All places where a pattern begins in a text, including overlapping ones. Cost: at worst the product of their lengths.
func positions(of pattern: [UInt8], in bytes: [UInt8]) -> [Int] {
    guard let first = pattern.first, bytes.count >= pattern.count else { return [] }
    return (0...bytes.count - pattern.count).filter { start in
        bytes[start] == first && bytes[start..<start + pattern.count].elementsEqual(pattern)
    }
}

/// One message of a conversation.
public struct ChatMessage: Sendable, Hashable {
    /// The role of the author.
    public enum Role: String, Sendable, Codable {
        /// Instructions for the model.
        case system
        /// The user, who asks.
        case user
        /// The model.
        case assistant
    }

    /// The role of the author.
    public var role: Role
    /// The text of the message.
    public var content: String

    /// Makes a message.
    public init(_ role: Role, _ content: String) {
        self.role = role
        self.content = content
    }
}

/// The text form of conversations that a model was trained on: its chat template.
public protocol ChatFormat: Sendable {
    /// The text of a conversation, up to where the model's next answer begins.
    ///
    /// - Throws: The format's own error when it cannot render the conversation.
    func text(of messages: [ChatMessage]) throws -> String
}

/// Converts text to token ids and back: the part of a tokenizer that prompts and grading need.
public protocol TextCodec: Sendable {
    /// The token ids of a prompt.
    func encode(_ text: String) -> [Int]

    /// The token ids of a prompt that a chat format wrote, special tokens included: no others are added.
    func encode(withSpecialTokensInIt text: String) -> [Int]

    /// The token ids of a text that follows a prompt, without what a tokenizer adds to every text.
    func encode(continuation: String) -> [Int]

    /// Texts that always become one special token, such as `<|im_end|>`. A question must not write them.
    var reservedTexts: [String] { get }

    /// The text of token ids; ids that are not valid text become replacement characters.
    func decode(_ tokens: [Int]) -> String

    /// Decodes a completion as it grows: a function that takes its tokens in order and gives the text that each completes. All
    /// of it, joined, is the beginning of what ``decode(_:)`` makes of the tokens.
    func streamingDecoder() -> (_ token: Int) -> String
}

extension TextCodec {
    /// None.
    public var reservedTexts: [String] { [] }

    /// The same ids as those of a text that goes on.
    public func encode(withSpecialTokensInIt text: String) -> [Int] { encode(continuation: text) }

    /// The same ids as those of a prompt, for tokenizers that add no special tokens.
    public func encode(continuation: String) -> [Int] { encode(continuation) }

    /// Decodes all tokens again for each one; a character that is not complete waits.
    public func streamingDecoder() -> (_ token: Int) -> String {
        var tokens: [Int] = [], given = 0
        return { token in
            tokens.append(token)
            var text = Array(decode(tokens).utf8)
            while text.suffix(3) == [0xEF, 0xBF, 0xBD] { text.removeLast(3) }
            guard text.count > given else { return "" }
            defer { given = text.count }
            return String(decoding: text[given...], as: UTF8.self)
        }
    }

    /// The text of a completion for grading, without the stop token that ended it.
    public func completionText(_ tokens: [Int], endedByStopToken: Bool) -> String {
        decode(endedByStopToken ? Array(tokens.dropLast()) : tokens)
    }
}
