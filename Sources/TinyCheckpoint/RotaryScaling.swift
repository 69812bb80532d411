internal import TinyFoundation

/// How the wavelengths of the rotary embedding are changed, so that a model reads longer texts than it was first trained on.
///
/// The names are those of `rope_type` in a `config.json`.
public enum RotaryScaling: Sendable, Codable, Equatable {
    /// All wavelengths are multiplied by a factor.
    case linear(factor: Double)
    /// Llama 3.1: long wavelengths are multiplied by the factor, short ones stay, those between are blended.
    case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalContextLength: Int)
    /// Blended by the number of turns within the original context, and queries and keys are scaled.
    case yarn(YaRN)
    /// The wavelength of each pair of a head is multiplied by a factor of its own, the same at any length: Phi 3's `longrope`
    /// with equal lists, and what llama.cpp's files make of `llama3`.
    case longrope(factors: [Double])

    /// The constants of YaRN. Source: Peng et al., arXiv:2309.00071.
    public struct YaRN: Sendable, Codable, Equatable {
        /// Longest wavelengths are multiplied by it.
        public var factor: Double
        /// Most positions before the change.
        public var originalContextLength: Int
        /// Turns within the original context from which on a wavelength stays.
        public var betaFast: Double
        /// Turns within the original context up to which a wavelength is multiplied.
        public var betaSlow: Double
        /// Queries and keys are multiplied by it.
        public var attentionFactor: Double
        /// Whether the blend begins and ends at whole dimensions.
        public var truncates: Bool

        /// - Parameter attentionFactor: `0.1 · ln(factor) + 1` unless given.
        public init(
            factor: Double, originalContextLength: Int, betaFast: Double = 32, betaSlow: Double = 1,
            attentionFactor: Double? = nil, truncates: Bool = true
        ) {
            self.factor = factor
            self.originalContextLength = originalContextLength
            self.betaFast = betaFast
            self.betaSlow = betaSlow
            self.attentionFactor = attentionFactor ?? Self.attentionFactor(factor)
            self.truncates = truncates
        }

        static func attentionFactor(_ factor: Double, scale: Double = 1) -> Double {
            factor > 1 ? 0.1 * scale * exactLog(factor) + 1 : 1
        }
    }
}

// MARK: Reading and writing

extension RotaryScaling {
    /// Types that are read, besides `default`.
    static let names = ["linear", "llama3", "yarn", "longrope"]

    /// Keys that a type has besides its name and `rope_theta`.
    static func keys(of type: String) -> Set<String> {
        switch type {
        case "linear": ["factor"]
        case "llama3": ["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"]
        case "yarn":
            [
                "factor", "original_max_position_embeddings", "beta_fast", "beta_slow", "attention_factor", "mscale",
                "mscale_all_dim", "truncate",
            ]
        case "longrope":
            ["factor", "original_max_position_embeddings", "short_factor", "long_factor", "attention_factor"]
        default: []
        }
    }

    /// Reads the constants of a type; `nil` for one that changes nothing.
    ///
    /// - Parameter contextLength: The original context's length where the object does not name it.
    init?(_ type: String, _ object: ConfigurationObject, contextLength: Int) throws(CheckpointError) {
        func required(_ key: String) throws(CheckpointError) -> Double {
            try object.required(key, object.number(key))
        }
        let original = try object.integer("original_max_position_embeddings") ?? contextLength
        switch type {
        case "linear": self = .linear(factor: try required("factor"))
        case "llama3":
            self = .llama3(
                factor: try required("factor"), lowFrequencyFactor: try required("low_freq_factor"),
                highFrequencyFactor: try required("high_freq_factor"), originalContextLength: original)
        case "yarn":
            let factor = try required("factor")
            var attentionFactor = try object.number("attention_factor")
            if attentionFactor == nil, let scale = try object.number("mscale"), scale != 0,
                let scaleOfAll = try object.number("mscale_all_dim"), scaleOfAll != 0
            {
                attentionFactor =
                    YaRN.attentionFactor(factor, scale: scale) / YaRN.attentionFactor(factor, scale: scaleOfAll)
            }
            self = .yarn(
                YaRN(
                    factor: factor, originalContextLength: original,
                    betaFast: try object.number("beta_fast") ?? 32, betaSlow: try object.number("beta_slow") ?? 1,
                    attentionFactor: attentionFactor, truncates: try object.bool("truncate") ?? true))
        case "longrope":
            let factors = try object.required("long_factor", object.numbers("long_factor"))
            guard try object.numbers("short_factor") == factors, try object.number("attention_factor") == 1 else {
                throw CheckpointError(
                    .unsupportedFeature,
                    "\(object.path): \(object.prefix)rope_type is \"longrope\"; it is only implemented where short_factor "
                        + "equals long_factor and attention_factor is 1")
            }
            self = .longrope(factors: factors)
        default: return nil
        }
    }

