public import Foundation
public import TinyFoundation

extension ModelConfiguration {
    /// A `config.json` that transformers 4 and 5 load; reading it gives this value again. The same value, the same bytes.
    ///
    /// - Parameter storedType: The type of the weights, which transformers 4 wants to know; `nil` leaves it out.
    /// - Throws: ``CheckpointError`` with code `malformedConfiguration` for a value with ``violations()``.
    public func json(storedType: ElementType? = nil) throws(CheckpointError) -> Data {
        try check("cannot write config.json")
        return jsonValue(storedType: storedType).document
    }

    /// Refuses a value that breaks a rule.
    ///
    /// - Parameter failure: What cannot be done with it, as the message begins.
    func check(_ failure: String) throws(CheckpointError) {
        let problems = violations()
        guard problems.isEmpty else {
            throw CheckpointError(.malformedConfiguration, "\(failure): \(problems.joined(separator: "; "))")
        }
    }

    /// What ``json(storedType:)`` writes.
    public func jsonValue(storedType: ElementType? = nil) -> JSONValue {
        let rotary = ropeScaling?.json(contextLength: contextLength) ?? ["rope_type": "default"]
        var values: [String: JSONValue] = [
            "architectures": .array([.string(architecture.className)]),
            "model_type": .string(architecture.rawValue),
            "vocab_size": .integer(vocabularySize),
            "hidden_size": .integer(hiddenSize),
            "intermediate_size": .integer(intermediateSize),
            "num_hidden_layers": .integer(layerCount),
            "num_attention_heads": .integer(headCount),
            "num_key_value_heads": .integer(keyValueHeadCount),
            "hidden_act": .string("silu"),
            "rms_norm_eps": .number(shortest(normEpsilon)),
            "rope_theta": .number(ropeTheta),
            "rope_parameters": object(rotary.merging(["rope_theta": .number(ropeTheta)]) { own, _ in own }),
            "max_position_embeddings": .integer(contextLength),
            "tie_word_embeddings": .bool(tiesEmbeddings),
            "attention_dropout": .number(0),
        ]
        values.merge(familyValues) { own, _ in own }
        values.merge(tokenValues) { _, token in token }
        if ropeScaling != nil { values["rope_scaling"] = object(rotary) }
        if headDimension * headCount != hiddenSize { values["head_dim"] = .integer(headDimension) }
        if let storedType { values["torch_dtype"] = .string(storedType.torchName) }
        return object(values)
    }

    /// A `generation_config.json` with the special tokens.
    func generationJSON() -> Data { object(tokenValues).document }

    /// What only this family's configuration has, or what would otherwise have another value by default.
    private var familyValues: [String: JSONValue] {
        let bias: [String: JSONValue] = [
            "attention_bias": .bool(hasAttentionBias), "mlp_bias": .bool(hasFeedForwardBias),
        ]
        // Null where a missing key would name a token.
        let tokens: [String: JSONValue] = ["bos_token_id": .null, "eos_token_id": .null, "pad_token_id": .null]
        return switch architecture {
        case .qwen2: ["use_sliding_window": .bool(false)]
        case .qwen3:
            [
                "use_sliding_window": .bool(false), "attention_bias": .bool(hasAttentionBias),
                "head_dim": .integer(headDimension),
            ]
        case .llama: bias.merging(tokens) { own, _ in own }
        case .mistral: tokens.merging(["sliding_window": window]) { own, _ in own }
        case .smollm3:
            bias.merging(tokens) { own, _ in own }.merging([
                "use_sliding_window": .bool(false),
                "no_rope_layers": .array(
                    (0..<layerCount).map { .integer(layersWithoutRotary.contains($0) ? 0 : 1) }),
            ]) { own, _ in own }
        }
    }

    /// `max_position_embeddings` has the window, unless the scaling would have it read as more.
    private var window: JSONValue {
        let read = ropeScaling?.contextLength(stated: contextLength) ?? contextLength
        return read > contextLength ? .integer(contextLength) : .null
    }

    private var tokenValues: [String: JSONValue] {
        var values: [String: JSONValue] = [:]
        if let beginningOfText { values["bos_token_id"] = .integer(beginningOfText) }
        switch endOfText.count {
        case 0: break
        case 1: values["eos_token_id"] = .integer(endOfText[0])
        default: values["eos_token_id"] = .array(endOfText.map { .integer($0) })
        }
        return values
    }
}

private func object(_ values: [String: JSONValue]) -> JSONValue {
    .object(values.map { JSONValue.Member($0.key, $0.value) })
}

/// The shortest decimal that reads back as this float, as a double: 1e-6 and not 9.99999997e-7.
private func shortest(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }

extension ElementType {
    /// PyTorch's name of the type.
    var torchName: String {
        switch self {
        case .float32: "float32"
        case .bfloat16: "bfloat16"
        case .float16: "float16"
        }
    }
}
