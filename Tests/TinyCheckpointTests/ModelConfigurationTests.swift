import Foundation
import Testing
import TinyTestSupport
import TinyCheckpoint
import TinyFoundation

@Suite("Model configurations")
struct ModelConfigurationTests {
    @Test("a config.json of transformers 4 is read")
    func transformers4() throws {
        let json = """
            {"architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 151643,
             "eos_token_id": 151645, "hidden_act": "silu", "hidden_size": 896, "initializer_range": 0.02,
             "intermediate_size": 4864, "max_position_embeddings": 32768, "max_window_layers": 21, "model_type": "qwen2",
             "num_attention_heads": 14, "num_hidden_layers": 24, "num_key_value_heads": 2, "rms_norm_eps": 1e-06,
             "rope_scaling": null, "rope_theta": 1000000.0, "sliding_window": 32768, "tie_word_embeddings": true,
             "torch_dtype": "bfloat16", "transformers_version": "4.43.1", "use_cache": true,
             "use_sliding_window": false, "vocab_size": 151936}
            """
        let configuration = try ModelConfiguration(json: Data(json.utf8), path: "config.json")
        let expected = ModelConfiguration(
            vocabularySize: 151936, hiddenSize: 896, intermediateSize: 4864, layerCount: 24, headCount: 14,
            keyValueHeadCount: 2, headDimension: 64, normEpsilon: 1e-6, ropeTheta: 1_000_000, contextLength: 32768,
            tiesEmbeddings: true, beginningOfText: 151643, endOfText: [151645])
        #expect(configuration == expected)
        #expect(configuration.hasAttentionBias && configuration.headDimension == 64)
    }

    @Test("a config.json of transformers 5 is read")
    func transformers5() throws {
        let json = """
            {"architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": null, "dtype": "float32",
             "eos_token_id": [3, 5], "hidden_act": "silu", "hidden_size": 32, "initializer_range": 0.02,
             "intermediate_size": 48, "layer_types": ["full_attention", "full_attention"],
             "max_position_embeddings": 128, "max_window_layers": 28, "model_type": "qwen2", "num_attention_heads": 4,
             "num_hidden_layers": 2, "num_key_value_heads": 2, "pad_token_id": null, "rms_norm_eps": 1e-05,
             "rope_parameters": {"rope_theta": 50000.0, "rope_type": "default"}, "sliding_window": null,
             "tie_word_embeddings": false, "transformers_version": "5.0.0", "use_cache": true,
             "use_sliding_window": false, "vocab_size": 64}
            """
        let configuration = try ModelConfiguration(json: Data(json.utf8), path: "config.json")
        let expected = ModelConfiguration(
            vocabularySize: 64, hiddenSize: 32, intermediateSize: 48, layerCount: 2, headCount: 4,
            keyValueHeadCount: 2, normEpsilon: 1e-5, ropeTheta: 50_000, contextLength: 128, tiesEmbeddings: false,
            endOfText: [3, 5])
        #expect(configuration == expected)
    }

    @Test("keys that may be left out have transformers' defaults")
    func defaults() throws {
        let configuration = try ModelConfiguration(json: Data(config().utf8), path: "config.json")
        let expected = ModelConfiguration(
            vocabularySize: 64, hiddenSize: 32, intermediateSize: 48, layerCount: 2, headCount: 4,
            keyValueHeadCount: 4, headDimension: 8, normEpsilon: 1e-6, ropeTheta: 10_000, contextLength: 32768,
            tiesEmbeddings: false)
        #expect(configuration == expected)
    }