    /// The members of `rope_scaling`, without `rope_theta`.
    ///
    /// - Parameter contextLength: Most positions of the model.
    func json(contextLength: Int) -> [String: JSONValue] {
        switch self {
        case .linear(let factor): ["rope_type": "linear", "factor": .number(factor)]
        case .llama3(let factor, let low, let high, let original):
            [
                "rope_type": "llama3", "factor": .number(factor), "low_freq_factor": .number(low),
                "high_freq_factor": .number(high), "original_max_position_embeddings": .integer(original),
            ]
        case .yarn(let yarn):
            [
                "rope_type": "yarn", "factor": .number(yarn.factor), "beta_fast": .number(yarn.betaFast),
                "beta_slow": .number(yarn.betaSlow), "attention_factor": .number(yarn.attentionFactor),
                "truncate": .bool(yarn.truncates),
            ].merging(originalContext(yarn, contextLength: contextLength)) { own, _ in own }
        case .longrope(let factors):
            [
                "rope_type": "longrope", "short_factor": .array(factors.map { .number($0) }),
                "long_factor": .array(factors.map { .number($0) }), "factor": .number(1),
                "attention_factor": .number(1),
                "original_max_position_embeddings": .integer(contextLength),
            ]
        }
    }

    /// Where the original context is the model's, a name would have it read as a longer one.
    private func originalContext(_ yarn: YaRN, contextLength: Int) -> [String: JSONValue] {
        let isLonger = self.contextLength(stated: contextLength) > contextLength
        return isLonger && yarn.originalContextLength == contextLength
            ? [:] : ["original_max_position_embeddings": .integer(yarn.originalContextLength)]
    }

    /// Its part of a model's fingerprint.
    var fingerprintText: String {
        let (name, numbers): (String, [Double]) =
            switch self {
            case .linear(let factor): ("linear", [factor])
            case .llama3(let factor, let low, let high, let original):
                ("llama3", [factor, low, high, Double(original)])
            case .yarn(let yarn):
                (
                    yarn.truncates ? "yarn" : "yarn-untruncated",
                    [
                        yarn.factor, yarn.betaFast, yarn.betaSlow, yarn.attentionFactor,
                        Double(yarn.originalContextLength),
                    ]
                )
            case .longrope(let factors): ("longrope", factors)
            }
        return "\(name):" + numbers.map { "\($0.bitPattern)" }.joined(separator: ",")
    }

    /// Most positions of a model whose file says `stated` and names the original context: YaRN is for that times its factor.
    ///
    /// transformers wants `max_position_embeddings` to be this product, but Qwen's model cards leave it at the original context,
    /// and vLLM long computed the product itself.
    func contextLength(stated: Int) -> Int {
        guard case .yarn(let yarn) = self, Self.factors.contains(yarn.factor),
            (1...1 << 31).contains(yarn.originalContextLength)
        else { return stated }
        return max(stated, Int(Double(yarn.originalContextLength) * yarn.factor))
    }

    /// Factors far beyond those of any model. Beyond them angles of positions have no digits left.
    static let factors = 1e-3...1e6

    func check(theta: Double, headDimension: Int, _ rules: inout Rules) {
        func requireFactor(_ value: Double, _ key: String) {
            rules.require(Self.factors.contains(value), key, "\(value) is not within 0.001 ... 1000000")
        }
        func requireLength(_ length: Int) {
            rules.require(length >= 1, "original_max_position_embeddings", "\(length) is not 1 or more")
        }
        switch self {
        case .linear(let factor): requireFactor(factor, "factor")
        case .llama3(let factor, let low, let high, let original):
            requireFactor(factor, "factor")
            requireFactor(low, "low_freq_factor")
            requireFactor(high, "high_freq_factor")
            rules.require(
                high > low, "high_freq_factor", "\(high) is not greater than low_freq_factor, \(low)")
            requireLength(original)
        case .yarn(let yarn):
            requireFactor(yarn.factor, "factor")
            requireFactor(yarn.betaFast, "beta_fast")
            requireFactor(yarn.betaSlow, "beta_slow")
            requireFactor(yarn.attentionFactor, "attention_factor")
            requireLength(yarn.originalContextLength)
            rules.require(theta > 1, "rope_theta", "\(theta) is not greater than 1, as yarn needs it")
        case .longrope(let factors):
            rules.require(
                factors.count == headDimension / 2, "long_factor",
                "\(factors.count) are given, expected \(headDimension / 2), half of head_dim")
            if let factor = factors.first(where: { !Self.factors.contains($0) }) {
                requireFactor(factor, "long_factor")
            }
        }
    }
}
