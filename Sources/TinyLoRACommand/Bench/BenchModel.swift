import ArgumentParser
import TinyLoRA

/// Models that can be measured, with random weights.
enum BenchModel: String, CaseIterable, ExpressibleByArgument {
    case abacus
    case halfBillion = "qwen2.5-0.5b"
    case oneAndAHalfBillion = "qwen2.5-1.5b"
    case threeBillion = "qwen2.5-3b"
    case sevenBillion = "qwen2.5-7b"
    /// One of the 28 layers of Qwen2.5-7B, with that share of its head.
    case largeLayer = "qwen2.5-7b-layer"
    case llama = "llama-3.2-1b"

    func configuration() throws -> ModelConfiguration {
        switch self {
        case .abacus:
            try AbacusModel.configuration(
                hidden: AbacusModel.hiddenSize, layers: AbacusModel.layerCount,
                intermediate: AbacusModel.intermediateSize, vocabulary: AbacusModel.vocabularySize)
        case .halfBillion: qwen(hidden: 896, intermediate: 4864, layers: 24, heads: 14, keyValueHeads: 2)
        case .oneAndAHalfBillion: qwen(hidden: 1536, intermediate: 8960, layers: 28, heads: 12, keyValueHeads: 2)
        case .threeBillion: qwen(hidden: 2048, intermediate: 11_008, layers: 36, heads: 16, keyValueHeads: 2)
        case .sevenBillion:
            qwen(
                hidden: 3584, intermediate: 18_944, layers: 28, heads: 28, keyValueHeads: 4, vocabulary: 152_064,
                tiesEmbeddings: false)
        case .largeLayer:
            qwen(
                hidden: 3584, intermediate: 18_944, layers: 1, heads: 28, keyValueHeads: 4, vocabulary: 152_064 / 28,
                tiesEmbeddings: false)
        case .llama:
            ModelConfiguration(
                architecture: .llama, vocabularySize: 128_256, hiddenSize: 2048, intermediateSize: 8192, layerCount: 16,
                headCount: 32, keyValueHeadCount: 8, headDimension: 64, normEpsilon: 1e-5, ropeTheta: 500_000,
                contextLength: 131_072, tiesEmbeddings: true)
        }
    }

    private func qwen(
        hidden: Int, intermediate: Int, layers: Int, heads: Int, keyValueHeads: Int, vocabulary: Int = 151_936,
        tiesEmbeddings: Bool = true
    ) -> ModelConfiguration {
        ModelConfiguration(
            vocabularySize: vocabulary, hiddenSize: hidden, intermediateSize: intermediate, layerCount: layers,
            headCount: heads, keyValueHeadCount: keyValueHeads, ropeTheta: 1_000_000, contextLength: 32_768,
            tiesEmbeddings: tiesEmbeddings)
    }
}
