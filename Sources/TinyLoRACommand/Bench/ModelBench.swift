import ArgumentParser
import TinyLoRA
import TinyFoundation

/// Models that can be measured, with random weights.
enum BenchModel: String, CaseIterable, ExpressibleByArgument {
    case abacus
    case qwen = "qwen2.5-0.5b"

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
    private let promptTokens = 50
    private let newTokens: Int
    /// Sequences of one gradient.
    private let scored: [ScoredSequence]

    /// Numbers of the adapter.
    private static let parameters = 13

    static func group(_ shape: BenchModel, threads: Int) throws -> BenchGroup {
        let configuration = try shape.configuration()
        return BenchGroup(
            title: "model \(shape.rawValue), \(grouped(configuration.parameterCount)) random bf16 weights"
        ) { try ModelBench(shape, configuration, threads: threads).cases() }
    }

    private init(_ shape: BenchModel, _ model: ModelConfiguration, threads: Int) throws {
        self.model = model
        let plan = try AdapterPlan.resolving(parameters: Self.parameters, modules: model.modules)
        let basis = TinyLoRAMethod(design: TinyLoRADesign(plan: plan, seed: 1), factors: Self.factors(plan))
        engine = LocalEngine(
            model: try LanguageModel(randomWeightsOf: model, arithmetic: .bfloat16), method: basis, threads: threads)
        var stream = RandomStream(.corpus, seed: 1)
        adapter = (0..<Self.parameters).map { _ in Float(0.01 * stream.normal()) }
        func tokens(_ count: Int) -> [Int] { (0..<count).map { _ in stream.below(model.vocabularySize) } }
        let sizes = shape == .abacus ? (prompts: 16, new: 40, scored: 128) : (prompts: 4, new: 16, scored: 8)
        newTokens = sizes.new
        prompts = (0..<sizes.prompts).map { [promptTokens] _ in tokens(promptTokens) }
        scored = (0..<sizes.scored).map { [prompts, samples] index in
            ScoredSequence(prompt: prompts[index / samples], completion: tokens(sizes.new))
        }
    }

    /// Random factors of the size that orthonormal ones have.
    private static func factors(_ plan: AdapterPlan) -> LowRankFactors {
        LowRankFactors(
            rank: plan.rank, modules: plan.modules,
            factors: plan.modules.map { module in
                var stream = RandomStream(.factorisation, seed: 1, step: module.index)
                func draw(_ count: Int) -> [Float] {
                    let deviation = (Double(plan.rank) / Double(count)).squareRoot()
                    return (0..<count).map { _ in Float(deviation * stream.normal()) }
                }
                return ModuleFactors(a: draw(plan.rank * module.inputs), b: draw(plan.rank * module.outputs))
            })
    }

    private func cases() -> [BenchCase] {
        let rollouts = "\(prompts.count) x \(samples) of \(newTokens)"
        let tokens = Double(scored.count * (promptTokens + newTokens))
        return [
            rollout("rollout, base model", shape: rollouts, adapter: nil),
            rollout("rollout, adapter", shape: rollouts, adapter: adapter),
            BenchCase(
                name: "gradient of \(Self.parameters)", shape: "\(scored.count) of \(promptTokens + newTokens)",
                size: scored.count, rate: .tokens(tokens),
                bound: BenchBound(limit: .multiplyAdd, amount: gradientFlop)
            ) { times in
                for _ in 0..<times {
                    _ = try await engine.gradients(of: scored, adapter: adapter, temperature: 1) { _, logprobs in
                        [Float](repeating: 1, count: logprobs.count)
                    }
                }
            },
        ]
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

    /// Forward and the gradient of the activations: twice the products of matrices, 3.5 times those of attention.
    private var gradientFlop: Double {
        let length = promptTokens + newTokens
        let one =
            2 * (Double(length) * layerFlop + Double(newTokens) * headFlop) + 3.5 * pairs(length) * pairFlop
        return Double(scored.count) * one
    }
}
