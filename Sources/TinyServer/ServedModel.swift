internal import TinyCheckpoint
internal import TinyFoundation
internal import TinyProblems
internal import TinyRuns
internal import TinyTemplates
internal import TinyText

/// What the routes need of a model besides its engine: its name, text to tokens and back.
struct ServedModel: Sendable {
    let name: String
    let tokenizer: Tokenizer
    let prompter: Prompter
    let stopTokens: [Int]
    let contextLength: Int
    private let vocabularySize: Int
    /// Identifies weights and arithmetic.
    let fingerprint: String

    /// - Throws: `TextError` without a tokenizer, `TemplateError` for a chat template that cannot be read.
    init(_ loaded: LoadedModel) throws {
        name = loaded.name
        tokenizer = try loaded.requireTokenizer()
        prompter = try loaded.prompter()
        stopTokens = loaded.stopTokens
        contextLength = loaded.checkpoint.configuration.contextLength
        vocabularySize = loaded.checkpoint.configuration.vocabularySize
        fingerprint = "\(loaded.fingerprint.prefix(23))-\(loaded.arithmetic.rawValue)"
    }

    /// Prompts of a text, a list of texts, a list of token ids or a list of these.
    ///
    /// - Parameter addsSpecialTokens: Whether texts get what the tokenizer adds to each, such as a token that begins it.
    func prompts(_ node: JSONNode, addingSpecialTokens addsSpecialTokens: Bool) throws(ServerError) -> [[Int]] {
        func encode(_ text: String) -> [Int] { tokenizer.encode(text, addingSpecialTokens: addsSpecialTokens) }
        if node.isString { return [encode(try read(node.string))] }
        let elements = try read(node.elements)
        guard let first = elements.first else { throw ServerError(.invalidRequest, "prompt is empty") }
        if first.isNumber { return [try read(node.integers)] }
        return try read { () throws(FileError) in
            var prompts: [[Int]] = []
            for element in elements {
                prompts.append(element.isString ? encode(try element.string()) : try element.integers())
            }
            return prompts
        }
    }

    /// The messages of a conversation.
    func messages(_ node: JSONNode) throws(ServerError) -> [ChatMessage] {
        var messages: [ChatMessage] = []
        for element in try read(node.elements) { messages.append(try Self.message(element)) }
        guard !messages.isEmpty else { throw ServerError(.invalidRequest, "messages is empty") }
        return messages
    }

    private static func message(_ node: JSONNode) throws(ServerError) -> ChatMessage {
        var fields = try RequestFields(of: node, others: .ofMessage)
        let name = try read(fields.required("role").string)
        guard let role = ChatMessage.Role(rawValue: name == "developer" ? "system" : name) else {
            throw ServerError(.unsupported, "a message's role must be system, developer, user or assistant")
        }
        let content = try fields.required("content")
        try fields.refuseOthers()
        return ChatMessage(role, try content.isString ? read(content.string) : text(ofParts: content))
    }

    private static func text(ofParts node: JSONNode) throws(ServerError) -> String {
        try read { () throws(FileError) in
            var text = ""
            for part in try node.elements() {
                let kind = try part.member("type")
                guard try kind.string() == "text" else { throw kind.wrongKind("\"text\"") }
                text += try part.member("text").string()
            }
            return text
        }
    }

    /// Refuses tokens that no answer can end with.
    func check(stopTokens: [Int]) throws(ServerError) {
        guard let unknown = stopTokens.first(where: { !(0..<vocabularySize).contains($0) }) else { return }
        throw ServerError(
            .invalidRequest, "stop_token_ids has \(unknown), which is outside the vocabulary of \(vocabularySize)")
    }

    /// The prompt of a conversation.
    ///
    /// - Parameter variables: Of the chat template, such as `enable_thinking`.
    func prompt(
        for messages: [ChatMessage], variables: [String: JSONValue] = [:]
    ) throws(ServerError) -> Prompt {
        var prompter = prompter
        if !variables.isEmpty { prompter.chat = try template(with: variables) }
        do throws(ProblemError) {
            return try prompter.prompt(for: messages)
        } catch {
            throw ServerError(error)
        }
    }

    private func template(with variables: [String: JSONValue]) throws(ServerError) -> ChatTemplate {
        guard let template = prompter.chat as? ChatTemplate else {
            throw ServerError(
                .invalidRequest, "chat_template_kwargs needs a chat template, which this model does not have")
        }
        do throws(TemplateError) {
            return try template.setting(variables)
        } catch {
            throw ServerError(.invalidRequest, error)
        }
    }

    /// How a token is written beside its log-probability: its text, its bytes where they are no text, or its id.
    func spelling(of token: Int, byID: Bool) -> String {
        if byID { return "token_id:\(token)" }
        let bytes = tokenizer.bytes(of: token)
        return String(validating: bytes, as: UTF8.self)
            ?? "bytes:" + bytes.map { "\\x" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
