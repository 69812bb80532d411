public import TinyFoundation

/// A conversation and the variables for rendering it, with the names that transformers uses.
public struct ChatConversation: Sendable {
    /// Usually objects with `role` and `content`.
    public var messages: [JSONValue]
    /// What the model may call; nil for none.
    public var tools: [JSONValue]?
    /// Whether the text ends with the beginning of an answer.
    public var addGenerationPrompt: Bool
    /// What else the template may ask for.
    public var variables: [String: JSONValue]

    /// A conversation from its parts.
    public init(
        messages: [JSONValue], tools: [JSONValue]? = nil, addGenerationPrompt: Bool = false,
        variables: [String: JSONValue] = [:]
    ) {
        self.messages = messages
        self.tools = tools
        self.addGenerationPrompt = addGenerationPrompt
        self.variables = variables
    }

    /// Reads a JSON object with `messages` and, where they are needed, `tools`, `documents`, `add_generation_prompt`,
    /// special tokens such as `bos_token` and `pad_token`, and `kwargs` with any other variables.
    ///
    /// - Parameters:
    ///   - json: The text, as UTF-8.
    ///   - name: The name of the text in messages.
    ///   - isLine: Whether the text is one line of a file, which `name` then names with its number.
    /// - Throws: ``TemplateError`` with code `malformedFile`. Members with other names are ignored: data sets have many.
    public init(
        json: some Sequence<UInt8>, named name: String = "the conversation", isLine: Bool = false
    ) throws(TemplateError) {
        self = try reportingTemplateErrors {
            try Self(JSONDocument(Array(json), name: name, isLine: isLine).root)
        }
    }

    private init(_ node: JSONNode) throws {
        self.init(messages: try node.member("messages").elements().map { try JSONValue($0) })
        tools = try node.optional("tools")?.elements().map { try JSONValue($0) }
        addGenerationPrompt = try node.flag("add_generation_prompt", absent: false)
        if let documents = try node.optional("documents") {
            variables["documents"] = .array(try documents.elements().map { try JSONValue($0) })
        }
        for name in ChatTemplate.specialTokenNames {
            if let token = try node.optional(name) { variables[name] = .string(try token.string()) }
        }
        if let tokens = try node.optional("additional_special_tokens") {
            variables["additional_special_tokens"] = .array(try tokens.elements().map { .string(try $0.string()) })
        }
        guard let more = try node.optional("kwargs") else { return }
        // A value of `kwargs` has priority.
        for (name, value) in try more.members() { variables[try name.string()] = try JSONValue(value) }
    }
}

extension ChatConversation {
    /// An error of a template, with the first message that has something else than texts when that may be the cause.
    func explaining(_ error: TemplateError) -> TemplateError {
        guard error.code == .invalidOperation || error.code == .undefinedValue, let oddity = firstOddity else {
            return error
        }
        return TemplateError(
            error.code, "\(error.message); \(oddity)", hint: error.hint, underlying: error.underlying,
            position: error.position)
    }

    private var firstOddity: String? {
        for (index, message) in messages.enumerated() {
            guard case .object = message else { return "message \(index + 1) is \(message.kindName), not an object" }
            for key in ["role", "content"] {
                guard let value = message[key] else { return "message \(index + 1) has no \(key)" }
                if case .string = value { continue }
                return "the \(key) of message \(index + 1) is \(value.kindName), not a text"
            }
        }
        return nil
    }
}

extension JSONValue {
    fileprivate var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer, .wideInteger, .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
