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
        let architecture = try readArchitecture(file)
        try refuseQuantization(file)
        let rope = try readRope(file)
        let headCount = try file.required("num_attention_heads", file.integer("num_attention_heads"))
        let hiddenSize = try file.required("hidden_size", file.integer("hidden_size"))
        let headDimension = try file.integer("head_dim")
        if headDimension == nil, headCount > 0, !hiddenSize.isMultiple(of: headCount) {
            throw malformed(path, "hidden_size: \(hiddenSize) is not a multiple of num_attention_heads, \(headCount)")
        }
        // Values after ?? are what transformers takes for keys that a file may leave out or set to null.
        self.init(
            architecture: architecture,
            vocabularySize: try file.required("vocab_size", file.integer("vocab_size")),
            hiddenSize: hiddenSize,
            intermediateSize: try file.required("intermediate_size", file.integer("intermediate_size")),
            layerCount: try file.required("num_hidden_layers", file.integer("num_hidden_layers")),
            headCount: headCount,
            keyValueHeadCount: try file.integer("num_key_value_heads") ?? headCount,
            headDimension: headDimension,
            normEpsilon: Float(try file.number("rms_norm_eps") ?? 1e-6),
            ropeTheta: rope,
            contextLength: try file.integer("max_position_embeddings") ?? 32768,
            tiesEmbeddings: try file.bool("tie_word_embeddings") ?? false,
            beginningOfText: try file.integer("bos_token_id"),
            endOfText: try file.integers("eos_token_id") ?? [])
        let problems = violations()
        guard problems.isEmpty else { throw malformed(path, problems.joined(separator: "; ")) }
        switch architecture {
        case .qwen2: try refuseQwen2Extras(file, configuration: self)
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
        throw CheckpointError(
            .unsupportedArchitecture, "\(file.path) describes the architecture \(named), which is not implemented",
            hint: "implemented: \(names)")
    }
    return match
}

private func refuseQuantization(_ file: ConfigurationObject) throws(CheckpointError) {
    for key in ["quantization_config", "compression_config", "quantization"] where try file.has(key) {
        throw CheckpointError(
            .unsupportedFeature, "\(file.path) has \(key): the weights are quantised, which is not implemented",
            hint: "use the same model in BF16, F16 or F32")
    }
}

/// The base of the wavelengths. Transformers 5 keeps it in `rope_parameters`; transformers 4 beside `rope_scaling`.
private func readRope(_ file: ConfigurationObject) throws(CheckpointError) -> Double {
    var theta = try file.number("rope_theta")
    for key in ["rope_parameters", "rope_scaling"] {
        guard let parameters = try file.object(key) else { continue }
        for typeKey in ["rope_type", "type"] {
            if let type = try parameters.string(typeKey), type != "default" {
                throw unsupported(parameters, typeKey, "\"\(type)\"", "\"default\"")
            }
        }
        for (name, value) in try parameters.members().sorted(by: { $0.name < $1.name }) where !value.isNull {
            if ["rope_type", "type", "rope_theta"].contains(name) { continue }
            if name == "partial_rotary_factor", value.isNumber, try parameters.number(name) == 1 { continue }
            throw CheckpointError(
                .unsupportedFeature,
                "\(file.path): \(parameters.prefix)\(name) is \(value.brief), which is not implemented")
        }
        theta = try parameters.number("rope_theta") ?? theta
    }
    if let factor = try file.number("partial_rotary_factor"), factor != 1 {
        throw unsupported(file, "partial_rotary_factor", "\(factor)", "1")
    }
    return theta ?? 10_000
}

/// What a Qwen2 configuration can ask for that is not implemented.
private func refuseQwen2Extras(
    _ file: ConfigurationObject, configuration: ModelConfiguration
) throws(CheckpointError) {
    if let activation = try file.string("hidden_act"), activation != "silu" {
        throw unsupported(file, "hidden_act", "\"\(activation)\"", "\"silu\"")
    }
    if try file.bool("is_causal") == false { throw unsupported(file, "is_causal", "false", "true") }
    // A window of null is none; only a missing key has Qwen2Config's default.
    let hasWindow = try !file.isNull("sliding_window")
    let slides = try file.bool("use_sliding_window") ?? false
    let window = slides && hasWindow ? try file.integer("sliding_window") ?? 4096 : nil
    let fullLayers = try file.integer("max_window_layers") ?? 28
    let types = try file.strings("layer_types")
    if let types, types.count != configuration.layerCount {
        throw malformed(
            file.path, "layer_types: \(types.count) are given, num_hidden_layers is \(configuration.layerCount)")
    }
    let slidingTypes = types?.contains("sliding_attention") ?? (window != nil && fullLayers < configuration.layerCount)
    if let other = types?.first(where: { $0 != "full_attention" && $0 != "sliding_attention" }) {
        throw unsupported(file, "layer_types", "\"\(other)\" in places", "\"full_attention\"")
    }
    // A window that no sequence fills is no window.
    if slidingTypes, (window ?? 0) < configuration.contextLength {
        throw CheckpointError(
            .unsupportedFeature,
            "\(file.path): some layers use sliding-window attention; only full attention is implemented",
            hint: "keys: use_sliding_window, sliding_window, max_window_layers, layer_types")
    }
}
