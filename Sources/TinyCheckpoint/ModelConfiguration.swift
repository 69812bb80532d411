import TinyFoundation

/// What a model is: its family, sizes and constants, everything the arithmetic needs besides the weights.
public struct ModelConfiguration: Sendable, Codable, Equatable {
    /// Families of models that are implemented. A new one gets a case here, a branch wherever the compiler then asks
    /// for one, and its rules in `ModelConfiguration+Reading.swift`.
    public enum Architecture: String, Sendable, Codable, CaseIterable {
        /// Qwen2 and Qwen2.5: biases on query, key and value; none elsewhere.
        case qwen2

        /// The class name in `architectures` of a `config.json`.
        public var className: String {
            switch self {
            case .qwen2: "Qwen2ForCausalLM"
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
    /// Most positions of a sequence.
    public var contextLength: Int
    /// Whether the head is the embedding table.
    public var tiesEmbeddings: Bool
    /// Whether query, key and value have biases.
    public var hasAttentionBias: Bool
    /// Token put in front of a text, if any.
    public var beginningOfText: Int?
    /// Tokens that end a text; may name tokens outside the vocabulary, which then never occur.
    public var endOfText: [Int]

    /// Describes a model; ``violations()`` lists what is wrong with the description.
    ///
    /// `headDimension` is `hiddenSize / headCount` unless given.
    public init(
        architecture: Architecture = .qwen2, vocabularySize: Int, hiddenSize: Int, intermediateSize: Int,
        layerCount: Int, headCount: Int, keyValueHeadCount: Int, headDimension: Int? = nil,
        normEpsilon: Float = 1e-6, ropeTheta: Double = 10_000, contextLength: Int, tiesEmbeddings: Bool,
        beginningOfText: Int? = nil, endOfText: [Int] = []
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
        self.contextLength = contextLength
        self.tiesEmbeddings = tiesEmbeddings
        switch architecture {
        case .qwen2: hasAttentionBias = true
        }
        self.beginningOfText = beginningOfText
        self.endOfText = endOfText
    }

    /// Every rule this value breaks, as `key: reason` with the keys of `config.json`; empty when it is valid.
    ///
    /// The upper limits are far above any model and keep products of sizes within 64 bits.
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
        rules.require(
            keyValueHeadCount <= 0 || headCount.isMultiple(of: keyValueHeadCount), "num_key_value_heads",
            "\(keyValueHeadCount) does not divide num_attention_heads, \(headCount)")
        rules.require(
            headDimension.isMultiple(of: 2), "head_dim", "\(headDimension) is odd, and rotary embedding turns pairs")
        rules.require(
            normEpsilon > 0 && normEpsilon < 1, "rms_norm_eps", "\(normEpsilon) is not between 0 and 1")
        rules.require(
            ropeTheta >= 1 && ropeTheta.isFinite, "rope_theta", "\(ropeTheta) is not a finite number of at least 1")
        return rules.broken
    }
}
