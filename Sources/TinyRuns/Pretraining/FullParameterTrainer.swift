internal import Foundation
public import TinyCheckpoint
public import TinyModel
public import TinyRecords
import TinyTensor
public import TinyFoundation
import TinyLearning

/// A text to learn, as token ids: the prompt counts less than what follows it.
public struct TrainingDocument: Sendable {
    /// Token ids that are given.
    public var prompt: [Int]
    /// Token ids to learn, the end of text included.
    public var completion: [Int]

    /// Makes a document from its parts.
    public init(prompt: [Int], completion: [Int]) {
        self.prompt = prompt
        self.completion = completion
    }
}

/// Trains all weights of a model to predict the next token, with AdamW.
///
/// Documents are a function of their index, so that step n sees the same ones whatever ran before; sums run in a fixed
/// order. Two runs with the same configuration give the same weights bit for bit, on any number of threads.
public final class FullParameterTrainer {
    /// Sizes of the model.
    public let model: ModelConfiguration
    /// The recipe.
    public let configuration: PretrainingConfiguration
    /// The weights as they are now.
    public let weights: DenseWeights
    /// Steps taken.
    public private(set) var step = 0
    /// Tokens seen.
    public private(set) var tokens = 0

    private let gradient: DenseWeights
    private let first: DenseWeights
    private let second: DenseWeights
    private let team: WorkerTeam

    /// Starts from weights drawn from `configuration.seed`.
    public convenience init(_ model: ModelConfiguration, _ configuration: PretrainingConfiguration, threads: Int) {
        self.init(model, configuration, weights: .random(model, seed: configuration.seed), threads: threads)
    }

    /// Starts from given weights.
    public init(
        _ model: ModelConfiguration, _ configuration: PretrainingConfiguration, weights: DenseWeights, threads: Int
    ) {
        self.model = model
        self.configuration = configuration
        self.weights = weights
        gradient = DenseWeights(weights.layout)
        first = DenseWeights(weights.layout)
        second = DenseWeights(weights.layout)
        team = WorkerTeam(threads: threads)
    }

    deinit { team.close() }

    /// All of pretraining computes in this arithmetic.
    public static let arithmetic = Arithmetic.float32

    /// Takes one step on the next documents.
    ///
    /// - Parameter document: The document of an index, the first being 0.
    /// - Throws: ``TrainingError`` when the loss or the gradient is no longer a number; the weights are those before the step.
    public func advance(document: (Int) -> TrainingDocument) throws -> PretrainingStepRecord {
        let firstDocument = step * configuration.documentsPerStep
        let documents = (0..<configuration.documentsPerStep).map { document(firstDocument + $0) }
        let promptWeight = Float(configuration.promptWeight)
        let total = documents.reduce(Float(0)) {
            $0 + promptWeight * Float($1.prompt.count - 1) + Float($1.completion.count)
        }
        let packed = try LanguageModel(model, weights: weights, arithmetic: Self.arithmetic)
        gradient.clear()
        var loss = 0.0, completionLoss = 0.0, completionTokens = 0
        for start in stride(from: 0, to: documents.count, by: configuration.documentsPerPass) {
            let part = documents[start..<min(documents.count, start + configuration.documentsPerPass)]
            let pass = ScoringPass(
                packed,
                part.map {
                    ScoredTokens(
                        tokens: $0.prompt + $0.completion, scored: 1..<$0.prompt.count + $0.completion.count,
                        change: nil)
                }, recording: .all, team: team)
            let factors = part.map { document in
                [Float](repeating: -promptWeight / total, count: document.prompt.count - 1)
                    + [Float](repeating: -1 / total, count: document.completion.count)
            }
            pass.addWeightGradients(factors, to: gradient)
            for (document, (logprobs, factors)) in zip(part, zip(pass.logprobs, factors)) {
                loss += zip(logprobs, factors).reduce(0) { $0 + Double($1.0 * $1.1) }
                completionLoss -= logprobs.suffix(document.completion.count).reduce(0) { $0 + Double($1) }
                completionTokens += document.completion.count
            }
        }
        let norm = Kernels.sumOfSquares(gradient.buffer.base, count: gradient.count, team: team).squareRoot()
        guard loss.isFinite, norm.isFinite else {
            throw TrainingError(
                .notFinite, "step \(step + 1): the loss is \(loss) and the gradient's norm \(norm)",
                hint: "a lower learning rate may help")
        }
        let rate = self.rate(step: step + 1)
        update(rate: rate, scale: norm > configuration.clip ? configuration.clip / norm : 1)
        step += 1
        tokens += documents.reduce(0) { $0 + $1.prompt.count + $1.completion.count }
        return PretrainingStepRecord(
            step: step, loss: loss, completionLoss: completionLoss / Double(max(1, completionTokens)),
            gradientNorm: norm, learningRate: rate, tokens: tokens)
    }

