import TinyFoundation

extension ModelConfiguration {
    /// Reads what a GGUF file says about its model.
    ///
    /// Anything that would change the arithmetic and is not implemented is refused by its name. Only the file's tensors say
    /// how many tokens there are, and whether the head is the embedding.
    ///
    /// - Throws: `malformedConfiguration`, `unsupportedArchitecture` or `unsupportedFeature`.
    init(gguf model: GGUFModel) throws(CheckpointError) {
        self = try withCheckpointErrors { () throws(FileError) in try Reading(model) }.configuration()
    }
}

/// The values of a file that say what its model is.
private struct Reading {
    private let metadata: GGUFMetadata
    private let tensors: [String: StoredTensor]
    private let values: Values

    /// All that is read, so that a value of a wrong type is an error in one place.
    private struct Values {
        var architecture: String?
        var layers, context, hidden, intermediate, heads, keyValueHeads, keyLength, valueLength, rotated: Int?
        var window, experts: Int?
        var epsilon, theta: Double?
        var rotary = RotaryValues()
        var beginning: Int?
        var ends: [Int] = []
    }

    /// The keys under `rope.`.
    private struct RotaryValues {
        var type: String?
        var linearScale, factor, attentionFactor, logMultiplier, betaFast, betaSlow: Double?
        var yarnAttentionFactor, extrapolationFactor: Double?
        var originalContext: Int?
        /// Keys under `scaling.` that nothing here knows.
        var unknownKeys: [String] = []

        init() {}

        init(_ metadata: GGUFMetadata, _ prefix: String) throws(FileError) {
            linearScale = try metadata.number(prefix + "scale_linear")
            type = try metadata.text(prefix + "scaling.type")
            factor = try metadata.number(prefix + "scaling.factor")
            attentionFactor = try metadata.number(prefix + "scaling.attn_factor")
            originalContext = try metadata.integer(prefix + "scaling.original_context_length")
            logMultiplier = try metadata.number(prefix + "scaling.yarn_log_multiplier")
            betaFast = try metadata.number(prefix + "scaling.yarn_beta_fast")
            betaSlow = try metadata.number(prefix + "scaling.yarn_beta_slow")
            yarnAttentionFactor = try metadata.number(prefix + "scaling.yarn_attn_factor")
            extrapolationFactor = try metadata.number(prefix + "scaling.yarn_ext_factor")
            let known = Self.names.map { prefix + "scaling." + $0 }
            unknownKeys = metadata.keys(under: prefix + "scaling.").filter { !known.contains($0) }
        }

        /// What is read; of `finetuned` llama.cpp only says that it is there.
        private static let names = [
            "type", "factor", "attn_factor", "original_context_length", "finetuned", "yarn_log_multiplier",
            "yarn_attn_factor", "yarn_ext_factor", "yarn_beta_fast", "yarn_beta_slow",
        ]
    }

    init(_ model: GGUFModel) throws(FileError) {
        let metadata = model.files[0].metadata
        self.metadata = metadata
        var tensors: [String: StoredTensor] = [:]
        for file in model.files {
            for record in file.tensors { tensors[record.name] = StoredTensor(file: file.mapped, record: record) }
        }
        self.tensors = tensors
        var values = Values()
        values.architecture = try metadata.text("general.architecture")
        let prefix = (values.architecture ?? "") + "."
        values.layers = try metadata.integer(prefix + "block_count")
        values.context = try metadata.integer(prefix + "context_length")
        values.hidden = try metadata.integer(prefix + "embedding_length")
        values.intermediate = try metadata.integer(prefix + "feed_forward_length")
        values.heads = try metadata.integer(prefix + "attention.head_count")
        values.keyValueHeads = try metadata.integer(prefix + "attention.head_count_kv")
        values.keyLength = try metadata.integer(prefix + "attention.key_length")
        values.valueLength = try metadata.integer(prefix + "attention.value_length")
        values.window = try metadata.integer(prefix + "attention.sliding_window")
        values.experts = try metadata.integer(prefix + "expert_count")
        values.rotated = try metadata.integer(prefix + "rope.dimension_count")
        values.epsilon = try metadata.number(prefix + "attention.layer_norm_rms_epsilon")
        values.theta = try metadata.number(prefix + "rope.freq_base")
        values.rotary = try RotaryValues(metadata, prefix + "rope.")
        values.beginning = try metadata.integer("tokenizer.ggml.bos_token_id")
        for key in ["eos", "eot", "eom"] {
            if let token = try metadata.integer("tokenizer.ggml.\(key)_token_id"), !values.ends.contains(token) {
                values.ends.append(token)
            }
        }
        self.values = values
    }

