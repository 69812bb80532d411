import Foundation
import Testing

/// One way a model folder can be wrong, and what the sentence about it has to name.
struct Corruption: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var naming: [String]
    var apply: @Sendable (ModelFolder) throws -> Void

    init(_ description: String, naming: [String], _ apply: @escaping @Sendable (ModelFolder) throws -> Void) {
        testDescription = description
        self.naming = naming
        self.apply = apply
    }
}

private let down = "model.layers.1.mlp.down_proj.weight"
private let keyBias = "model.layers.0.self_attn.k_proj.bias"

extension Corruption {
    /// Weights files that are not what they say, for the tied fixture.
    static let ofWeights: [Corruption] = [
        Corruption("cut in the middle of the data", naming: ["model.safetensors"]) { model in
            try model.editBytes { $0.removeLast($0.count / 2) }
        },
        Corruption("cut one byte short", naming: ["model.safetensors"]) { model in
            try model.editBytes { $0.removeLast() }
        },
        Corruption("cut in the middle of the header", naming: ["model.safetensors"]) { model in
            try model.editBytes { $0 = $0.prefix(100) }
        },
        Corruption("shorter than the header's length", naming: ["model.safetensors"]) { model in
            try model.editBytes { $0 = $0.prefix(7) }
        },
        Corruption("empty", naming: ["model.safetensors"]) { model in
            try model.editBytes { $0 = Data() }
        },
        Corruption("absent", naming: ["model.safetensors"]) { model in
            try model.remove("model.safetensors")
        },
        Corruption("with a header as long as all addresses", naming: ["model.safetensors"]) { model in
            try model.editBytes { $0.replaceSubrange(0..<8, with: [UInt8](repeating: 0xFF, count: 8)) }
        },
        Corruption("with a header longer than the file", naming: ["model.safetensors"]) { model in
            try model.editBytes { $0.replaceSubrange(0..<8, with: [0, 0, 0, 0, 0, 0, 0, 0x7F]) }
        },
        Corruption("with a header that is not JSON", naming: ["model.safetensors"]) { model in
            try model.editBytes { $0.replaceSubrange(8..<9, with: [UInt8(ascii: "#")]) }
        },
        Corruption("with a header that is a list", naming: ["model.safetensors"]) { model in
            let payload = try SafetensorsFile.parts(of: Data(contentsOf: model.weights)).payload
            try SafetensorsFile.join(header: Data("[1, 2]".utf8), payload: payload).write(to: model.weights)
        },
        Corruption("with an offset behind the end of the file", naming: ["model.safetensors", down]) { model in
            try model.editHeader(of: down) { $0["data_offsets"] = [4_000_000, 4_028_672] }
        },
        Corruption("with an offset that no address can have", naming: ["model.safetensors", down]) { model in
            try model.editHeader(of: down) { $0["data_offsets"] = [Int.max - 28_672, Int.max] }
        },
        Corruption("with a negative offset", naming: ["model.safetensors", down]) { model in
            try model.editHeader(of: down) { $0["data_offsets"] = [-28_672, 0] }
        },
        Corruption("with an end before its beginning", naming: ["model.safetensors", down]) { model in
            try model.editHeader(of: down) { entry in
                let offsets = entry["data_offsets"] as? [Int] ?? []
                entry["data_offsets"] = Array(offsets.reversed())
            }
        },
        Corruption("with fewer bytes than the shape needs", naming: ["model.safetensors", down]) { model in
            try model.editHeader(of: down) { entry in
                let offsets = entry["data_offsets"] as? [Int] ?? [0, 4]
                entry["data_offsets"] = [offsets[0], offsets[1] - 4]
            }
        },
        Corruption("with a shape whose size overflows", naming: ["model.safetensors", down]) { model in
            try model.editHeader(of: down) { $0["shape"] = [1 << 32, 1 << 32] }
        },
        Corruption("with a negative shape", naming: ["model.safetensors", down]) { model in
            try model.editHeader(of: down) { $0["shape"] = [-64, -112] }
        },
        Corruption("with an entry that lacks its offsets", naming: ["model.safetensors", down]) { model in
            try model.editHeader(of: down) { $0["data_offsets"] = nil }
        },
        Corruption("with an element type of integers", naming: [down, "I32"]) { model in
            try model.editHeader(of: down) { $0["dtype"] = "I32" }
        },
        Corruption("with an element type that does not exist", naming: [down, "F33"]) { model in
            try model.editHeader(of: down) { $0["dtype"] = "F33" }
        },
        Corruption("with a transposed matrix", naming: [down, "[112, 64]", "[64, 112]"]) { model in
            try model.editTensors { tensors in
                let index = try #require(tensors.firstIndex { $0.name == down })
                tensors[index].shape = [112, 64]
            }
        },
        Corruption("without a bias that the architecture has", naming: [keyBias]) { model in
            try model.editTensors { $0.removeAll { $0.name == keyBias } }
        },
        Corruption("without the token embedding", naming: ["model.embed_tokens.weight"]) { model in
            try model.editTensors { $0.removeAll { $0.name == "model.embed_tokens.weight" } }
        },
        Corruption("with a third layer", naming: ["model.layers.2.mlp.down_proj.weight", "num_hidden_layers"]) {
            model in
            try model.editTensors { try $0.add("model.layers.2.mlp.down_proj.weight", like: down) }
        },
        Corruption("with a bias that the architecture has not", naming: ["mlp.down_proj.bias", "qwen2"]) { model in
            try model.editTensors { try $0.add("model.layers.1.mlp.down_proj.bias", like: keyBias) }
        },
        Corruption("with the query norms of another architecture", naming: ["q_norm", "and 1 more"]) { model in
            try model.editTensors { tensors in
                for place in ["0.self_attn.q_norm", "0.self_attn.k_norm", "1.self_attn.q_norm", "1.self_attn.k_norm"] {
                    try tensors.add("model.layers.\(place).weight", like: keyBias)
                }
                try tensors.add("score.weight", like: keyBias)
            }
        },
        Corruption(
            "with another head beside tied embeddings",
            naming: ["tie_word_embeddings", "lm_head.weight", "model.embed_tokens.weight"]
        ) { model in
            try model.editTensors { try $0.add("lm_head.weight", like: "model.embed_tokens.weight", changed: true) }
        },
        Corruption("with a head of another size beside tied embeddings", naming: ["lm_head.weight"]) { model in
            try model.editTensors { try $0.add("lm_head.weight", like: down) }
        },
    ]

