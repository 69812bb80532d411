public import Foundation
public import TinyFoundation

extension ModelConfiguration {
    /// Reads a `config.json` as transformers 4 or 5 writes it.
    ///
    /// Anything that would change the arithmetic and is not implemented is refused by its name.
    ///
    /// - Parameters:
    ///   - json: The file's contents.
    ///   - path: The file's name for errors.
    /// - Throws: `malformedConfiguration`, `unsupportedArchitecture` or `unsupportedFeature`.
    public init(json: Data, path: String) throws(CheckpointError) {
        let file = try ConfigurationObject(parsing: json, path: path)
        let architecture = try readArchitecture(file), defaults = architecture.defaults
        try refuseQuantization(file)
        let statedLength = try file.integer("max_position_embeddings") ?? defaults.contextLength
        let rope = try readRope(file, defaultTheta: defaults.ropeTheta, contextLength: statedLength)
        let headCount = try file.required("num_attention_heads", file.integer("num_attention_heads"))
        let hiddenSize = try file.required("hidden_size", file.integer("hidden_size"))
        let layerCount = try file.required("num_hidden_layers", file.integer("num_hidden_layers"))
        let headDimension = try file.integer("head_dim") ?? defaults.headDimension
        if headDimension == nil, headCount > 0, !hiddenSize.isMultiple(of: headCount) {
            throw malformed(path, "hidden_size: \(hiddenSize) is not a multiple of num_attention_heads, \(headCount)")
        }
        // Values after ?? are what transformers takes for keys that a file may leave out or set to null; only Qwen2 without
        // num_key_value_heads has as many as heads here, where transformers takes 32.
        self.init(
            architecture: architecture,
            vocabularySize: try file.required("vocab_size", file.integer("vocab_size")),
            hiddenSize: hiddenSize,
            intermediateSize: try file.required("intermediate_size", file.integer("intermediate_size")),
            layerCount: layerCount,
            headCount: headCount,
            keyValueHeadCount: try file.integer("num_key_value_heads", absent: defaults.keyValueHeadCount) ?? headCount,
            headDimension: headDimension,
            normEpsilon: Float(try file.number("rms_norm_eps") ?? 1e-6),
            ropeTheta: rope.theta,
            ropeScaling: rope.scaling,
            layersWithoutRotary: architecture == .smollm3 ? try readUnrotatedLayers(file, layerCount) : [],
            contextLength: rope.contextLength,
            tiesEmbeddings: try file.bool("tie_word_embeddings") ?? defaults.tiesEmbeddings,
            hasAttentionBias: defaults.asksForAttentionBias ? try file.bool("attention_bias") ?? false : nil,
            hasFeedForwardBias: defaults.asksForFeedForwardBias ? try file.bool("mlp_bias") ?? false : false,
            beginningOfText: try file.integer("bos_token_id", absent: defaults.beginningOfText),
            endOfText: try file.integers("eos_token_id", absent: defaults.endOfText) ?? [])
        let problems = violations()
        guard problems.isEmpty else { throw malformed(path, problems.joined(separator: "; ")) }
        try refuseExtras(file)
        try applyWindow(file)
    }

    /// Limits the context to the window of a family all of whose layers have one; refuses models whose layers differ.
    ///
    /// A sequence that is no longer than the window is computed as without one.
    private mutating func applyWindow(_ file: ConfigurationObject) throws(CheckpointError) {
        let types = try file.strings("layer_types")
        if let types, types.count != layerCount {
            throw malformed(file.path, "layer_types: \(types.count) are given, num_hidden_layers is \(layerCount)")
        }
        if let other = types?.first(where: { $0 != "full_attention" && $0 != "sliding_attention" }) {
            throw unsupported(file, "layer_types", "\"\(other)\" in places", "\"full_attention\"")
        }
        if architecture == .mistral {
            let window = try file.integer("sliding_window", absent: 4096) ?? contextLength
            guard window >= 1 else { throw malformed(file.path, "sliding_window: \(window) is not in 1...") }
            contextLength = min(contextLength, window)
            return
        }
        let slides = try file.bool("use_sliding_window") ?? false
        let window =
            slides ? try file.integer("sliding_window", absent: architecture == .smollm3 ? nil : 4096) : nil
        // The layers that slide where the file does not list them.
        let slidingByRule =
            switch architecture {
            case .qwen2, .qwen3: try file.integer("max_window_layers") ?? 28 < layerCount
            case .smollm3: !layersWithoutRotary.isEmpty
            case .llama, .mistral: false
            }
        let isSliding = types?.contains("sliding_attention") ?? (window != nil && slidingByRule)
        // A window that no sequence fills is no window.
        if isSliding, (window ?? 0) < contextLength {
            throw CheckpointError(
                .unsupportedFeature,
                "\(file.path): some layers use sliding-window attention; only full attention is implemented",
                hint: "keys: use_sliding_window, sliding_window, max_window_layers, layer_types")
        }
    }
}

