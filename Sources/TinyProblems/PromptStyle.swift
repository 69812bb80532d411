/// How a question becomes the text that a model is given.
///
/// ```swift
/// PromptStyle.abacus.prompt(for: "What is 2 + 3?")        // "Q: What is 2 + 3?\nA:"
/// let own = try PromptStyle(name: "terse", template: "{question}\nAnswer with ####:")
/// ```
///
/// A style is a value that travels with a run's configuration, name and template both, so that a prompt can be repeated
/// after the built-in styles have changed. A template is plain text; a question that itself contains a turn marker such as
/// `<|im_end|>` is not escaped.
public struct PromptStyle: Sendable, Hashable, Codable {
    /// Stands for the question in a template.
    public static let placeholder = "{question}"

    /// How configurations and records call it.
    public let name: String
    /// The prompt's text, with ``placeholder`` exactly once.
    public let template: String

    private let before: String
    private let after: String

    /// Makes a style from a template.
    ///
    /// - Throws: ``ProblemError`` with code `invalidTemplate` unless ``placeholder`` occurs exactly once.
    public init(name: String, template: String) throws(ProblemError) {
        let parts = template.split(separator: Self.placeholder, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw ProblemError(
                .invalidTemplate,
                "the template of prompt style \"\(name)\" has \(parts.count - 1) places for the question, expected 1",
                hint: "write \(Self.placeholder) where the question goes")
        }
        self.init(name: name, before: String(parts[0]), after: String(parts[1]))
    }

    private init(name: String, before: String, after: String) {
        self.name = name
        self.template = before + Self.placeholder + after
        self.before = before
        self.after = after
    }

    /// The prompt for a question. Nothing in the question is taken for a placeholder.
    public func prompt(for question: String) -> String {
        before + question + after
    }

    /// The prompt for a problem's question.
    public func prompt(for problem: Problem) -> String {
        prompt(for: problem.question)
    }
}

extension PromptStyle {
    /// The question alone.
    public static let plain = PromptStyle(name: "plain", before: "", after: "")

    /// The form the model in the box was trained on: `Q: {question}` and, on the next line, `A:`.
    public static let abacus = PromptStyle(name: "abacus", before: "Q: ", after: "\nA:")

    /// The question and a request for steps and a number after `####`, for models without a chat format.
    public static let gsm8k = PromptStyle(name: "gsm8k", before: "", after: "\n\(markedAnswerRequest)\n")

    /// ``gsm8k`` as the user's turn in ChatML, for models whose tokenizer has `<|im_start|>`.
    public static let gsm8kChat = PromptStyle(
        name: "gsm8k-chat", before: "<|im_start|>user\n",
        after: "\n\(markedAnswerRequest)<|im_end|>\n<|im_start|>assistant\n")

    /// The styles that can be asked for by name.
    public static let builtIn: [PromptStyle] = [.abacus, .gsm8k, .gsm8kChat, .plain]

    /// The built-in style of this name.
    ///
    /// - Throws: ``ProblemError`` with code `unknownPromptStyle`, listing the names there are.
    public init(named name: String) throws(ProblemError) {
        guard let style = Self.builtIn.first(where: { $0.name == name }) else {
            let names = Self.builtIn.map(\.name).joined(separator: ", ")
            throw ProblemError(.unknownPromptStyle, "there is no prompt style \"\(name)\"; the styles are: \(names)")
        }
        self = style
    }
}

private let markedAnswerRequest =
    "Work through this one step at a time. Finish with a line that holds only #### and the final number."

extension PromptStyle {
    private enum CodingKeys: String, CodingKey {
        case name, template
    }

    /// Reads `name` and `template`; the template is checked as in ``init(name:template:)``.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            name: values.decode(String.self, forKey: .name), template: values.decode(String.self, forKey: .template))
    }

    /// Writes `name` and `template`.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(name, forKey: .name)
        try values.encode(template, forKey: .template)
    }
}
