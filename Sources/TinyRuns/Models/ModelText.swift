public import TinyCheckpoint
import TinyFoundation
public import TinyProblems
public import TinyRecords
public import TinyTemplates
public import TinyText

/// What a model does with text: how a problem becomes its tokens, and which tokens end an answer. It needs none of the weights.
public protocol ModelText: Sendable {
    /// The model's files.
    var checkpoint: Checkpoint { get }
    /// Text to ids and back; `nil` when the model has none.
    var tokenizer: Tokenizer? { get }
    /// Whether this is the model in the box.
    var isAbacus: Bool { get }
}

extension ModelText {
    /// The tokenizer.
    ///
    /// - Throws: `TextError` when the model has none.
    public func requireTokenizer() throws -> Tokenizer {
        // Reading again says what is missing.
        try tokenizer ?? Tokenizer(modelDirectory: checkpoint.directory)
    }

    /// Tokens that end a completion: the model's and the tokenizer's.
    public var stopTokens: [Int] {
        let candidates = checkpoint.configuration.endOfText + [tokenizer?.endOfTextID].compactMap { $0 }
        return Set(candidates).filter { $0 >= 0 && $0 < checkpoint.configuration.vocabularySize }.sorted()
    }

    /// The token to learn at the end of a solution: the tokenizer's end of text, else the first stop token.
    public var endToken: Int? {
        let stops = stopTokens
        return tokenizer?.endOfTextID.flatMap { stops.contains($0) ? $0 : nil } ?? stops.first
    }

    /// The prompt style that suits the model and the grader: Abacus's own; the question alone where a command grades, which need not
    /// look for an answer; else a number after `####`.
    public func naturalStyle(for grader: GraderChoice = .automatic) -> PromptStyle {
        .natural(isAbacus: isAbacus, grader: grader)
    }

    /// The model's chat template; `nil` for a model of plain text.
    ///
    /// - Throws: `TemplateError` when there is one that cannot be read.
    public func chatTemplate() throws(TemplateError) -> ChatTemplate? {
        do throws(TemplateError) {
            return try ChatTemplate(modelDirectory: checkpoint.directory)
        } catch {
            if error.code == .missingFile { return nil }
            throw error
        }
    }

    /// Makes prompts of this model: chat turns where it has a chat template, plain text where it has none.
    ///
    /// - Parameters:
    ///   - style: What the model is told; ``naturalStyle(for:)`` unless given.
    ///   - variables: Of the chat template; none unless given.
    /// - Throws: `TextError` without a tokenizer, `TemplateError` when the template cannot be read or has no such variable,
    ///   ``RunError`` for variables without a template, `ProblemError` when it cannot put the style.
    public func prompter(style: PromptStyle? = nil, variables: TemplateVariables? = nil) throws -> Prompter {
        var template = try chatTemplate()
        if let variables, !variables.values.isEmpty {
            guard let plain = template else {
                throw RunError(
                    .invalidValue,
                    "\(TrainingConfiguration.groupKey) is \(variables), and the model has no chat template")
            }
            template = try plain.setting(variables.values.mapValues(JSONValue.init))
        }
        let prompter = Prompter(style: style ?? naturalStyle(), codec: try requireTokenizer(), chat: template)
        _ = try prompter.prompt(for: "1 + 1 = ?")
        return prompter
    }

    /// Makes the prompts of a run.
    ///
    /// - Throws: What ``prompter(style:variables:)`` throws, and `ProblemError` for a style of another name.
    func prompter(of configuration: TrainingConfiguration) throws -> Prompter {
        var style =
            try configuration.promptStyle.map { try PromptStyle(named: $0) }
            ?? naturalStyle(for: GraderChoice(configuration.grader))
        style.stopTexts = configuration.rollout.stopTexts ?? style.stopTexts
        return try prompter(style: style, variables: configuration.templateVariables)
    }

    /// Reads the tokenizer of a model; `nil` when it has none.
    ///
    /// - Throws: `TextError` for one that cannot be read, ``RunError`` for one of more tokens than the model has.
    static func tokenizer(of checkpoint: Checkpoint) throws -> Tokenizer? {
        let tokenizer: Tokenizer
        do throws(TextError) {
            tokenizer = try Tokenizer(modelDirectory: checkpoint.directory)
        } catch {
            if error.code == .missingFile { return nil }
            throw error
        }
        let vocabularySize = checkpoint.configuration.vocabularySize
        guard tokenizer.vocabularySize <= vocabularySize else {
            throw RunError(
                .unusableModel,
                "the tokenizer of \(checkpoint.directory) has \(tokenizer.vocabularySize) tokens, the model's vocabulary "
                    + "\(vocabularySize)")
        }
        return tokenizer
    }
}

extension PromptStyle {
    /// As ``ModelText/naturalStyle(for:)``.
    static func natural(isAbacus: Bool, grader: GraderChoice) -> PromptStyle {
        isAbacus ? .abacus : grader.isCommand ? .plain : .gsm8k
    }
}

extension JSONValue {
    /// The value of a setting.
    fileprivate init(_ value: SettingValue) {
        switch value {
        case .null: self = .null
        case .flag(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .natural(let value): self = .wideInteger("\(value)")
        case .number(let value): self = .number(value)
        case .text(let value): self = .string(value)
        case .list(let values): self = .array(values.map { JSONValue($0) })
        case .group(let values):
            self = .object(values.sorted { $0.key < $1.key }.map { Member($0.key, JSONValue($0.value)) })
        }
    }
}