/// What transformers takes for keys that a file leaves out, and which keys a family has.
private struct FamilyDefaults {
    var keyValueHeadCount: Int?
    var headDimension: Int?
    var ropeTheta = 10_000.0
    var contextLength = 32768
    var tiesEmbeddings = false
    var beginningOfText: Int?
    var endOfText: [Int]?
    var asksForAttentionBias = true
    var asksForFeedForwardBias = false
}

extension ModelConfiguration.Architecture {
    fileprivate var defaults: FamilyDefaults {
        switch self {
        case .qwen2: FamilyDefaults(asksForAttentionBias: false)
        case .qwen3: FamilyDefaults(keyValueHeadCount: 32, headDimension: 128)
        case .llama:
            FamilyDefaults(contextLength: 2048, beginningOfText: 1, endOfText: [2], asksForFeedForwardBias: true)
        case .mistral:
            FamilyDefaults(
                keyValueHeadCount: 8, contextLength: 131_072, beginningOfText: 1, endOfText: [2],
                asksForAttentionBias: false)
        case .smollm3:
            FamilyDefaults(
                keyValueHeadCount: 4, ropeTheta: 2_000_000, tiesEmbeddings: true, beginningOfText: 128_000,
                endOfText: [128_001], asksForFeedForwardBias: true)
        }
    }
}

private func malformed(_ path: String, _ problem: String) -> CheckpointError {
    CheckpointError(.malformedConfiguration, "\(path): \(problem)")
}

private func unsupported(_ file: ConfigurationObject, _ key: String, _ value: String, _ supported: String)
    -> CheckpointError
{
    CheckpointError(
        .unsupportedFeature, "\(file.path): \(file.prefix)\(key) is \(value); only \(supported) is implemented")
}

/// The family, by class name and by `model_type`; each may be absent, not both.
private func readArchitecture(_ file: ConfigurationObject) throws(CheckpointError) -> ModelConfiguration.Architecture {
    let known = ModelConfiguration.Architecture.allCases
    let className = try file.strings("architectures")?.first
    let modelType = try file.string("model_type")
    let match = known.first { family in
        (className ?? family.className) == family.className && (modelType ?? family.rawValue) == family.rawValue
    }
    guard className != nil || modelType != nil else {
        throw malformed(file.path, "there is neither architectures nor model_type")
    }
    guard let match else {
        let named = [className, modelType.map { "model_type \($0)" }].compactMap { $0 }.joined(separator: ", ")
        let names = known.map { "\($0.className) (model_type \($0.rawValue))" }.joined(separator: ", ")
        throw unsupportedArchitecture(file.path, named, implemented: names)
    }
    return match
}

/// Says that a family is not implemented and, of Gemma, what it would take.
func unsupportedArchitecture(_ path: String, _ named: String, implemented: String) -> CheckpointError {
    CheckpointError(
        .unsupportedArchitecture, "\(path) describes the architecture \(named), which is not implemented",
        hint: gemmaHint(named) ?? "implemented: \(implemented)")
}

/// What the three generations of Gemma have that no implemented family has.
///
/// Source: `modeling_gemma.py`, `modeling_gemma2.py` and `modeling_gemma3.py` of transformers.
private func gemmaHint(_ named: String) -> String? {
    let name = named.lowercased(), always = "GELU, scaled embeddings and norms that multiply by 1 + w"
    guard name.contains("gemma") else { return nil }
    if name.contains("gemma2") {
        return
            "Gemma 2 has \(always), norms behind its blocks, soft caps of logits and windows in every second layer, none of "
            + "which is implemented"
    }
    if name.contains("gemma3") {
        return
            "Gemma 3 has \(always), norms behind its blocks, and windows with a rotary base of their own in most layers, "
            + "none of which is implemented"
    }
    return "Gemma has \(always), none of which is implemented"
}

