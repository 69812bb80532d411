// TinyTemplates converts conversations to text with the chat template of a model: an interpreter of Jinja templates.
//
// This target does not know: tokenizers, models, problems.

public import TinyFoundation

/// A chat template: the small program in Jinja that turns a conversation into the text a model was trained on.
///
/// ```swift
/// let template = try ChatTemplate(modelDirectory: "Qwen2.5-0.5B-Instruct")
/// let prompt = try template.render(
///     messages: [["role": "user", "content": "What is 17*23?"]], addGenerationPrompt: true)
/// // <|im_start|>system\n…<|im_start|>user\nWhat is 17*23?<|im_end|>\n<|im_start|>assistant\n
/// ```
///
/// Renders what `transformers` renders, with jinja2's rules for white space, scopes, values and errors. A template is
/// untrusted code: it can read its variables and nothing else, cannot change them, and
/// its steps, memory and depth are bounded by ``Limits``. What depends on other files or on chance (`include`,
/// `random`) is refused by name.
///
/// Parsed once, immutable, safe to share between threads. Integers have 64 bits; a larger one in a conversation is
/// copied digit by digit, and computing one is an error.
public struct ChatTemplate: Sendable {
    /// A second template of the model, or why it cannot be used.
    final class ToolTemplate: Sendable {
        let template: Result<ChatTemplate, TemplateError>

        init(_ template: Result<ChatTemplate, TemplateError>) { self.template = template }
    }

    /// The limits of one rendering.
    public struct Limits: Sendable, Hashable {
        /// Statements, expressions and elements; ten million are about a second.
        public var steps = 10_000_000
        /// Bytes of all texts and lists that are built, whether or not they are still in use.
        public var bytes = 256 << 20

        /// The limits that suit conversations of some megabytes.
        public init() {}
    }

    /// A rendered conversation.
    public struct Rendering: Sendable, Hashable {
        /// The text.
        public let text: String
        /// The ranges of `{% generation %}` blocks: the parts that a model should learn to write. Offsets in the
        /// text's UTF-8, ascending; empty for a template without such blocks.
        public let generated: [Range<Int>]
    }

    /// Special tokens of the model by the names that templates have for them, such as `bos_token` and `pad_token`; those that
    /// are not here are undefined.
    public var specialTokens: [String: JSONValue]
    /// Other variables that every conversation is rendered with, such as `enable_thinking`; a conversation's own count first.
    public private(set) var variables: [String: JSONValue] = [:]
    /// What renders conversations with tools, where the model has a template of its own for them.
    var toolTemplate: ToolTemplate?
    private let source: TemplateSource
    private let statements: [TemplateStatement]

    /// Templates are at most this long, in code points.
    private static let longest = 1 << 20

    /// Parses a template.
    ///
    /// - Parameters:
    ///   - text: The template.
    ///   - specialTokens: Special tokens of the model; none unless given.
    /// - Throws: ``TemplateError`` with code `malformedTemplate`, or `unsupported` for what is refused; both with the
    ///   place.
    public init(_ text: String, specialTokens: [String: JSONValue] = [:]) throws(TemplateError) {
        let source = TemplateSource(text)
        guard source.scalars.count <= Self.longest else {
            throw TemplateError(
                .limitExceeded,
                "the template has \(source.scalars.count) characters; at most \(Self.longest) can be read")
        }
        statements = try reportingTemplateErrors {
            do {
                var lexer = TemplateLexer(source)
                var parser = TemplateParser(try lexer.tokenize())
                return try parser.parse()
            } catch let failure as TemplateSyntaxFailure {
                throw TemplateError(
                    failure.isRefusal ? .unsupported : .malformedTemplate, failure.message,
                    position: source.position(of: failure.at))
            }
        }
        self.source = source
        self.specialTokens = specialTokens
    }

