internal import Foundation
internal import TinyAbacus
public import TinyCheckpoint
internal import TinyFoundation
public import TinyRecords
internal import TinyText

/// Sizes of the model in the box.
public enum AbacusModel {
    /// Width of the residual stream.
    public static let hiddenSize = 192
    /// Layers.
    public static let layerCount = 5
    /// Width of the feed-forward blocks.
    public static let intermediateSize = 512
    /// Tokens.
    public static let vocabularySize = 704
    /// Width of a head.
    public static let headDimension = 32
    /// Most tokens of a sequence.
    public static let contextLength = 256

    /// A Qwen2 model of these sizes with three query heads to a key/value head where the width allows it.
    public static func configuration(
        hidden: Int, layers: Int, intermediate: Int, vocabulary: Int
    ) throws -> ModelConfiguration {
        guard hidden > 0, hidden % headDimension == 0 else {
            throw RunError(
                .invalidValue, "--hidden must be a positive multiple of \(headDimension), is \(hidden)")
        }
        guard layers > 0, intermediate > 0 else {
            throw RunError(
                .invalidValue, "--layers and --intermediate must be positive, are \(layers) and \(intermediate)")
        }
        let heads = hidden / headDimension
        let model = ModelConfiguration(
            architecture: .qwen2, vocabularySize: vocabulary, hiddenSize: hidden, intermediateSize: intermediate,
            layerCount: layers, headCount: heads, keyValueHeadCount: heads % 3 == 0 ? heads / 3 : heads,
            headDimension: headDimension, normEpsilon: 1e-6, ropeTheta: 10_000, contextLength: contextLength,
            tiesEmbeddings: true, beginningOfText: nil, endOfText: [0])
        let broken = model.violations()
        guard broken.isEmpty else { throw RunError(.invalidValue, broken.joined(separator: "; ")) }
        return model
    }
}

/// One run of `tinylora pretrain`: tokenizer, weights, state, record.
public struct AbacusPretraining: Sendable {
    private let model: ModelConfiguration
    private let recipe: PretrainingConfiguration
    private let directory: String
    private let threads: Int

    /// Describes a run; nothing is read or written yet.
    ///
    /// - Parameter directory: Where model, tokenizer, state and record go.
    public init(model: ModelConfiguration, recipe: PretrainingConfiguration, directory: String, threads: Int) {
        self.model = model
        self.recipe = recipe
        self.directory = directory
        self.threads = threads
    }

    private static let endOfText = "<|endoftext|>"
    /// Documents the tokenizer is trained on: more change nothing in so small a vocabulary.
    private static let tokenizerDocuments = 20_000
    /// Steps between saved states: about half a minute.
    private static let stepsPerState = 100

    /// Trains, or resumes from the last saved state. Another process cannot write into the directory meanwhile.
    ///
    /// - Parameters:
    ///   - started: Called once with the steps and tokens that are already done, 0 for a new run.
    ///   - report: Called after each step.
    /// - Returns: Tokens seen.
    /// - Throws: ``RunError`` with code `alreadyExists` for a directory with files of another model, `differentSettings` for one with
    ///   a run of another model or recipe, `directoryInUse` or `unwritable`; whatever training and writing throw.
    public func run(
        started: (_ step: Int, _ tokens: Int) -> Void, report: (PretrainingStepRecord) -> Void
    ) async throws -> Int {
        let state = directory + "/state.safetensors"
        let log = Journal<PretrainingStepRecord>(path: directory + "/pretraining.jsonl")
        let isSaved = FileManager.default.fileExists(atPath: state)
        if !isSaved, !FileManager.default.fileExists(atPath: log.path), let file = modelFile(in: directory) {
            throw RunError(
                .alreadyExists, "\(directory) already has files of a model or an adapter (\(file))",
                hint: "choose another directory with --output")
        }
        let lock = try DirectoryLock(making: directory)
        defer { withExtendedLifetime(lock) {} }
        let trainer = FullParameterTrainer(model, recipe, threads: threads)
        // Before anything is written: another recipe is refused before its files take the place of this one's.
        if isSaved { try trainer.restore(from: state) }
        // It comes first, because it says that the other files are those of a pretraining, even where no state was saved.
        try log.keep(trainer.step)
        let corpus = AbacusCorpus(seed: recipe.seed)
        let trained = try TokenizerTrainer.train(
            (0..<Self.tokenizerDocuments).lazy.map { corpus[$0].prompt + corpus[$0].completion },
            vocabularySize: model.vocabularySize, specialTokens: [Self.endOfText])
        let tokenizer = trained.tokenizer
        try trained.write(to: directory + "/tokenizer.json")
        started(trainer.step, trainer.tokens)
        while trainer.step < recipe.steps {
            let record = try trainer.advance { index in
                let document = corpus[index]
                return TrainingDocument(
                    prompt: tokenizer.encode(document.prompt),
                    completion: tokenizer.encode(document.completion) + [tokenizer.endOfTextID ?? 0])
            }
            try log.append([record])
            report(record)
            if record.step % Self.stepsPerState == 0 { try trainer.save(to: state) }
        }
        try trainer.write(to: directory, as: .bfloat16)
        try trainer.save(to: state)
        return trainer.tokens
    }
}
