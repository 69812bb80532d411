// Forward, backward, pages: ids in, logits and gradients out.
//
// This target does not know: text, prompts, rewards, optimisers, TinyLoRA. It knows a generic low-rank change of weights,
// `ΔW = B R A`, and its gradient.

public import TinyCheckpoint
internal import TinyTensor

/// A decoder-only transformer with frozen, packed weights. Immutable, shared by everyone.
///
/// Architecture: Qwen2 (Qwen2 and Qwen2.5 models). Another family is another way to fill ``Layer`` and, where its blocks
/// differ, a branch in the forward and the backward pass of a layer.
public final class LanguageModel: Sendable {
    /// Sizes and constants.
    public let configuration: ModelConfiguration
    let embedding: PackedMatrix
    let head: PackedMatrix
    let finalNorm: Matrix
    let layers: [Layer]
    let rotary: RotaryEmbedding

    /// One transformer block.
    struct Layer: Sendable {
        let inputNorm: Matrix
        /// q, k and v stacked: `[(heads + 2 · keyValueHeads) · width, hidden]`.
        let queryKeyValue: PackedMatrix
        let queryKeyValueBias: Matrix?
        let output: PackedMatrix
        let postNorm: Matrix
        /// gate and up stacked: `[2 · intermediate, hidden]`.
        let gateUp: PackedMatrix
        let down: PackedMatrix
    }

    /// Reads and packs a checkpoint's weights; each is checked by name and shape.
    ///
    /// - Throws: ``CheckpointError`` naming the tensor that is missing or has another shape.
    public convenience init(_ checkpoint: Checkpoint) throws(CheckpointError) {
        try self.init(checkpoint.configuration, source: CheckpointSource(checkpoint: checkpoint))
    }

    /// Packs weights that are being trained, as they are now.
    public convenience init(_ configuration: ModelConfiguration, weights: DenseWeights) throws(CheckpointError) {
        try self.init(configuration, source: DenseSource(weights: weights))
    }

    /// Packs weights given as one list, in the order of ``ModelConfiguration/parameterShapes``; there must be as many.
    package convenience init(_ configuration: ModelConfiguration, values: [Float]) throws(CheckpointError) {
        try self.init(configuration, source: ListSource(values, of: configuration))
    }

    init(_ configuration: ModelConfiguration, source: some WeightSource) throws(CheckpointError) {
        self.configuration = configuration
        let hidden = configuration.hiddenSize, vocabulary = configuration.vocabularySize
        embedding = try source.packed([("model.embed_tokens.weight", vocabulary)], inputs: hidden)
        head =
            configuration.tiesEmbeddings
            ? embedding : try source.packed([("lm_head.weight", vocabulary)], inputs: hidden)
        finalNorm = try source.vector(["model.norm.weight"], sizes: [hidden])
        rotary = RotaryEmbedding(width: configuration.headDimension, theta: configuration.ropeTheta)
        var layers: [Layer] = []
        for index in 0..<configuration.layerCount {
            let prefix = "model.layers.\(index)."
            let modules = configuration.modules(ofLayer: index)
            func packed(_ group: InputGroup) throws(CheckpointError) -> PackedMatrix {
                let members = group.kinds.map { modules[$0.rawValue] }
                return try source.packed(members.map { ($0.name + ".weight", $0.outputs) }, inputs: members[0].inputs)
            }
            let attention = InputGroup.queryKeyValue.kinds.map { modules[$0.rawValue] }
            layers.append(
                Layer(
                    inputNorm: try source.vector([prefix + "input_layernorm.weight"], sizes: [hidden]),
                    queryKeyValue: try packed(.queryKeyValue),
                    queryKeyValueBias: configuration.hasAttentionBias
                        ? try source.vector(attention.map { $0.name + ".bias" }, sizes: attention.map(\.outputs)) : nil,
                    output: try packed(.output),
                    postNorm: try source.vector([prefix + "post_attention_layernorm.weight"], sizes: [hidden]),
                    gateUp: try packed(.gateUp),
                    down: try packed(.down)))
        }
        self.layers = layers
    }

    /// Columns of the stacked q, k, v.
    var queryKeyValueColumns: Int {
        (configuration.headCount + 2 * configuration.keyValueHeadCount) * configuration.headDimension
    }

    /// Columns of q alone.
    var queryColumns: Int { configuration.headCount * configuration.headDimension }

    /// Bytes of the packed weights.
    public var byteCount: Int {
        layers.reduce(embedding.byteCount + (configuration.tiesEmbeddings ? 0 : head.byteCount)) {
            $0 + $1.queryKeyValue.byteCount + $1.output.byteCount + $1.gateUp.byteCount + $1.down.byteCount
        }
    }
}
