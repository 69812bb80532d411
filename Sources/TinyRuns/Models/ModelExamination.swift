internal import Foundation
internal import Synchronization
internal import TinyCheckpoint
internal import TinyModel
internal import TinyTemplates
internal import TinyFoundation
internal import TinyText

/// One thing that was examined, and what was found.
public struct Finding: Sendable, Hashable, Encodable {
    /// What follows from it.
    public enum Outcome: String, Sendable, Encodable {
        /// As it should be.
        case ok
        /// Works, but perhaps not as meant.
        case warning
        /// Does not work.
        case problem
    }

    /// What follows from it.
    public let outcome: Outcome
    /// What was examined, in one word.
    public let subject: String
    /// What was found: names, both values, file. One sentence without a full stop.
    public let message: String
    /// What to do.
    public let advice: String?

    /// Describes a finding.
    public init(_ outcome: Outcome, _ subject: String, _ message: String, advice: String? = nil) {
        self.outcome = outcome
        self.subject = subject
        self.message = message
        self.advice = advice
    }
}

/// Everything that is wrong with the files of a model, and what is right.
///
/// ```swift
/// for finding in ModelExamination(of: "Qwen2.5-0.5B").findings where finding.outcome != .ok {
///     print(finding.subject, finding.message)
/// }
/// ```
///
/// Every part is examined whatever is wrong with the others: configuration, tensors (missing, not used, of another shape, with
/// numbers that are not finite, all zero), tokenizer, stop tokens, chat template. Reads every weight, piece by piece: memory
/// does not grow with the model.
public struct ModelExamination: Sendable {
    /// What was found, in the order of subjects.
    public private(set) var findings: [Finding] = []
    /// The number of weights; `nil` when the configuration cannot be read.
    public private(set) var parameterCount: Int?

    private let directory: String

    /// Examines a directory in Hugging Face layout or a GGUF file.
    ///
    /// - Parameter progress: Called after each tensor with the number examined and the number of all.
    public init(of directory: String, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil) {
        self.directory = directory
        let parts: CheckpointParts
        do throws(CheckpointError) {
            parts = try CheckpointParts(directory: directory)
        } catch {
            add(error, "files", advice: Self.downloadAgain)
            // The head of a GGUF file may be whole.
            if isGGUF(directory) { examineTemplate(examineTokenizer(nil)) }
            return
        }
        let configuration = examine(parts.configuration)
        if case .failure(let error) = parts.endOfText {
            add(error, "generation", advice: "take the published generation_config.json, or remove the file")
        }
        switch parts.checkpoint {
        case .success(let checkpoint)?: examineWeights(of: checkpoint, progress)
        case .failure(let error)?: add(error, "weights", advice: Self.downloadAgain)
        case nil: break
        }
        let tokenizer = examineTokenizer(configuration)
        if let configuration {
            var stops = configuration.endOfText
            if case .success(let tokens?) = parts.endOfText { stops = tokens }
            examineStopTokens(stops, of: configuration, tokenizer)
        }
        examineTemplate(tokenizer)
    }

    private mutating func add(_ outcome: Finding.Outcome, _ subject: String, _ message: String, advice: String? = nil) {
        // Two parts may fail for the same reason.
        guard !findings.contains(where: { $0.message == message }) else { return }
        findings.append(Finding(outcome, subject, message, advice: advice))
    }

    /// - Parameter advice: What to do where the error does not say.
    private mutating func add(_ error: some ExplainedError, _ subject: String, advice: String) {
        add(.problem, subject, error.message, advice: error.hint ?? advice)
    }

    private static let downloadAgain = "download the files again, and compare them with the published ones"

    private mutating func examine(
        _ result: Result<ModelConfiguration, CheckpointError>
    ) -> ModelConfiguration? {
        switch result {
        case .success(let configuration):
            parameterCount = configuration.parameterCount
            add(
                .ok, "configuration",
                "\(configuration.architecture.rawValue) · \(configuration.layerCount) layers of \(configuration.hiddenSize) · "
                    + "vocabulary \(grouped(configuration.vocabularySize)) · context \(grouped(configuration.contextLength))"
            )
            return configuration
        case .failure(let error):
            add(error, "configuration", advice: Self.downloadAgain)
            return nil
        }
    }
}

// MARK: Weights

