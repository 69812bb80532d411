public import TinyFoundation

/// The text of a prompt around a question: instructions, worked examples, and the format of the answer.
///
/// ```swift
/// PromptStyle.abacus.plainText(for: "What is 2 + 3?")        // "Q: What is 2 + 3?\nA:"
/// let own = try PromptStyle(name: "terse", template: "{question}\nPut the answer in \\boxed{}.", answerFormat: .boxed)
/// ```
///
/// A style does not know chat templates: a ``Prompter`` renders it as a chat for a model that has a chat format, and as plain text
/// for one that has none. A style is stored with a configuration, so that a prompt can be reproduced after the
/// built-in styles have changed.
public struct PromptStyle: Sendable, Hashable, Codable {
    /// Placeholder for the question in a template.
    public static let placeholder = "{question}"

    /// Name in configurations and records.
    public let name: String
    /// The user's message, with ``placeholder`` exactly once.
    public let template: String
    /// Text between the user's message and the answer in plain-text prompts: `A:` on the next line.
    public let lead: String
    /// The system message; `nil` leaves it to the chat format.
    public var system: String?
    /// Worked examples before the question, in order.
    public var examples: [PromptExample]
    /// Texts that end an answer, which they are not part of; none where it is empty.
    ///
    /// `nil` is the beginning of the next example, at the start of a line, for prompts that show examples as plain text: a model
    /// that was not taught to stop goes on with another. Sampling ends there, and what follows is not graded.
    public var stopTexts: [String]?
    /// The format that the style asks for; `any` where it asks for none.
    public let answerFormat: GradingOptions.AnswerFormat

    private let before: String
    private let after: String

    /// Makes a style from its parts.
    ///
    /// - Throws: ``ProblemError`` with code `invalidTemplate` unless ``placeholder`` occurs exactly once.
    public init(
        name: String, template: String, lead: String = "", system: String? = nil, examples: [PromptExample] = [],
        stopTexts: [String]? = nil, answerFormat: GradingOptions.AnswerFormat = .any
    ) throws(ProblemError) {
        let parts = template.split(separator: Self.placeholder, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw ProblemError(
                .invalidTemplate,
                "the template of prompt style \"\(name)\" has \(parts.count - 1) places for the question, expected 1",
                hint: "write \(Self.placeholder) where the question goes")
        }
        self.init(
            name: name, before: String(parts[0]), after: String(parts[1]), lead: lead, system: system,
            examples: examples, stopTexts: stopTexts, answerFormat: answerFormat)
    }

    init(
        name: String, before: String, after: String, lead: String, system: String? = nil,
        examples: [PromptExample] = [], stopTexts: [String]? = nil, answerFormat: GradingOptions.AnswerFormat
    ) {
        self.name = name
        self.template = before + Self.placeholder + after
        self.lead = lead
        self.system = system
        self.examples = examples
        self.stopTexts = stopTexts
        self.answerFormat = answerFormat
        self.before = before
        self.after = after
    }

    /// The same style under another name, with these examples.
    public func with(examples: [PromptExample], name: String) -> PromptStyle {
        PromptStyle(
            name: name, before: before, after: after, lead: lead, system: system, examples: examples,
            stopTexts: stopTexts, answerFormat: answerFormat)
    }

    /// The conversation that ends with the question.
    ///
    /// - Parameter written: Applied to questions and examples, but not to the style's own text.
    func messages(for question: String, data written: (String) -> String = { $0 }) -> [ChatMessage] {
        var messages = system.map { [ChatMessage(.system, $0)] } ?? []
        for example in examples {
            messages.append(ChatMessage(.user, before + written(example.question) + after))
            messages.append(ChatMessage(.assistant, written(example.solution)))
        }
        return messages + [ChatMessage(.user, before + written(question) + after)]
    }

    /// What stands before each question of a plain-text prompt with examples, where the template has no words there.
    private var mark: String { examples.isEmpty || before.contains(where: \.isLetter) ? "" : "Question: " }

    /// The words that every example of a plain-text prompt begins with, in one line.
    var exampleStart: String {
        let line = (mark + before).split(whereSeparator: \.isNewline).first { !$0.allSatisfy(\.isWhitespace) } ?? ""
        return String(line.reversed().drop(while: \.isWhitespace).reversed())
    }

    /// The same as one text: blank lines between examples, ``lead`` before each answer. Examples begin with words, so that their
    /// beginning can be recognised: those of the template, or `Question:`.
    func plainText(for question: String, data written: (String) -> String) -> String {
        let mark = mark
        var text = ""
        for message in messages(for: question, data: written) {
            switch message.role {
            case .system: text += message.content + "\n\n"
            case .user: text += mark + message.content + lead
            case .assistant: text += continuation(message.content, of: text) + "\n\n"
            }
        }
        return text
    }

    /// The prompt as plain text. Nothing in the question is taken for a placeholder.
    public func plainText(for question: String) -> String { plainText(for: question, data: { $0 }) }
}

/// A worked example: a question and its answer, shown before the question of a prompt.
public struct PromptExample: Sendable, Hashable, Codable {
    /// The question.
    public var question: String
    /// The whole answer, in the format that the model should use.
    public var solution: String

    /// Makes an example.
    public init(question: String, solution: String) {
        self.question = question
        self.solution = solution
    }
}

/// The text that a model should write after a prompt: the solution, after a space unless the prompt ends in white space.
///
/// Word pieces carry the space in front of them, so a prompt that ends in `A:` is answered with ` 12+5=17.`; one that ends
/// with a line break, as turns of a chat do, is answered with `12+5=17.`.
package func continuation(_ solution: String, of prompt: String) -> String {
    let isSeparated = prompt.last?.isWhitespace ?? true
    return isSeparated || solution.first?.isWhitespace == true ? solution : " " + solution
}

extension PromptStyle {
    private enum CodingKeys: String, CodingKey {
        case name, template, lead, system, examples
        case stopTexts = "stop_texts"
        case answerFormat = "answer_format"
    }

    /// Reads `name` and `template`, and the rest where it is there; the template is checked as in the other initialiser.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            name: values.decode(String.self, forKey: .name), template: values.decode(String.self, forKey: .template),
            lead: values.decodeIfPresent(String.self, forKey: .lead) ?? "",
            system: values.decodeIfPresent(String.self, forKey: .system),
            examples: values.decodeIfPresent([PromptExample].self, forKey: .examples) ?? [],
            stopTexts: values.decodeIfPresent([String].self, forKey: .stopTexts),
            answerFormat: values.decodeIfPresent(GradingOptions.AnswerFormat.self, forKey: .answerFormat) ?? .any)
    }
}