    func configuration() throws(CheckpointError) -> ModelConfiguration {
        let name = try required("general.architecture", values.architecture)
        guard let family = GGUFFamily.all.first(where: { $0.name == name }) else {
            throw unsupportedArchitecture(
                metadata.name, name, implemented: GGUFFamily.names.joined(separator: ", "))
        }
        guard let embedding = tensors["token_embd.weight"] else {
            throw CheckpointError(.missingTensor, "\(metadata.name) has no tensor token_embd.weight")
        }
        let heads = try required("\(name).attention.head_count", values.heads)
        let hidden = try required("\(name).embedding_length", values.hidden)
        if values.keyLength == nil, heads > 0, !hidden.isMultiple(of: heads) {
            throw malformed("\(name).embedding_length: \(hidden) is not a multiple of attention.head_count, \(heads)")
        }
        let layers = try required("\(name).block_count", values.layers)
        let context = try required("\(name).context_length", values.context)
        let scaling = try ropeScaling("\(name).rope.", contextLength: context)
        let configuration = ModelConfiguration(
            architecture: family.architecture,
            vocabularySize: embedding.record.shape[0],
            hiddenSize: hidden,
            intermediateSize: try required("\(name).feed_forward_length", values.intermediate),
            layerCount: layers,
            headCount: heads,
            keyValueHeadCount: values.keyValueHeads ?? heads,
            headDimension: values.keyLength,
            normEpsilon: Float(try required("\(name).attention.layer_norm_rms_epsilon", values.epsilon)),
            ropeTheta: values.theta ?? 10_000,
            ropeScaling: scaling,
            layersWithoutRotary: family.architecture == .smollm3
                ? Array(stride(from: 3, to: min(layers, 1 << 14), by: 4)) : [],
            contextLength: values.rotary.originalContext == nil
                ? context : scaling?.contextLength(stated: context) ?? context,
            tiesEmbeddings: tensors["output.weight"] == nil,
            hasAttentionBias: family.architecture == .qwen2 || tensors["blk.0.attn_q.bias"] != nil,
            hasFeedForwardBias: tensors["blk.0.ffn_up.bias"] != nil,
            beginningOfText: values.beginning,
            endOfText: values.ends)
        let problems = configuration.violations()
        guard problems.isEmpty else { throw malformed(problems.joined(separator: "; ")) }
        try refuseExtras(name, configuration)
        return configuration
    }

    /// What a file can ask for that is not implemented.
    private func refuseExtras(_ name: String, _ configuration: ModelConfiguration) throws(CheckpointError) {
        if let length = values.valueLength, length != configuration.headDimension {
            throw unsupported(
                "\(name).attention.value_length", "\(length)", "\(configuration.headDimension), as of keys,")
        }
        if let rotated = values.rotated, rotated != configuration.headDimension {
            throw unsupported(
                "\(name).rope.dimension_count", "\(rotated)", "\(configuration.headDimension), whole heads,")
        }
        if let window = values.window, window < configuration.contextLength {
            throw unsupported("\(name).attention.sliding_window", "\(window)", "a window of the whole context")
        }
        if let experts = values.experts, experts != 0 { throw unsupported("\(name).expert_count", "\(experts)", "0") }
    }

    /// How the rotary embedding is scaled, as llama.cpp reads it: by a tensor with a factor of each pair, or by keys.
    private func ropeScaling(_ prefix: String, contextLength: Int) throws(CheckpointError) -> RotaryScaling? {
        let rotary = values.rotary, type = rotary.type ?? "linear", factor = rotary.factor ?? rotary.linearScale ?? 1
        guard ["none", "linear", "yarn"].contains(type) else {
            throw unsupported(prefix + "scaling.type", "\"\(type)\"", "\"none\", \"linear\" or \"yarn\"")
        }
        let scales = type != "none" && factor != 1
        if let key = rotary.unknownKeys.first {
            throw CheckpointError(.unsupportedFeature, "\(metadata.name): the key \(key) is not supported")
        }
        // llama.cpp multiplies queries and keys by both, whatever the type, and mixes as YaRN does where yarn_ext_factor is not 0.
        // Negative is its default: 1 for yarn, 0 for others.
        for (key, own) in [
            ("attn_factor", rotary.attentionFactor), ("yarn_attn_factor", rotary.yarnAttentionFactor),
        ] {
            if let own, own != 1 { throw unsupported("\(prefix)scaling.\(key)", "\(own)", "1") }
        }
        let extrapolation = type == "yarn" ? 1 : 0
        if scales, let own = rotary.extrapolationFactor, own >= 0, own != Double(extrapolation) {
            throw unsupported(prefix + "scaling.yarn_ext_factor", "\(own)", "\(extrapolation)")
        }
        if let factors = tensors[frequencyFactorsName] {
            guard !scales else {
                throw malformed(
                    "there are both \(prefix)scaling.factor, \(factor), and the tensor \(frequencyFactorsName)")
            }
            let numbers = try factors.tensor().floats().map(Double.init)
            if let number = numbers.first(where: { !RotaryScaling.factors.contains($0) }) {
                throw malformed("\(frequencyFactorsName): \(number) is not within 0.001 ... 1000000")
            }
            return .longrope(factors: numbers)
        }
        guard scales else { return nil }
        guard type == "yarn" else { return .linear(factor: factor) }
        if let own = rotary.logMultiplier, own != 0 {
            throw unsupported(prefix + "scaling.yarn_log_multiplier", "\(own)", "0")
        }
        return .yarn(
            RotaryScaling.YaRN(
                factor: factor, originalContextLength: rotary.originalContext ?? contextLength,
                betaFast: rotary.betaFast ?? 32, betaSlow: rotary.betaSlow ?? 1))
    }

    private func required<Value>(_ key: String, _ value: Value?) throws(CheckpointError) -> Value {
        guard let value else { throw malformed("there is no \(key)") }
        return value
    }

    private func malformed(_ problem: String) -> CheckpointError {
        CheckpointError(.malformedConfiguration, "\(metadata.name): \(problem)")
    }

    private func unsupported(_ key: String, _ value: String, _ supported: String) -> CheckpointError {
        CheckpointError(.unsupportedFeature, "\(metadata.name): \(key) is \(value); only \(supported) is implemented")
    }
}