extension ModelExamination {
    private mutating func examineWeights(
        of checkpoint: Checkpoint, _ progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?
    ) {
        let before = findings.count
        for error in checkpoint.disagreements { add(error, "weights", advice: Self.downloadAgain) }
        var tensors: [(name: String, tensor: CheckpointTensor)] = []
        var missing: [String] = [], hint: String?
        for parameter in checkpoint.configuration.parameterShapes {
            do throws(CheckpointError) {
                tensors.append((parameter.name, try checkpoint.tensor(parameter.name, parameter.shape)))
            } catch {
                if error.code == .missingTensor {
                    missing.append(parameter.name)
                    hint = hint ?? error.hint
                } else {
                    add(error, "weights", advice: Self.downloadAgain)
                }
            }
        }
        if !missing.isEmpty {
            add(
                .problem, "weights",
                "\(directory) has no \(missing.count == 1 ? "tensor" : "tensors") \(shortList(missing))",
                advice: hint ?? "download the model again, or compare num_hidden_layers with the tensors there are")
        }
        let numbers = numbers(in: tensors.map(\.tensor), progress)
        for ((name, tensor), numbers) in zip(tensors, numbers) { add(numbers, name, tensor) }
        if findings.count == before {
            let count = checkpoint.configuration.parameterCount
            add(.ok, "weights", "\(grouped(tensors.count)) tensors, \(grouped(count)) numbers, all finite")
        }
    }

    private mutating func add(_ numbers: TensorNumbers, _ name: String, _ tensor: CheckpointTensor) {
        if let first = numbers.firstWrong {
            let columns = tensor.shape.count > 1 ? tensor.shape.last ?? 1 : 1
            let place = tensor.shape.count > 1 ? [first.index / columns, first.index % columns] : [first.index]
            add(
                .problem, "weights",
                "\(name) has \(counted(numbers.wrongCount, "number")) that \(numbers.wrongCount == 1 ? "is" : "are") not finite, "
                    + "the first (\(first.value)) at \(place)",
                advice: "download the file again; if it is the same, the training that wrote it diverged")
        } else if numbers.areZero {
            add(.warning, "weights", "\(name) has only zeros", advice: "check that the model is meant to have it so")
        }
    }

    /// The numbers of each tensor, examined on all cores.
    private func numbers(
        in tensors: [CheckpointTensor], _ progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?
    ) -> [TensorNumbers] {
        let state = Mutex((done: 0, numbers: [TensorNumbers](repeating: TensorNumbers(), count: tensors.count)))
        DispatchQueue.concurrentPerform(iterations: tensors.count) { index in
            let numbers = TensorNumbers(of: tensors[index])
            let done = state.withLock { state in
                state.numbers[index] = numbers
                state.done += 1
                return state.done
            }
            progress?(done, tensors.count)
        }
        return state.withLock { $0.numbers }
    }
}

/// What the numbers of a tensor are like.
private struct TensorNumbers: Sendable {
    /// How many are not finite.
    var wrongCount = 0
    /// The first of these, in the order in which they are stored.
    var firstWrong: (index: Int, value: Float)?
    /// Whether all are zero, of either sign.
    var areZero = false

    init() {}

    init(of tensor: CheckpointTensor) {
        let infinity = Float.infinity.bitPattern
        var (wrongCount, firstWrong, bits) = (0, (index: Int, value: Float)?.none, UInt32(0))
        tensor.forEachPiece { first, piece in
            var largest: UInt32 = 0
            for value in piece { largest = max(largest, value.magnitude.bitPattern) }
            bits |= largest
            guard largest >= infinity else { return }
            for (index, value) in piece.enumerated() where !value.isFinite {
                if firstWrong == nil { firstWrong = (first + index, value) }
                wrongCount += 1
            }
        }
        (self.wrongCount, self.firstWrong) = (wrongCount, firstWrong)
        areZero = bits == 0 && tensor.count > 0
    }
}

// MARK: Text

extension ModelExamination {
    private mutating func examineTokenizer(_ configuration: ModelConfiguration?) -> Tokenizer? {
        let tokenizer: Tokenizer
        do throws(TextError) {
            tokenizer = try Tokenizer(modelDirectory: directory)
        } catch {
            add(error, "tokenizer", advice: Self.downloadAgain)
            return nil
        }
        let size = tokenizer.vocabularySize
        if let rows = configuration?.vocabularySize, size > rows {
            add(
                .problem, "tokenizer",
                "the tokenizer has \(grouped(size)) tokens, the model's vocabulary \(grouped(rows))",
                advice: "take tokenizer and weights from the same model; added tokens need rows in the embedding")
        } else {
            add(.ok, "tokenizer", "\(grouped(size)) tokens")
        }
        examineRoundTrip(tokenizer)
        return tokenizer
    }

