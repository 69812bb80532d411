import TinyFoundation

/// What a model is: its family, sizes and constants, everything the arithmetic needs besides the weights.
public struct ModelConfiguration: Sendable, Codable, Equatable {
    /// Families of models that are implemented. A new one gets a case here, a branch wherever the compiler then asks
    /// for one, and its rules in `ModelConfiguration+Reading.swift`.
    public enum Architecture: String, Sendable, Codable, CaseIterable {
        /// Qwen2 and Qwen2.5: biases on query, key and value; none elsewhere.
        case qwen2
        /// Qwen3: norms of every query and key head.
        case qwen3
        /// Llama 2 and 3, SmolLM2 and the many others that use their class.
        case llama
        /// Mistral: Llama with a sliding window, which ``ModelConfiguration/contextLength`` does not exceed.
        case mistral
        /// SmolLM3: Llama with layers that do not rotate queries and keys.
        case smollm3

        /// The class name in `architectures` of a `config.json`.
        public var className: String {
            switch self {
            case .qwen2: "Qwen2ForCausalLM"
            case .qwen3: "Qwen3ForCausalLM"
            case .llama: "LlamaForCausalLM"
            case .mistral: "MistralForCausalLM"
            case .smollm3: "SmolLM3ForCausalLM"
            }
        }
    }

    /// Family of the model.
    public var architecture: Architecture
    /// Number of tokens, padding of the table included.
    public var vocabularySize: Int
    /// Width of the residual stream.
    public var hiddenSize: Int
    /// Width of the feed-forward block.
    public var intermediateSize: Int
    /// Number of layers.
    public var layerCount: Int
    /// Number of query heads.
    public var headCount: Int
    /// Number of key and value heads; divides ``headCount``.
    public var keyValueHeadCount: Int
    /// Width of one head; even.
    public var headDimension: Int
    /// Added to the mean square in every norm.
    public var normEpsilon: Float
    /// Base of the rotary embedding's wavelengths.
    public var ropeTheta: Double
    /// How the wavelengths are changed for a longer context; `nil` when they are not.
    public var ropeScaling: RotaryScaling?
    /// Most positions of a sequence.
    public var contextLength: Int
    /// Whether the head is the embedding table.
    public var tiesEmbeddings: Bool
    /// Whether the projections of attention that can have a bias in this family have one.
    public var hasAttentionBias: Bool
    /// Token put in front of a text, if any.
    public var beginningOfText: Int?
    /// Tokens that end a text; may name tokens outside the vocabulary, which then never occur.
    public var endOfText: [Int]

    // Absent in JSON when there is nothing to say, as in files that were written before these existed.
    private var feedForwardBias: Bool?
    private var unrotatedLayers: [Int]?

    /// Whether the projections of the feed-forward block have biases.
    public var hasFeedForwardBias: Bool {
        get { feedForwardBias ?? false }
        set { feedForwardBias = newValue ? true : nil }
    }
    /// Layers whose queries and keys are not rotated, in ascending order.
    public var layersWithoutRotary: [Int] {
        get { unrotatedLayers ?? [] }
        set { unrotatedLayers = newValue.isEmpty ? nil : newValue }
    }

    /// Describes a model; ``violations()`` lists what is wrong with the description.
    ///
    /// `headDimension` is `hiddenSize / headCount` unless given. Qwen2 always has biases in attention, the others none unless
    /// given.
    public init(
        architecture: Architecture = .qwen2, vocabularySize: Int, hiddenSize: Int, intermediateSize: Int,
        layerCount: Int, headCount: Int, keyValueHeadCount: Int, headDimension: Int? = nil,
        normEpsilon: Float = 1e-6, ropeTheta: Double = 10_000, ropeScaling: RotaryScaling? = nil,
        layersWithoutRotary: [Int] = [], contextLength: Int, tiesEmbeddings: Bool, hasAttentionBias: Bool? = nil,
        hasFeedForwardBias: Bool = false, beginningOfText: Int? = nil, endOfText: [Int] = []
    ) {
        self.architecture = architecture
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.headDimension = headDimension ?? (headCount > 0 ? hiddenSize / headCount : 0)
        self.normEpsilon = normEpsilon
        self.ropeTheta = ropeTheta
        self.ropeScaling = ropeScaling
        self.contextLength = contextLength
        self.tiesEmbeddings = tiesEmbeddings
        self.hasAttentionBias = hasAttentionBias ?? (architecture == .qwen2)
        self.beginningOfText = beginningOfText
        self.endOfText = endOfText
        self.hasFeedForwardBias = hasFeedForwardBias
        self.layersWithoutRotary = layersWithoutRotary
    }

