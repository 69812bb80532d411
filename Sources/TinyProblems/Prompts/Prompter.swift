public import TinyFoundation

/// What a model is given.
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
/// With a chat format the messages are rendered with it and encoded without what the tokenizer puts around a text, which a
/// format writes itself. Without one the style's plain text is encoded as the tokenizer encodes texts.
///
/// **A question never writes a turn marker.** Where a question or an example holds the text of a token of structure, such as
/// `<|im_end|>`, the prompt's text has it letter for letter, but its token ids spell it out of ordinary tokens: the text is
/// cut behind the first character of each such place, and the parts are encoded one after the other.
public struct Prompter: Sendable {
    /// What the model is told.
    public var style: PromptStyle
    /// Text to tokens and back.
    public var codec: any TextCodec
    /// The model's format of conversations; `nil` for a model of plain text.
    public var chat: (any ChatFormat)?

    /// Puts the parts together.
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
        let text = try text(for: question) { $0 }
        let reserved = codec.reservedTexts
        let data = [question] + style.examples.flatMap { [$0.question, $0.solution] }
        guard data.contains(where: { text in reserved.contains { text.utf8Contains($0) } }) else {
            return Prompt(text: text, tokens: encode([text]))
        }
        if let single = reserved.first(where: { $0.unicodeScalars.count == 1 && question.utf8Contains($0) }) {
            throw ProblemError(.reservedText, "a question holds \"\(single)\", which is a token of structure")
        }
        let mark = try unusedScalar(in: text)
        let marked = try self.text(for: question) { $0.marked(behindFirstScalarsOf: reserved, with: mark) }
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

    /// The text of a completion as it is graded.
    public func completionText(_ tokens: [Int], endedByStopToken: Bool) -> String {
        codec.completionText(tokens, endedByStopToken: endedByStopToken)
    }

    /// Token ids of what a model should write after a prompt.
    package func tokens(of solution: String, after prompt: Prompt) -> [Int] {
        codec.encode(continuation: continuation(solution, of: prompt.text))
    }

    private func text(for question: String, data written: (String) -> String) throws(ProblemError) -> String {
        guard let chat else { return style.plainText(for: question, data: written) }
        do {
            return try chat.text(of: style.messages(for: question, data: written))
        } catch {
            throw ProblemError(
                .unusableChatFormat, "the chat template cannot put a prompt of style \"\(style.name)\": \(error)",
                underlying: error)
        }
    }

    private func encode(_ parts: [String]) -> [Int] {
        var tokens: [Int] = []
        for (index, part) in parts.enumerated() {
            tokens += index == 0 && chat == nil ? codec.encode(part) : codec.encode(continuation: part)
        }
        return tokens
    }

    /// A character of the private use area that a text does not have.
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

    /// The text with `mark` behind the first scalar of every place where one of `parts` stands.
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

/// Where a pattern begins in a text, overlapping places too. Cost: the product of their lengths at worst.
private func positions(of pattern: [UInt8], in bytes: [UInt8]) -> [Int] {
    guard let first = pattern.first, bytes.count >= pattern.count else { return [] }
    return (0...bytes.count - pattern.count).filter { start in
        bytes[start] == first && bytes[start..<start + pattern.count].elementsEqual(pattern)
    }
}

/// One turn of a conversation.
public struct ChatMessage: Sendable, Hashable {
    /// Who speaks.
    public enum Role: String, Sendable, Codable {
        /// Whoever set the model to work.
        case system
        /// Whoever asks.
        case user
        /// The model.
        case assistant
    }

    /// Who speaks.
    public var role: Role
    /// What is said.
    public var content: String

    /// Makes a turn.
    public init(_ role: Role, _ content: String) {
        self.role = role
        self.content = content
    }
}

/// How a model was taught to see a conversation as text.
public protocol ChatFormat: Sendable {
    /// The text of a conversation, up to where the model's next answer begins.
    ///
    /// - Throws: Whatever the format has to say against the conversation.
    func text(of messages: [ChatMessage]) throws -> String
}

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