    private mutating func examineRoundTrip(_ tokenizer: Tokenizer) {
        func returns(_ text: String) -> Bool {
            tokenizer.decode(tokenizer.encode(text, addingSpecialTokens: false)).utf8.elementsEqual(text.utf8)
        }
        let plain = "Question: what is 12 + 30?\nAnswer: 42", other = "\u{E9}\t\u{4E2D}\u{6587} \u{1F600}"
        if !returns(plain) {
            add(
                .problem, "tokenizer", "a text in English is not the same after encoding and decoding",
                advice: "tokenizer files of different models may be mixed")
        } else if !returns(other) {
            add(
                .warning, "tokenizer",
                "a text with accents, Chinese and an emoji is not the same after encoding and decoding",
                advice: "nothing, if the model is meant for English alone")
        }
    }

    private mutating func examineStopTokens(_ ids: [Int], of configuration: ModelConfiguration, _ tokenizer: Tokenizer?)
    {
        let named = Set(ids + [tokenizer?.endOfTextID].compactMap(\.self))
        let possible = named.filter { (0..<configuration.vocabularySize).contains($0) }.sorted()
        guard !possible.isEmpty else {
            let found =
                named.isEmpty ? "no stop token is named" : "no stop token is in the vocabulary: \(named.sorted())"
            add(
                .problem, "stop", found + ", so completions end only at the token limit",
                advice: isGGUF(directory)
                    ? "the file lacks tokenizer.ggml.eos_token_id"
                    : "put eos_token_id into generation_config.json, or eos_token into tokenizer_config.json")
            return
        }
        for id in named.sorted() {
            if !possible.contains(id) {
                add(
                    .warning, "stop",
                    "the stop token \(id) is outside the vocabulary of \(grouped(configuration.vocabularySize)) and never occurs",
                    advice: "correct eos_token_id in generation_config.json")
            } else if let tokenizer, tokenizer.token(for: id) == nil {
                add(
                    .warning, "stop", "the tokenizer has no token \(id), which is a stop token",
                    advice: "take tokenizer and generation_config.json from the same model")
            }
        }
        let texts = possible.map { id in "\(id)" + (tokenizer?.token(for: id).map { " \"\($0)\"" } ?? "") }
        add(.ok, "stop", "stop tokens: \(texts.joined(separator: ", "))")
    }

    private mutating func examineTemplate(_ tokenizer: Tokenizer?) {
        let template: ChatTemplate
        do throws(TemplateError) {
            template = try ChatTemplate(modelDirectory: directory)
        } catch {
            if error.code == .missingFile {
                add(.ok, "template", "no chat template: prompts are plain text")
            } else {
                addTemplate(error)
            }
            return
        }
        let question = "What is 12 + 30?"
        let turns: [JSONValue] = [
            ["role": "user", "content": .string(question)], ["role": "assistant", "content": "42"],
            ["role": "user", "content": "Thank you."],
        ]
        do throws(TemplateError) {
            let text = try template.render(
                messages: [turns[0]], addGenerationPrompt: true, now: ChatTemplate.promptTime)
            _ = try template.render(messages: turns, addGenerationPrompt: true, now: ChatTemplate.promptTime)
            guard text.contains(question) else {
                add(
                    .problem, "template", "the chat template leaves out the user's message",
                    advice: "compare chat_template.jinja with the published one")
                return
            }
            let length = tokenizer.map {
                ", \(counted($0.encode(text, addingSpecialTokens: false).count, "token")) for a short question"
            }
            add(.ok, "template", "the chat template renders" + (length ?? ""))
        } catch {
            addTemplate(error)
        }
    }

    private mutating func addTemplate(_ error: TemplateError) {
        add(
            .problem, "template", "the chat template cannot be used: \(error.message)",
            advice: error.hint
                ?? "compare \(isGGUF(directory) ? "tokenizer.chat_template" : "chat_template.jinja") with the published one"
        )
    }
}
