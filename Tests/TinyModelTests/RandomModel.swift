import TinyCheckpoint
import TinyModel
import TinyTensor
import TinyTestSupport
import TinyFoundation

/// A model of unusual sizes: widths that no vector divides, seven query heads to one key, a vocabulary of three chunks.
struct RandomModel {
    /// Families that between them have everything in which families differ.
    static let families: [ModelConfiguration.Architecture] = [.qwen2, .qwen3, .smollm3]

    let configuration: ModelConfiguration
    let weights: DenseWeights

    /// All but Qwen2 have every bias that they can have; SmolLM3 rotates nothing in its second layer.
    init(_ family: ModelConfiguration.Architecture = .qwen2) {
        configuration = ModelConfiguration(
            architecture: family, vocabularySize: 4100, hiddenSize: 20, intermediateSize: 36, layerCount: 2,
            headCount: 7,
            keyValueHeadCount: 1, headDimension: 10, layersWithoutRotary: family == .smollm3 ? [1] : [],
            contextLength: 128, tiesEmbeddings: false, hasAttentionBias: true,
            hasFeedForwardBias: family == .smollm3)
        weights = DenseWeights(configuration.parameterShapes)
        for (index, parameter) in weights.layout.enumerated() {
            let numbers = noise(parameter.count, seed: UInt64(index)).map { 0.4 * $0 }
            weights.set(parameter.name, to: parameter.name.contains("norm") ? numbers.map { 1 + $0 } : numbers)
        }
    }

    /// The model with the weights as they are now.
    func model(_ arithmetic: Arithmetic = .float32) throws -> LanguageModel {
        try LanguageModel(configuration, weights: weights, arithmetic: arithmetic)
    }

    /// A change whose mixing matrices are all different and none zero; the seed decides the factors too.
    func change(rank: Int = 3, seed: UInt64 = 1) -> LowRankChange {
        let modules = configuration.modules
        let factors = modules.enumerated().map { index, module in
            ModuleFactors(
                a: noise(rank * module.inputs, seed: 1000 * seed + UInt64(index)).map { 0.4 * $0 },
                b: noise(rank * module.outputs, seed: 2000 * seed + UInt64(index)))
        }
        return LowRankChange(
            factors: LowRankFactors(rank: rank, modules: modules, factors: factors),
            mixing: noise(modules.count * rank * rank, seed: seed).map { 0.3 * $0 })
    }

    /// Some token ids.
    func tokens(_ count: Int, seed: UInt64) -> [Int] {
        randomTokens(count, below: configuration.vocabularySize, seed: seed)
    }
}

/// Token ids drawn evenly.
func randomTokens(_ count: Int, below vocabulary: Int, seed: UInt64) -> [Int] {
    var stream = RandomStream(.initialisation, seed: seed)
    return (0..<count).map { _ in stream.below(vocabulary) }
}

extension Matrix {
    /// The numbers of one row.
    func rowValues(_ index: Int) -> [Float] { Array(UnsafeBufferPointer(start: row(index), count: columns)) }
}