    /// Every rule this value breaks, as `key: reason` with the keys of `config.json`; empty when it is valid.
    ///
    /// The upper limits are far above any model and keep products of sizes, and their sum over all layers, within 64 bits, and
    /// the bytes of a full context's keys and values too.
    public func violations() -> [String] {
        var rules = Rules()
        let sizes = [
            ("vocab_size", vocabularySize, 1 << 26), ("hidden_size", hiddenSize, 1 << 20),
            ("intermediate_size", intermediateSize, 1 << 22), ("num_hidden_layers", layerCount, 1 << 14),
            ("num_attention_heads", headCount, 1 << 14), ("num_key_value_heads", keyValueHeadCount, 1 << 14),
            ("head_dim", headDimension, 1 << 14), ("max_position_embeddings", contextLength, 1 << 31),
        ]
        for (key, value, limit) in sizes {
            rules.require((1...limit).contains(value), key, "\(value) is not within 1 ... \(limit)")
        }
        if rules.broken.isEmpty {
            rules.require(
                matrixSize.map { $0 <= Self.mostParameters } ?? false, "num_hidden_layers",
                "with \(layerCount), the sizes make more than \(Self.mostParameters) parameters")
            rules.require(
                keysOfContext.map { $0 <= Self.mostKeys } ?? false, "max_position_embeddings",
                "with \(contextLength), a full context has more than \(Self.mostKeys) numbers of keys")
        }
        rules.require(
            keyValueHeadCount <= 0 || headCount.isMultiple(of: keyValueHeadCount), "num_key_value_heads",
            "\(keyValueHeadCount) does not divide num_attention_heads, \(headCount)")
        rules.require(
            headDimension.isMultiple(of: 2), "head_dim", "\(headDimension) is odd, and rotary embedding turns pairs")
        rules.require(
            normEpsilon > 0 && normEpsilon < 1, "rms_norm_eps", "\(normEpsilon) is not between 0 and 1")
        rules.require(
            ropeTheta >= 1 && ropeTheta.isFinite, "rope_theta", "\(ropeTheta) is not a finite number of at least 1")
        for layer in layersWithoutRotary where !(0..<max(layerCount, 1)).contains(layer) {
            rules.require(false, "no_rope_layers", "there is no layer \(layer)")
        }
        ropeScaling?.check(theta: ropeTheta, headDimension: headDimension, &rules)
        return rules.broken
    }

    /// 35 trillion: their bytes, in any type, are counted in 64 bits.
    private static let mostParameters = 1 << 45

    /// Thousands of times those of the largest models. With the values, and widths filled up to whole vectors, their bytes are
    /// counted in 56 bits, so that sums of a few such numbers fit too.
    private static let mostKeys = 1 << 50

    /// How many numbers the keys of a full context have; `nil` for more than 64 bits count. Each size must be within its own limit.
    private var keysOfContext: Int? {
        let position = layerCount * keyValueHeadCount * headDimension  // at most 2⁴²
        let (all, overflows) = position.multipliedReportingOverflow(by: contextLength)
        return overflows ? nil : all
    }

    /// How many numbers all matrices have, which norms and biases add little to; `nil` for more than 64 bits count. Each size
    /// must be within its own limit.
    private var matrixSize: Int? {
        let attention = 2 * (headCount + keyValueHeadCount) * headDimension  // at most 2³⁰
        let layer = (attention + 3 * intermediateSize) * hiddenSize  // below 2⁵¹
        let (layers, overflows) = layer.multipliedReportingOverflow(by: layerCount)
        let (all, overflowsAlso) = layers.addingReportingOverflow(
            (tiesEmbeddings ? 1 : 2) * vocabularySize * hiddenSize)
        return overflows || overflowsAlso ? nil : all
    }
}
