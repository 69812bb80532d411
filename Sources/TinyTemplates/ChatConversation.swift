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
    /// `bos_token`, `eos_token`, and `kwargs` with any other variables.
    ///
    /// - Parameters:
    ///   - json: The text, as UTF-8.
    ///   - name: The name of the text in messages.
    /// - Throws: ``TemplateError`` with code `malformedFile`. Members with other names are ignored: data sets have many.
    public init(json: some Sequence<UInt8>, named name: String = "the conversation") throws(TemplateError) {
        let value = try reportingTemplateErrors { try JSONValue(json: json, named: name) }
        guard case .object(let members) = value else {
            throw TemplateError(.malformedFile, "\(name) is not an object with messages")
        }
        guard case .array(let messages)? = value["messages"] else {
            throw TemplateError(.malformedFile, "\(name) has no array \"messages\"")
        }
        self.init(messages: messages)
        for member in members {
            switch (member.name, member.value) {
            case ("messages", _), (_, .null): continue
            case ("tools", .array(let tools)): self.tools = tools
            case ("add_generation_prompt", .bool(let flag)): addGenerationPrompt = flag
            case ("documents", .array), ("bos_token", .string), ("eos_token", .string):
                // A value of `kwargs` with the same name has priority, in any order of members.
                if variables[member.name] == nil { variables[member.name] = member.value }
            case ("kwargs", .object(let more)):
                for variable in more { variables[variable.name] = variable.value }
            case ("tools", _), ("documents", _), ("kwargs", _), ("add_generation_prompt", _), ("bos_token", _),
                ("eos_token", _):
                throw TemplateError(.malformedFile, "\"\(member.name)\" in \(name) is of the wrong kind")
            default: continue
            }
        }
    }
}