    @Test(
        "YaRN has the original context that a file names times its factor, whatever max_position_embeddings is",
        arguments: [
            (#""factor": 4.0, "original_max_position_embeddings": 32768"#, 131_072),
            // Which of both max_position_embeddings is, such a file does not say.
            (#""factor": 4.0"#, 32_768),
            (#""factor": 2.5, "original_max_position_embeddings": 20001"#, 50_002),
            (#""factor": 4.0, "original_max_position_embeddings": 4096"#, 32_768),
            (#""factor": 0.5, "original_max_position_embeddings": 32768"#, 32_768),
        ])
    func yarnContext(constants: String, expected: Int) throws {
        let json = config(adding: #""max_position_embeddings": 32768, "rope_scaling": {"type": "yarn", \#(constants)}"#)
        let configuration = try ModelConfiguration(json: Data(json.utf8), path: "config.json")
        #expect(configuration.contextLength == expected)
        #expect(try ModelConfiguration(json: configuration.json(), path: "config.json") == configuration)
    }

    @Test("a window of Mistral's that is shorter than YaRN's context is written, and reads back the same")
    func windowOfYaRN() throws {
        let configuration = ModelConfiguration(
            architecture: .mistral, vocabularySize: 100, hiddenSize: 24, intermediateSize: 40, layerCount: 3,
            headCount: 6, keyValueHeadCount: 3, ropeScaling: .yarn(.init(factor: 4, originalContextLength: 64)),
            contextLength: 77, tiesEmbeddings: false)
        #expect(try ModelConfiguration(json: configuration.json(), path: "config.json") == configuration)
    }

    @Test(
        "a key that must be there is named when it is not",
        arguments: ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"])
    func missingKeys(key: String) {
        #expect(message(config(without: key)) == "config.json has no \(key)")
    }

    @Test(
        "anything else than the implemented arithmetic is refused by name",
        arguments: [
            (#""hidden_act": "gelu""#, #"config.json: hidden_act is "gelu"; only "silu" is implemented"#),
            (
                #""rope_scaling": {"type": "dynamic", "factor": 4.0}"#,
                #"config.json: rope_scaling.type is "dynamic"; only "default", "linear", "llama3", "yarn" or "longrope" is implemented"#
            ),
            (
                #""rope_parameters": {"rope_type": "su", "rope_theta": 5e5}"#,
                "config.json: rope_parameters.rope_type is \"su\"; "
                    + #"only "default", "linear", "llama3", "yarn" or "longrope" is implemented"#
            ),
            (
                #""rope_parameters": {"rope_type": "longrope", "short_factor": [1, 1, 1, 1], "long_factor": [1, 1, 1, 2]}"#,
                #"config.json: rope_parameters.rope_type is "longrope"; it is only implemented where short_factor equals "#
                    + "long_factor and attention_factor is 1"
            ),
            (
                #""rope_scaling": {"rope_type": "linear", "factor": 2, "low_freq_factor": 1}"#,
                "config.json: rope_scaling.low_freq_factor is 1, which is not implemented"
            ),
            (
                #""rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}"#,
                "config.json: rope_parameters.partial_rotary_factor is 0.5, which is not implemented"
            ),
            (
                #""rope_parameters": {"full_attention": {"rope_type": "default"}}"#,
                "config.json: rope_parameters.full_attention is an object, which is not implemented"
            ),
            (
                #""partial_rotary_factor": 0.25"#,
                "config.json: partial_rotary_factor is 0.25; only 1 is implemented"
            ),
            (
                #""use_sliding_window": true, "max_window_layers": 1"#,
                "config.json: some layers use sliding-window attention; only full attention is implemented\n"
                    + " hint: keys: use_sliding_window, sliding_window, max_window_layers, layer_types"
            ),
            (
                #""layer_types": ["full_attention", "sliding_attention"]"#,
                "config.json: some layers use sliding-window attention; only full attention is implemented\n"
                    + " hint: keys: use_sliding_window, sliding_window, max_window_layers, layer_types"
            ),
            (
                #""layer_types": ["full_attention", "linear_attention"]"#,
                #"config.json: layer_types is "linear_attention" in places; only "full_attention" is implemented"#
            ),
            (
                #""quantization_config": {"quant_method": "gptq"}"#,
                "config.json has quantization_config: the weights are quantised, which is not implemented\n"
                    + " hint: use the same model in BF16, F16 or F32"
            ),
            (#""is_causal": false"#, "config.json: is_causal is false; only true is implemented"),
        ])
    func refused(entry: String, expected: String) {
        #expect(message(config(adding: entry)) == expected)
    }

    @Test(
        "a sliding window that never acts is no obstacle",
        arguments: [
            #""use_sliding_window": true"#,  // from layer 28 on, of 2
            #""use_sliding_window": true, "max_window_layers": 0, "sliding_window": 32768"#,
            #""use_sliding_window": true, "max_window_layers": 0, "sliding_window": null"#,
            #""use_sliding_window": false, "max_window_layers": 0, "sliding_window": 16"#,
        ])
    func idleWindow(entry: String) {
        #expect(message(config(adding: entry)) == "no error")
    }

    @Test(
        "impossible values are named",
        arguments: [
            (#""num_key_value_heads": 3"#, "num_key_value_heads: 3 does not divide num_attention_heads, 4"),
            (#""head_dim": 7"#, "head_dim: 7 is odd, and rotary embedding turns pairs"),
            (#""rms_norm_eps": 0"#, "rms_norm_eps: 0.0 is not between 0 and 1"),
            (#""rope_theta": -1"#, "rope_theta: -1.0 is not a finite number of at least 1"),
            (#""max_position_embeddings": 0"#, "max_position_embeddings: 0 is not within 1 ... 2147483648"),
            (
                #""num_key_value_heads": 4611686018427387904"#,
                "num_key_value_heads: 4611686018427387904 is not within 1 ... 16384; "
                    + "num_key_value_heads: 4611686018427387904 does not divide num_attention_heads, 4"
            ),
            (#""rope_scaling": {"type": "linear"}"#, "config.json has no rope_scaling.factor"),
            (
                #""rope_scaling": {"type": "linear", "factor": 0}"#,
                "config.json: factor: 0.0 is not within 0.001 ... 1000000"
            ),
            (
                #""rope_scaling": {"type": "llama3", "factor": 8, "low_freq_factor": 1e-20, "high_freq_factor": 4}"#,
                "config.json: low_freq_factor: 1e-20 is not within 0.001 ... 1000000"
            ),
            (
                #""rope_scaling": {"type": "yarn", "factor": 4, "attention_factor": 1e7}"#,
                "config.json: attention_factor: 10000000.0 is not within 0.001 ... 1000000"
            ),
            (
                #""rope_scaling": {"type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4}"#,
                "config.json: high_freq_factor: 4.0 is not greater than low_freq_factor, 4.0"
            ),
            (
                #""rope_theta": 1, "rope_scaling": {"type": "yarn", "factor": 4}"#,
                "config.json: rope_theta: 1.0 is not greater than 1, as yarn needs it"
            ),
            (
                #""rope_scaling": {"type": "longrope", "short_factor": [2], "long_factor": [2], "attention_factor": 1}"#,
                "config.json: long_factor: 1 are given, expected 4, half of head_dim"
            ),
            (#""layer_types": ["full_attention"]"#, "layer_types: 1 are given, num_hidden_layers is 2"),
        ])
    func impossible(entry: String, expected: String) {
        let message = message(config(adding: entry))
        #expect(message == (expected.hasPrefix("config.json") ? expected : "config.json: \(expected)"))
    }

    @Test(
        "a value of the wrong type is shown with its key",
        arguments: [
            (#""rms_norm_eps": "tiny""#, #"rms_norm_eps in config.json is "tiny", expected a number"#),
            (#""head_dim": 1.5"#, "head_dim in config.json is 1.5, expected an integer"),
            (#""eos_token_id": [1, "x"]"#, #"eos_token_id in config.json is "x", expected an integer"#),
            (#""tie_word_embeddings": 1"#, "tie_word_embeddings in config.json is 1, expected true or false"),
        ])
    func wrongType(entry: String, expected: String) {
        #expect(message(config(adding: entry)) == expected)
    }

    @Test("a key given twice is refused: Python would take the last, others the first")
    func repeatedKeys() {
        #expect(
            message(config(adding: #""vocab_size": 65"#))
                == #"config.json has "vocab_size" twice, the second time in line 1, column 137"#)
        let nested = #""rope_parameters": {"rope_theta": 1000, "rope_theta": 5, "rope_type": "default"}"#
        #expect(
            message(config(adding: nested))
                == #"rope_parameters in config.json has "rope_theta" twice, the second time in line 1, column 177"#)
        let apart = #""rope_theta": 1000, "rope_parameters": {"rope_theta": 1000}, "note": ["hidden_size: ", "{"]"#
        #expect(message(config(adding: apart)) == "no error")
    }

    @Test("nesting is bounded before it can exhaust a stack", arguments: [("[", "]"), (#"{"a":"#, "}")])
    func nesting(open: String, close: String) {
        func nested(_ levels: Int) -> String {
            let value = String(repeating: open, count: levels) + "1" + String(repeating: close, count: levels)
            return message(config(adding: #""note": \#(value)"#))
        }
        #expect(nested(254) == "no error")
        for levels in [256, 100_000] {
            #expect(nested(levels).hasSuffix("nested more than 256 levels deep"), "\(levels) levels")
        }
    }

    @Test("sizes that are possible one by one and not together are refused")
    func tooManyParameters() {
        var configuration = smallConfiguration
        configuration.hiddenSize = 1 << 20
        configuration.headCount = 1 << 14
        configuration.headDimension = 1 << 14
        configuration.layerCount = 1 << 14
        #expect(
            configuration.violations() == [
                "num_hidden_layers: with 16384, the sizes make more than 35184372088832 parameters"
            ])
        configuration.layerCount = 1
        #expect(
            configuration.violations() == [
                "num_hidden_layers: with 1, the sizes make more than 35184372088832 parameters"
            ])
        configuration.headCount = 128
        configuration.headDimension = 128
        configuration.layerCount = 512
        #expect(configuration.violations().isEmpty)
    }

    @Test("a context whose keys and values are more than 64 bits count is refused")
    func tooLongContext() {
        var configuration = smallConfiguration
        configuration.hiddenSize = 1
        configuration.headCount = 4096
        configuration.keyValueHeadCount = 4096
        configuration.headDimension = 4096
        configuration.layerCount = 128
        configuration.contextLength = 1 << 31
        #expect(
            configuration.violations() == [
                "max_position_embeddings: with 2147483648, a full context has more than 1125899906842624 numbers of keys"
            ])
        configuration.contextLength = 1 << 19
        #expect(configuration.violations().isEmpty)
        configuration.contextLength += 1
        #expect(configuration.violations().count == 1)
    }

    @Test("a width that the heads do not divide is refused")
    func undivided() {
        let json = config(without: "hidden_size", adding: #""hidden_size": 30"#)
        #expect(message(json) == "config.json: hidden_size: 30 is not a multiple of num_attention_heads, 4")
    }

    @Test("an unknown architecture is named with those that are known")
    func architecture() {
        func expected(_ name: String) -> String {
            "config.json describes the architecture \(name), which is not implemented\n"
                + " hint: implemented: Qwen2ForCausalLM (model_type qwen2), Qwen3ForCausalLM (model_type qwen3), "
                + "LlamaForCausalLM (model_type llama), MistralForCausalLM (model_type mistral), "
                + "SmolLM3ForCausalLM (model_type smollm3)"
        }
        #expect(
            message(#"{"architectures": ["LlamaForCausalLM"], "model_type": "qwen2"}"#)
                == expected("LlamaForCausalLM, model_type qwen2"))
        #expect(message(#"{"model_type": "gpt2"}"#) == expected("model_type gpt2"))
        #expect(
            message(#"{"architectures": ["Qwen2ForSequenceClassification"], "model_type": "qwen2"}"#)
                == expected("Qwen2ForSequenceClassification, model_type qwen2"))
        #expect(message("{}") == "config.json: there is neither architectures nor model_type")
        #expect(message("[]") == "config.json is an array, expected an object")
        #expect(message("{").hasPrefix("config.json is not valid JSON: line 1, column 2: "))
    }

    @Test(
        "Gemma is refused with what it has that is not implemented",
        arguments: [
            (
                #""architectures": ["GemmaForCausalLM"], "model_type": "gemma""#, "GemmaForCausalLM, model_type gemma",
                "Gemma has"
            ),
            (#""model_type": "gemma2""#, "model_type gemma2", "Gemma 2 has"),
            (
                #""architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text""#,
                "Gemma3ForCausalLM, model_type gemma3_text", "Gemma 3 has"
            ),
            (
                #""architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3", "text_config": {"hidden_size": 4}"#,
                "Gemma3ForConditionalGeneration, model_type gemma3", "Gemma 3 has"
            ),
        ])
    func gemma(entries: String, named: String, hint: String) {
        let message = message("{" + entries + "}")
        #expect(
            message.hasPrefix(
                "config.json describes the architecture \(named), which is not implemented\n hint: \(hint) GELU, "))
        #expect(message.hasSuffix("none of which is implemented"))
    }

    @Test(
        "what is written reads back the same",
        arguments: [([Int](), nil), ([7], 3), ([1, 2], 0)] as [([Int], Int?)], [nil, 6] as [Int?])
    func roundTrip(tokens: ([Int], Int?), headDimension: Int?) throws {
        let configuration = ModelConfiguration(
            vocabularySize: 100, hiddenSize: 24, intermediateSize: 40, layerCount: 3, headCount: 6,
            keyValueHeadCount: 3, headDimension: headDimension, normEpsilon: 1e-5, ropeTheta: 12345.5,
            contextLength: 77, tiesEmbeddings: false, beginningOfText: tokens.1, endOfText: tokens.0)
        let json = try configuration.json(storedType: .bfloat16)
        #expect(try ModelConfiguration(json: json, path: "config.json") == configuration)
        #expect(try configuration.json(storedType: .bfloat16) == json)
        #expect(String(decoding: json, as: UTF8.self).contains("1e-05"))
    }

    @Test("a value that breaks a rule is not written")
    func unwritable() {
        var configuration = smallConfiguration
        configuration.ropeTheta = .infinity
        let broken = configuration
        let error = #expect(throws: CheckpointError.self) { _ = try broken.json() }
        #expect(error?.code == .malformedConfiguration)
        #expect(
            error?.message == "cannot write config.json: rope_theta: inf is not a finite number of at least 1")
    }

    /// Every family, with everything that it can have.
    private static let families: [ModelConfiguration] = ModelConfiguration.Architecture.allCases.flatMap { family in
        [
            nil, .linear(factor: 2.5),
            .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 16),
            .longrope(factors: [1, 1.5]), .yarn(.init(factor: 4, originalContextLength: 9)),
            .yarn(
                .init(
                    factor: 4, originalContextLength: 9, betaFast: 30, betaSlow: 2, attentionFactor: 1.5,
                    truncates: false)),
        ].map { scaling in
            ModelConfiguration(
                architecture: family, vocabularySize: 100, hiddenSize: 24, intermediateSize: 40, layerCount: 3,
                headCount: 6, keyValueHeadCount: 3, ropeTheta: 12345.5, ropeScaling: scaling,
                layersWithoutRotary: family == .smollm3 ? [0, 2] : [], contextLength: 77, tiesEmbeddings: false,
                hasAttentionBias: family == .mistral ? nil : family == .qwen2 || scaling != nil,
                hasFeedForwardBias: scaling == nil && (family == .llama || family == .smollm3))
        }
    }

    @Test("what is written of any family reads back the same", arguments: families)
    func roundTrip(of configuration: ModelConfiguration) throws {
        #expect(configuration.violations().isEmpty)
        #expect(try ModelConfiguration(json: configuration.json(), path: "config.json") == configuration)
        let stored = try JSONEncoder().encode(configuration)
        #expect(try JSONDecoder().decode(ModelConfiguration.self, from: stored) == configuration)
    }

    @Test("a stored Qwen2 configuration has the keys it always had")
    func storedKeys() throws {
        let stored = try JSONEncoder().encode(smallConfiguration)
        let keys = try #require(JSONSerialization.jsonObject(with: stored) as? [String: Any]).keys.sorted()
        #expect(
            keys == [
                "architecture", "beginningOfText", "contextLength", "endOfText", "hasAttentionBias", "headCount",
                "headDimension", "hiddenSize", "intermediateSize", "keyValueHeadCount", "layerCount", "normEpsilon",
                "ropeTheta", "tiesEmbeddings", "vocabularySize",
            ])
    }

    @Test("the configuration of Llama 3.2 is read")
    func llama() throws {
        let json = """
            {"architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
             "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "head_dim": 64, "hidden_act": "silu",
             "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 8192, "max_position_embeddings": 131072,
             "mlp_bias": false, "model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 16,
             "num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": {"factor": 32.0,
             "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192,
             "rope_type": "llama3"}, "rope_theta": 500000.0, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
             "transformers_version": "4.45.0.dev0", "use_cache": true, "vocab_size": 128256}
            """
        let configuration = try ModelConfiguration(json: Data(json.utf8), path: "config.json")
        let expected = ModelConfiguration(
            architecture: .llama, vocabularySize: 128256, hiddenSize: 2048, intermediateSize: 8192, layerCount: 16,
            headCount: 32, keyValueHeadCount: 8, headDimension: 64, normEpsilon: 1e-5, ropeTheta: 500_000,
            ropeScaling: .llama3(
                factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192),
            contextLength: 131_072, tiesEmbeddings: true, beginningOfText: 128_000,
            endOfText: [128_001, 128_008, 128_009])
        #expect(configuration == expected)
        #expect(!configuration.hasAttentionBias)
    }

    @Test("keys that may be left out have the family's own defaults")
    func familyDefaults() throws {
        func read(_ family: String, _ entry: String? = nil) throws -> ModelConfiguration {
            let json = config(
                without: "model_type",
                adding: ["\"model_type\": \"\(family)\"", entry].compactMap { $0 }
                    .joined(separator: ", "))
            return try ModelConfiguration(json: Data(json.utf8), path: "config.json")
        }
        let llama = try read("llama")
        #expect(llama.contextLength == 2048 && llama.beginningOfText == 1 && llama.endOfText == [2])
        #expect(try read("llama", #""bos_token_id": null, "eos_token_id": null"#).endOfText.isEmpty)
        let qwen3 = try read("qwen3", #""num_key_value_heads": 2"#)
        #expect(qwen3.headDimension == 128 && !qwen3.hasAttentionBias)
        let smollm3 = try read("smollm3")
        #expect(smollm3.tiesEmbeddings && smollm3.ropeTheta == 2_000_000 && smollm3.layersWithoutRotary.isEmpty)
        #expect(try read("smollm3", #""no_rope_layer_interval": 2"#).layersWithoutRotary == [1])
        #expect(try read("smollm3", #""no_rope_layers": [0, 1, 0]"#).layersWithoutRotary == [0])
    }

    @Test(
        "the context of Mistral ends with its window",
        arguments: [
            (#", "sliding_window": 512"#, 512), (#", "sliding_window": null"#, 32768), ("", 4096),
            (#", "sliding_window": 65536"#, 32768),
        ])
    func window(entry: String, contextLength: Int) throws {
        let json = config(
            without: "model_type",
            adding: #""model_type": "mistral", "max_position_embeddings": 32768, "num_key_value_heads": 2\#(entry)"#)
        let configuration = try ModelConfiguration(json: Data(json.utf8), path: "config.json")
        #expect(configuration.contextLength == contextLength)
    }

    @Test("random damage never traps", arguments: [smallConfiguration] + families)
    func damage(of configuration: ModelConfiguration) throws {
        let whole = Array(try configuration.json().dropLast())
        var stream = RandomStream(.bootstrap, seed: 1)
        var refused = 0
        let cases = fuzzCases(1000)
        for _ in 0..<cases {
            var bytes = whole
            for _ in 0...stream.below(3) {
                bytes[stream.below(bytes.count)] = stream.pick(Array("0123456789-eE.{}[]\",:\\ntf".utf8))
            }
            do {
                let configuration = try ModelConfiguration(json: Data(bytes), path: "config.json")
                #expect(configuration.violations().isEmpty)
            } catch {
                refused += 1
            }
        }
        #expect((1..<cases).contains(refused))
    }

    private func message(_ json: String) -> String {
        description(in: "/nowhere") { _ = try ModelConfiguration(json: Data(json.utf8), path: "config.json") }
    }

    /// A minimal configuration, without one of its keys and with more entries.
    private func config(without key: String? = nil, adding entry: String? = nil) -> String {
        let entries = [
            ("model_type", #""qwen2""#), ("vocab_size", "64"), ("hidden_size", "32"), ("intermediate_size", "48"),
            ("num_hidden_layers", "2"), ("num_attention_heads", "4"),
        ]
        let texts = entries.filter { $0.0 != key }.map { "\"\($0.0)\": \($0.1)" }
        return "{\((texts + [entry].compactMap { $0 }).joined(separator: ", "))}"
    }
}
