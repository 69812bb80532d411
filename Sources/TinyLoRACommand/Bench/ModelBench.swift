import ArgumentParser
import TinyLoRA
import TinyFoundation

/// Models that can be measured, with random weights.
enum BenchModel: String, CaseIterable, ExpressibleByArgument {
    case abacus
    case qwen = "qwen2.5-0.5b"
    /// One of the 28 layers of Qwen2.5-7B, with that share of its head.
    case largeLayer = "qwen2.5-7b-layer"

    func configuration() throws -> ModelConfiguration {
        switch self {
        case .abacus:
            try AbacusModel.configuration(
                hidden: AbacusModel.hiddenSize, layers: AbacusModel.layerCount,
                intermediate: AbacusModel.intermediateSize, vocabulary: AbacusModel.vocabularySize)
        case .qwen:
            ModelConfiguration(
                vocabularySize: 151_936, hiddenSize: 896, intermediateSize: 4864, layerCount: 24, headCount: 14,
                keyValueHeadCount: 2, headDimension: 64, ropeTheta: 1_000_000, contextLength: 32_768,
                tiesEmbeddings: true)
        case .largeLayer:
            ModelConfiguration(
                vocabularySize: 152_064 / 28, hiddenSize: 3584, intermediateSize: 18_944, layerCount: 1, headCount: 28,
                keyValueHeadCount: 4, headDimension: 128, ropeTheta: 1_000_000, contextLength: 32_768,
                tiesEmbeddings: false)
        }
    }
}

/// Rollouts and gradients of a whole model through the same door as a trainer uses.
struct ModelBench {
    private let model: ModelConfiguration
    private let engine: LocalEngine
    private let adapter: [Float]
    private let prompts: [[Int]]
    /// Samples of each prompt.
    private let samples = 8
    private let newTokens: Int
    /// Groups of samples whose prompt is as long as they are, and the same sequences with a prompt of their own each.
    private let groups: [ScoredSequence]
    private let alone: [ScoredSequence]
    /// Tokens of a prompt, and of a completion of a gradient.
    private let promptTokens = 64

    static func group(_ shape: BenchModel, _ arithmetic: Arithmetic, threads: Int) throws -> BenchGroup {
        let configuration = try shape.configuration()
        return BenchGroup(
            title:
                "model \(shape.rawValue), \(grouped(configuration.parameterCount)) random bf16 weights, \(arithmetic.rawValue)"
        ) { try ModelBench(shape, configuration, arithmetic, threads: threads).cases() }
    }

    private init(_ shape: BenchModel, _ model: ModelConfiguration, _ arithmetic: Arithmetic, threads: Int) throws {
        self.model = model
        let basis = try TinyLoRAMethod.random(for: model)
        engine = LocalEngine(
            model: try LanguageModel(randomWeightsOf: model, arithmetic: arithmetic), method: basis, threads: threads)
        var stream = RandomStream(.corpus, seed: 1)
        adapter = (0..<basis.parameterCount).map { _ in Float(0.01 * stream.normal()) }
        func tokens(_ count: Int) -> [Int] { (0..<count).map { _ in stream.below(model.vocabularySize) } }
        let sizes = shape == .abacus ? (prompts: 16, new: 40) : (prompts: 4, new: 16)
        newTokens = sizes.new
        prompts = (0..<sizes.prompts).map { [promptTokens] _ in tokens(promptTokens) }
        groups = prompts.prefix(shape == .abacus ? 16 : 1).flatMap { [samples, promptTokens] prompt in
            (0..<samples).map { _ in ScoredSequence(prompt: prompt, completion: tokens(promptTokens)) }
        }
        alone = groups.enumerated().map { index, sequence in
            ScoredSequence(prompt: [index] + sequence.prompt.dropFirst(), completion: sequence.completion)
        }
    }

    private func cases() -> [BenchCase] {
        let rollouts = "\(prompts.count) x \(samples) of \(newTokens)"
        return [
            rollout("rollout, base model", shape: rollouts, adapter: nil),
            rollout("rollout, adapter", shape: rollouts, adapter: adapter),
            gradient("gradient, groups", shape: "\(groups.units.count) x \(samples)", of: groups),
            gradient("gradient, own prompts", shape: "\(alone.count)", of: alone),
        ]
    }

    /// The gradient of the adapter; its rate counts the tokens of every sequence, prompts included.
    private func gradient(_ name: String, shape: String, of sequences: [ScoredSequence]) -> BenchCase {
        BenchCase(
            name: name, shape: shape + " of \(promptTokens) + \(promptTokens)", size: sequences.count,
            rate: .tokens(Double(2 * promptTokens * sequences.count)),
            bound: BenchBound(limit: .multiplyAdd, amount: gradientFlop(sequences))
        ) { times in
            for _ in 0..<times {
                _ = try await engine.gradients(of: sequences, adapter: adapter, temperature: 1) { _, logprobs in
                    [Float](repeating: 1, count: logprobs.count)
                }
            }
        }
    }

    private func rollout(_ name: String, shape: String, adapter: [Float]?) -> BenchCase {
        let requests = prompts.indices.map { prompt in
            CompletionRequest(
                prompt: prompts[prompt],
                streams: (0..<samples).map { StreamName(.sampling, seed: 1, problem: prompt, sample: $0) },
                adapter: adapter, sampling: SamplingParameters(maxTokens: newTokens, stopTokens: []))
        }
        let sequences = prompts.count * samples
        return BenchCase(
            name: name, shape: shape, size: sequences, rate: .tokens(Double(sequences * newTokens)),
            bound: BenchBound(limit: .multiplyAdd, amount: rolloutFlop)
        ) { times in
            for _ in 0..<times { _ = try await engine.complete(requests, progress: nil) }
        }
    }

    // MARK: Useful work, the adapter's small share not counted

    /// Flop of one row through the matrices of all layers.
    private var layerFlop: Double { 2 * Double(model.modules.reduce(0) { $0 + $1.outputs * $1.inputs }) }
    private var headFlop: Double { 2 * Double(model.vocabularySize * model.hiddenSize) }
    /// Flop of attention forward for each pair of positions.
    private var pairFlop: Double { 4 * Double(model.layerCount * model.headCount * model.headDimension) }

    /// Pairs of positions that see each other in a sequence.
    private func pairs(_ length: Int) -> Double { Double(length * (length + 1)) / 2 }

    /// Each prompt once; each sample's tokens but the last pass through the layers, and all but the first, which comes from
    /// the prompt's row, through the head.
    private var rolloutFlop: Double {
        let sequences = Double(prompts.count * samples), later = Double(newTokens - 1)
        let rows = Double(prompts.count * promptTokens) + sequences * later
        let attended =
            Double(prompts.count) * pairs(promptTokens)
            + sequences * (pairs(promptTokens + newTokens - 1) - pairs(promptTokens))
        return rows * layerFlop + (Double(prompts.count) + sequences * later) * headFlop + attended * pairFlop
    }

    /// Forward and the gradient of the activations: twice the products of matrices, 3.5 times those of attention. A unit's
    /// prompt is computed once; the last token of a completion needs no row.
    private func gradientFlop(_ sequences: [ScoredSequence]) -> Double {
        let units = Double(sequences.units.count), count = Double(sequences.count)
        let rows = units * Double(promptTokens) + count * Double(promptTokens - 1)
        let attended =
            units * pairs(promptTokens) + count * (pairs(2 * promptTokens - 1) - pairs(promptTokens))
        return 2 * (rows * layerFlop + count * Double(promptTokens) * headFlop) + 3.5 * attended * pairFlop
    }
}
