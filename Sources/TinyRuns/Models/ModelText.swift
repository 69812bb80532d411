public import TinyCheckpoint
import TinyFoundation
public import TinyProblems
import TinyRecords
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

    /// The prompt style that suits the model: Abacus's own, or a number after `####`.
    public var naturalStyle: PromptStyle { .natural(isAbacus: isAbacus) }

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
    /// - Parameter style: What the model is told; ``naturalStyle`` unless given.
    /// - Throws: `TextError` without a tokenizer, `TemplateError` when the template cannot be read, `ProblemError` when it
    ///   cannot put the style.
    public func prompter(style: PromptStyle? = nil) throws -> Prompter {
        let prompter = Prompter(
            style: style ?? naturalStyle, codec: try requireTokenizer(), chat: try chatTemplate())
        _ = try prompter.prompt(for: "1 + 1 = ?")
        return prompter
    }

    /// Makes the prompts of a run.
    ///
    /// - Throws: What ``prompter(style:)`` throws, and `ProblemError` for a style of another name.
    func prompter(of configuration: TrainingConfiguration) throws -> Prompter {
        var style = try configuration.promptStyle.map { try PromptStyle(named: $0) } ?? naturalStyle
        style.stopTexts = configuration.rollout.stopTexts ?? style.stopTexts
        return try prompter(style: style)
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
    /// ``ModelText/naturalStyle``.
    static func natural(isAbacus: Bool) -> PromptStyle { isAbacus ? .abacus : .gsm8k }
}