    /// The template's own text, line ends as jinja reads them.
    public var text: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: source.scalars)
        return String(view)
    }

    /// What a conversation is rendered from, whatever else there is.
    private static let conversationNames = ["messages", "tools", "documents", "add_generation_prompt"]

    /// The template with variables that every conversation is rendered with.
    ///
    /// ```swift
    /// let quiet = try template.setting(["enable_thinking": false])
    /// ```
    ///
    /// - Parameter variables: Texts, numbers, `true`, `false` or `null` by their names, which the template must have: a name with
    ///   a spelling error would be ignored.
    /// - Throws: ``TemplateError`` with code `unusableVariable`, which calls them `chat_template_kwargs`, as transformers does.
    public func setting(_ variables: [String: JSONValue]) throws(TemplateError) -> ChatTemplate {
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            let key = "chat_template_kwargs", shown = "\"\(name.prefix(100))\""
            guard !Self.conversationNames.contains(name) else {
                throw TemplateError(.unusableVariable, "\(key): \(shown) belongs to the conversation")
            }
            guard !name.isEmpty, text.contains(name) else {
                throw TemplateError(.unusableVariable, "\(key): the model's chat template has no variable \(shown)")
            }
            switch value {
            case .array, .object:
                throw TemplateError(
                    .unusableVariable, "\(key): \(shown) must be a text, a number, true, false or null")
            case .null, .bool, .integer, .wideInteger, .number, .string: continue
            }
        }
        var template = self
        template.variables = variables
        return template
    }

    /// Renders a conversation.
    ///
    /// - Parameters:
    ///   - messages: Usually objects with `role` and `content`.
    ///   - tools: The tools that the model may call, each usually a JSON schema; nil for none.
    ///   - addGenerationPrompt: Whether the text ends with the beginning of an answer.
    ///   - variables: Other variables of the template, such as `enable_thinking`; they replace ``specialTokens``.
    ///   - now: The time of `strftime_now`; the clock of this machine unless given.
    ///   - limits: Limits of the rendering.
    /// - Returns: The text.
    /// - Throws: ``TemplateError``: `raisedByTemplate` with the template's own message, `undefinedValue`,
    ///   `invalidOperation`, `unsupported` or `limitExceeded`, each with the place in the template.
    public func render(
        messages: [JSONValue], tools: [JSONValue]? = nil, addGenerationPrompt: Bool = false,
        variables: [String: JSONValue] = [:], now: Time? = nil, limits: Limits = Limits()
    ) throws(TemplateError) -> String {
        let conversation = ChatConversation(
            messages: messages, tools: tools, addGenerationPrompt: addGenerationPrompt, variables: variables)
        return try rendering(conversation, now: now, limits: limits).text
    }

    /// Renders a conversation and finds the parts of it that a model should learn; for the parameters see
    /// ``render(messages:tools:addGenerationPrompt:variables:now:limits:)``.
    public func rendering(
        _ conversation: ChatConversation, now: Time? = nil, limits: Limits = Limits()
    ) throws(TemplateError) -> Rendering {
        if conversation.tools != nil, let toolTemplate {
            var template = try toolTemplate.template.get()
            template.specialTokens = specialTokens
            template.variables = variables
            return try template.rendering(conversation, now: now, limits: limits)
        }
        var all: [String: JSONValue] = [
            "messages": .array(conversation.messages.map(\.asMessage)),
            "tools": conversation.tools.map { .array($0) } ?? .null,
            "documents": .null, "add_generation_prompt": .bool(conversation.addGenerationPrompt),
        ]
        all.merge(specialTokens) { _, token in token }
        all.merge(variables) { _, given in given }
        all.merge(conversation.variables) { _, given in given }
        do throws(TemplateError) {
            return try rendering(variables: all, now: now, limits: limits)
        } catch {
            throw conversation.explaining(error)
        }
    }

    /// Renders the template with these variables and no others.
    package func rendering(
        variables: [String: JSONValue], now: Time? = nil, limits: Limits = Limits()
    ) throws(TemplateError) -> Rendering {
        let interpreter = TemplateInterpreter(limits: limits) { now ?? .now }
        do throws(TemplateError) {
            return try reportingTemplateErrors {
                try interpreter.render(statements, variables: variables.map { ($0.key, try $0.value.object()) })
            }
        } catch {
            throw error.located(at: source.position(of: interpreter.at))
        }
    }
}

extension JSONValue {
    /// A message as templates are given it: without null members, and with its reasoning under each of the names that templates
    /// know it by.
    ///
    /// As transformers 5.24 does it.
    fileprivate var asMessage: JSONValue {
        guard case .object(let all) = self else { return self }
        var members = all.filter { $0.value != .null }
        let names = ["reasoning_content", "thinking", "reasoning"]
        guard let reasoning = names.compactMap({ name in members.last { $0.name == name }?.value }).first else {
            return .object(members)
        }
        if let place = members.firstIndex(where: { $0.name == "reasoning_content" }) {
            members[place].value = reasoning
        } else {
            members.append(Member("reasoning_content", reasoning))
        }
        let thinking = members.last { $0.name == "thinking" }?.value ?? reasoning
        return .object([Member("thinking", thinking)] + members.filter { $0.name != "thinking" })
    }
}