private func refuseQuantization(_ file: ConfigurationObject) throws(CheckpointError) {
    for key in ["quantization_config", "compression_config", "quantization"] where try file.has(key) {
        throw CheckpointError(
            .unsupportedFeature, "\(file.path) has \(key): the weights are quantised, which is not implemented",
            hint: "use the same model in BF16, F16 or F32")
    }
}

/// The wavelengths. Transformers 5 keeps them in `rope_parameters`; transformers 4 has `rope_theta` beside `rope_scaling`,
/// which transformers 5 prefers where both are there.
private func readRope(
    _ file: ConfigurationObject, defaultTheta: Double, contextLength: Int
) throws(CheckpointError) -> (theta: Double, scaling: RotaryScaling?, contextLength: Int) {
    var theta = try file.number("rope_theta") ?? defaultTheta, scaling: RotaryScaling?, scaledLength = contextLength
    let original = try file.integer("original_max_position_embeddings")
    for key in ["rope_parameters", "rope_scaling"] {
        guard let parameters = try file.object(key) else { continue }
        var type = "default"
        for typeKey in ["type", "rope_type"] {
            guard let given = try parameters.string(typeKey) else { continue }
            guard given == "default" || RotaryScaling.names.contains(given) else {
                throw unsupported(
                    parameters, typeKey, "\"\(given)\"", "\"default\", \"linear\", \"llama3\", \"yarn\" or \"longrope\""
                )
            }
            type = given
        }
        let known = RotaryScaling.keys(of: type).union(["rope_type", "type", "rope_theta"])
        for (name, value) in try parameters.members().sorted(by: { $0.name < $1.name }) where !value.isNull {
            if known.contains(name) { continue }
            if name == "partial_rotary_factor", value.isNumber, try parameters.number(name) == 1 { continue }
            throw CheckpointError(
                .unsupportedFeature,
                "\(file.path): \(parameters.prefix)\(name) is \(value.brief), which is not implemented")
        }
        theta = try parameters.number("rope_theta") ?? theta
        let scaled = try RotaryScaling(type, parameters, contextLength: original ?? contextLength)
        // Without a name the original context is the model's, and the file may have either.
        let named = try parameters.integer("original_max_position_embeddings") ?? original
        scaledLength = named == nil ? contextLength : scaled?.contextLength(stated: contextLength) ?? contextLength
        scaling = scaled
    }
    if let factor = try file.number("partial_rotary_factor"), factor != 1 {
        throw unsupported(file, "partial_rotary_factor", "\(factor)", "1")
    }
    return (theta, scaling, scaledLength)
}

/// Layers whose entry in `no_rope_layers` is 0; where there is no list, every fourth or as `no_rope_layer_interval` says.
private func readUnrotatedLayers(_ file: ConfigurationObject, _ layerCount: Int) throws(CheckpointError) -> [Int] {
    if let rotated = try file.integers("no_rope_layers") {
        guard rotated.count >= layerCount else {
            throw malformed(
                file.path, "no_rope_layers: \(rotated.count) are given, num_hidden_layers is \(layerCount)")
        }
        return rotated.prefix(max(0, layerCount)).indices.filter { rotated[$0] == 0 }
    }
    let interval = try file.integer("no_rope_layer_interval") ?? 4
    guard interval >= 1 else { throw malformed(file.path, "no_rope_layer_interval: \(interval) is not in 1...") }
    return Array(stride(from: interval - 1, to: min(layerCount, 1 << 14), by: interval))
}

/// What a configuration of any family can ask for that is not implemented.
private func refuseExtras(_ file: ConfigurationObject) throws(CheckpointError) {
    if let activation = try file.string("hidden_act"), activation != "silu" {
        throw unsupported(file, "hidden_act", "\"\(activation)\"", "\"silu\"")
    }
    if try file.bool("is_causal") == false { throw unsupported(file, "is_causal", "false", "true") }
}