    /// Additions to a weights file that change nothing.
    static let harmless: [Corruption] = [
        Corruption("frequencies as old versions of transformers stored them", naming: []) { model in
            try model.editTensors { try $0.add("model.layers.0.self_attn.rotary_emb.inv_freq", like: keyBias) }
        },
        Corruption("a copy of the tied embeddings as the head", naming: []) { model in
            try model.editTensors { try $0.add("lm_head.weight", like: "model.embed_tokens.weight") }
        },
    ]

    /// Configurations that are not a model's, for the tied fixture.
    static let ofConfiguration: [Corruption] = [
        Corruption("absent", naming: ["config.json"]) { try $0.remove("config.json") },
        Corruption("not JSON", naming: ["config.json"]) { try $0.write("config.json", "{ hidden_size: 64") },
        Corruption("empty", naming: ["config.json"]) { try $0.write("config.json", "") },
        Corruption("a list", naming: ["config.json"]) { try $0.write("config.json", "[]") },
        Corruption("of an unknown architecture", naming: ["MambaForCausalLM"]) { model in
            try model.edit {
                $0["architectures"] = ["MambaForCausalLM"]; $0["model_type"] = "mamba"
            }
        },
        Corruption("without a width", naming: ["config.json", "hidden_size"]) { model in
            try model.edit { $0["hidden_size"] = nil }
        },
        Corruption("with a width in words", naming: ["config.json", "hidden_size"]) { model in
            try model.edit { $0["hidden_size"] = "sixty-four" }
        },
        Corruption("with a width unlike the weights'", naming: ["64", "128"]) { model in
            try model.edit { $0["hidden_size"] = 128 }
        },
        Corruption("with a width that overflows", naming: ["4611686018427387904"]) { model in
            try model.edit { $0["hidden_size"] = 1 << 62 }
        },
        Corruption("without heads", naming: ["config.json", "num_attention_heads"]) { model in
            try model.edit { $0["num_attention_heads"] = 0 }
        },
        Corruption("with a negative feed-forward width", naming: ["config.json", "intermediate_size"]) { model in
            try model.edit { $0["intermediate_size"] = -112 }
        },
        Corruption("with heads that cannot share keys evenly", naming: ["num_key_value_heads"]) { model in
            try model.edit { $0["num_key_value_heads"] = 3 }
        },
        Corruption("with more layers than their kinds", naming: ["layer_types"]) { model in
            try model.edit { $0["num_hidden_layers"] = 3 }
        },
        Corruption("with a billion layers", naming: ["num_hidden_layers", "1000000000"]) { model in
            try model.edit { $0["num_hidden_layers"] = 1_000_000_000 }
        },
        Corruption("with another vocabulary than the weights", naming: ["model.embed_tokens.weight", "97"]) { model in
            try model.edit { $0["vocab_size"] = 98 }
        },
        Corruption("without a context", naming: ["max_position_embeddings"]) { model in
            try model.edit { $0["max_position_embeddings"] = 0 }
        },
        Corruption("untied, without a head's weights", naming: ["lm_head.weight"]) { model in
            try model.edit { $0["tie_word_embeddings"] = false }
        },
    ]

