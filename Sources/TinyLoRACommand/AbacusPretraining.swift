import Foundation
import TinyLoRA
import TinyFoundation

/// Sizes of the model in the box.
enum AbacusModel {
    static let hiddenSize = 192
    static let layerCount = 5
    static let intermediateSize = 512
    static let vocabularySize = 704
    static let headDimension = 32
    static let contextLength = 256

    /// A Qwen2 model of these sizes with three query heads to a key/value head where the width allows it.
    static func configuration(
        hidden: Int, layers: Int, intermediate: Int, vocabulary: Int
    ) throws -> ModelConfiguration {
        guard hidden > 0, hidden % headDimension == 0 else {
            throw UsageError("--hidden must be a positive multiple of \(headDimension), is \(hidden)")
        }
        guard layers > 0, intermediate > 0 else {
            throw UsageError("--layers and --intermediate must be positive, are \(layers) and \(intermediate)")
        }
        let heads = hidden / headDimension
        return ModelConfiguration(
            architecture: .qwen2, vocabularySize: vocabulary, hiddenSize: hidden, intermediateSize: intermediate,
            layerCount: layers, headCount: heads, keyValueHeadCount: heads % 3 == 0 ? heads / 3 : heads,
            headDimension: headDimension, normEpsilon: 1e-6, ropeTheta: 10_000, contextLength: contextLength,
            tiesEmbeddings: true, beginningOfText: nil, endOfText: [0])
    }
}

/// One run of `tinylora pretrain`: tokenizer, weights, state, record.
struct AbacusPretraining {
    let model: ModelConfiguration
    let recipe: PretrainingConfiguration
    let directory: String
    let threads: Int
    let console: Console

    private static let endOfText = "<|endoftext|>"
    /// Documents the tokenizer is trained on: more change nothing in so small a vocabulary.
    private static let tokenizerDocuments = 20_000
    /// Steps between saved states: about half a minute.
    private static let stepsPerState = 100

    func run() async throws {
        let corpus = AbacusCorpus(seed: recipe.seed)
        try makeDirectory(directory)
        let trained = try TokenizerTrainer.train(
            (0..<Self.tokenizerDocuments).lazy.map { corpus[$0].prompt + corpus[$0].completion },
            vocabularySize: model.vocabularySize, specialTokens: [Self.endOfText])
        try trained.write(to: directory + "/tokenizer.json")
        let tokenizer = trained.tokenizer
        let trainer = FullParameterTrainer(model, recipe, threads: threads)
        let state = directory + "/state.safetensors"
        if FileManager.default.fileExists(atPath: state) {
            try trainer.restore(from: state)
            console.note("resuming after step \(trainer.step)")
        }
        let log = try StepLog(path: directory + "/pretraining.jsonl", keeping: trainer.step)
        console.note(
            "model      \(grouped(model.parameterCount)) parameters · \(model.layerCount) layers of \(model.hiddenSize)"
                + " · vocabulary \(model.vocabularySize)")
        console.note(
            "corpus     \(grouped(recipe.documents)) documents · \(recipe.steps) steps of \(recipe.documentsPerStep)"
                + " · seed \(recipe.seed) · \(threads) threads")
        console.note("  step     loss   answer     norm       rate      tokens   tok/s   elapsed      left")
        let start = ContinuousClock.now, firstStep = trainer.step, firstTokens = trainer.tokens
        while trainer.step < recipe.steps {
            let record = try trainer.advance { index in
                let document = corpus[index]
                return TrainingDocument(
                    prompt: tokenizer.encode(document.prompt),
                    completion: tokenizer.encode(document.completion) + [tokenizer.endOfTextID ?? 0])
            }
            try log.append(record)
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let left = seconds / Double(record.step - firstStep) * Double(recipe.steps - record.step)
            let line =
                column("\(record.step)", 6) + column(record.loss, 9, places: 4)
                + column(record.completionLoss, 9, places: 4) + column(record.gradientNorm, 9, places: 3)
                + column(record.learningRate, 11, places: 6) + column(grouped(record.tokens), 12)
                + column(Double(record.tokens - firstTokens) / seconds, 8, places: 0) + column(clock(seconds), 10)
                + column(clock(left), 10)
            if record.step % 100 == 0 || record.step == recipe.steps {
                console.note(line)
            } else {
                console.progress(line)
            }
            if record.step % Self.stepsPerState == 0 { try trainer.save(to: state) }
        }
        try trainer.write(to: directory, as: .bfloat16)
        try trainer.save(to: state)
        console.say("model      \(directory) (\(grouped(model.parameterCount)) parameters in bf16)")
        try console.result(
            Result(model: directory, parameters: model.parameterCount, tokens: trainer.tokens, steps: trainer.step))
    }

    private struct Result: Encodable {
        let model: String
        let parameters: Int
        let tokens: Int
        let steps: Int
    }
}

/// Creates a directory and those above it.
func makeDirectory(_ path: String) throws {
    do {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
        throw UsageError("cannot create the directory \(path): \(systemReason(error))")
    }
}

/// The line of each step, one JSON object each; lines after the resumed step are dropped.
private final class StepLog {
    private let handle: FileHandle
    private let encoder = JSONEncoder()

    init(path: String, keeping steps: Int) throws {
        let old = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let kept = old.split(separator: "\n").prefix(steps).map { $0 + "\n" }.joined()
        do {
            try Data(kept.utf8).write(to: URL(filePath: path), options: .atomic)
            handle = try FileHandle(forWritingTo: URL(filePath: path))
            try handle.seekToEnd()
        } catch {
            throw UsageError("cannot write \(path): \(systemReason(error))")
        }
        encoder.outputFormatting = .sortedKeys
    }

    func append(_ record: PretrainingStepRecord) throws {
        try handle.write(contentsOf: try encoder.encode(record) + Data("\n".utf8))
    }
}