    /// Linear warm-up, then a cosine down to `finalRateShare` of the peak.
    private func rate(step: Int) -> Double {
        let peak = configuration.learningRate, warmup = configuration.warmupSteps
        if step <= warmup { return peak * Double(step) / Double(warmup) }
        let done = Double(step - warmup) / Double(max(1, configuration.steps - warmup))
        let cosine = 0.5 * (1 + exactCosine(halfTurns: min(1, done)))
        return peak * (configuration.finalRateShare + (1 - configuration.finalRateShare) * cosine)
    }

    private func update(rate: Double, scale: Double) {
        var offset = 0
        for parameter in weights.layout {
            let adamW = AdamWStep(
                rate: Float(rate), beta1: Float(configuration.beta1), beta2: Float(configuration.beta2), epsilon: 1e-8,
                decay: parameter.isMatrix ? Float(configuration.weightDecay) : 0, count: step + 1,
                gradientScale: Float(scale))
            Kernels.adamW(
                weights.buffer.base + offset, first: first.buffer.base + offset, second: second.buffer.base + offset,
                gradient: gradient.buffer.base + offset, count: parameter.count, step: adamW, team: team)
            offset += parameter.count
        }
    }

    // MARK: State on disk

    /// Writes weights and moments to one file, atomically, so that ``restore(from:)`` goes on from here.
    public func save(to path: String) throws {
        try SafetensorsWriter.write(
            states.flatMap { prefix, values in values.tensors(prefix: prefix) },
            metadata: [
                "arithmetic": Self.arithmetic.rawValue, "step": "\(step)", "tokens": "\(tokens)",
                "recipe": try recipe(),
            ], to: path)
    }

    /// Goes on from a file that ``save(to:)`` wrote.
    ///
    /// - Throws: ``CheckpointError``, or ``RunError`` when the file belongs to another configuration.
    public func restore(from path: String) throws {
        let file = try SafetensorsFile(path: path)
        guard file.metadata["recipe"] == (try recipe()), let step = file.metadata["step"].flatMap({ Int($0) }),
            let tokens = file.metadata["tokens"].flatMap({ Int($0) })
        else {
            throw RunError(
                .differentSettings, "\(path) was written by a run with another model or recipe",
                hint: "give the same settings, or another output directory")
        }
        for (prefix, values) in states {
            for parameter in weights.layout {
                values.set(parameter.name, to: try file.tensor(prefix + parameter.name).floats())
            }
        }
        self.step = step
        self.tokens = tokens
    }

    private var states: [(String, DenseWeights)] { [("weights.", weights), ("first.", first), ("second.", second)] }

    private func recipe() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(model) + encoder.encode(configuration), as: UTF8.self)
    }

    /// Writes the model as a Hugging Face checkpoint.
    ///
    /// - Parameter type: What the weights are rounded to.
    public func write(to directory: String, as type: ElementType) throws {
        try CheckpointWriter.write(configuration: model, tensors: weights.tensors(as: type), to: directory)
    }
}

extension DenseWeights {
    /// The weights under their names, not copied before they are written.
    fileprivate func tensors(prefix: String = "", as type: ElementType = .float32) -> [TensorToWrite] {
        layout.map { parameter in
            TensorToWrite(name: prefix + parameter.name, shape: parameter.shape, type: type) {
                self.values(parameter.name) ?? []
            }
        }
    }

    /// Weights to start from: matrices N(0, 0.02²), those that write to the residual stream divided by √(2 · layers),
    /// norms 1, biases 0.
    ///
    /// Source: transformers' `initializer_range`; the scaling of the residual matrices is GPT-2's (Radford et al. 2019,
    /// §2.3).
    public static func random(_ model: ModelConfiguration, seed: UInt64) -> DenseWeights {
        let weights = DenseWeights(model.parameterShapes)
        for (index, parameter) in weights.layout.enumerated() {
            guard let role = parameter.role else { continue }
            let target = weights.pointer(role)
            guard parameter.isMatrix else {
                if role.isNorm { target.update(repeating: 1, count: parameter.count) }
                continue
            }
            let deviation = role.writesToStream ? 0.02 / Double(2 * model.layerCount).squareRoot() : 0.02
            var stream = RandomStream(.initialisation, seed: seed, problem: index)
            for element in 0..<parameter.count { target[element] = Float(stream.normal() * deviation) }
        }
        return weights
    }
}