    /// Shard indices that do not fit their shards, for the untied fixture.
    static let ofShards: [Corruption] = [
        Corruption("that names a file which is not there", naming: ["model-00002-of-00003.safetensors"]) { model in
            try model.remove("model-00002-of-00003.safetensors")
        },
        Corruption("that looks for a tensor in the wrong file", naming: ["lm_head.weight"]) { model in
            try model.edit("model.safetensors.index.json") { index in
                var map = try #require(index["weight_map"] as? [String: String])
                map["lm_head.weight"] = "model-00001-of-00003.safetensors"
                index["weight_map"] = map
            }
        },
        Corruption("that forgets a tensor", naming: ["model.norm.weight"]) { model in
            try model.edit("model.safetensors.index.json") { index in
                var map = try #require(index["weight_map"] as? [String: String])
                map["model.norm.weight"] = nil
                index["weight_map"] = map
            }
        },
        Corruption("that does not list a tensor of its files", naming: ["extra.bias", "does not list"]) { model in
            let shard = model.url.appendingPathComponent("model-00002-of-00003.safetensors")
            var file = try SafetensorsFile(contentsOf: shard)
            file.tensors.append(.init(name: "extra.bias", type: "F32", shape: [1], bytes: Data(count: 4)))
            try file.write(to: shard)
        },
        Corruption("without a map", naming: ["model.safetensors.index.json"]) { model in
            try model.edit("model.safetensors.index.json") { $0["weight_map"] = nil }
        },
        Corruption("that points out of the folder", naming: ["model.safetensors.index.json"]) { model in
            try model.edit("model.safetensors.index.json") { index in
                var map = try #require(index["weight_map"] as? [String: String])
                map["model.norm.weight"] = "../../outside.safetensors"
                index["weight_map"] = map
            }
        },
    ]

    /// Tokenizers that cannot be read, for the tied fixture.
    static let ofTokenizer: [Corruption] = [
        Corruption("absent", naming: ["tokenizer.json"]) { try $0.remove("tokenizer.json") },
        Corruption("not JSON", naming: ["tokenizer.json"]) { try $0.write("tokenizer.json", "{\"model\": ") },
        Corruption("of an unknown kind", naming: ["tokenizer.json", "Unigram"]) { model in
            try model.edit("tokenizer.json") { tokenizer in
                var inner = try #require(tokenizer["model"] as? [String: Any])
                inner["type"] = "Unigram"
                tokenizer["model"] = inner
            }
        },
    ]
}

extension [SafetensorsFile.Tensor] {
    /// Adds a copy of a tensor under another name, with another first byte where it is changed.
    fileprivate mutating func add(_ name: String, like original: String, changed: Bool = false) throws {
        var copy = try #require(first { $0.name == original })
        copy.name = name
        if changed { copy.bytes[copy.bytes.startIndex] ^= 1 }
        append(copy)
    }
}
