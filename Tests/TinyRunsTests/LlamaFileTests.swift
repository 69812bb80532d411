import Foundation
import Testing
import TinyAdapter
import TinyCheckpoint
import TinyEngine
import TinyFoundation
import TinyModel
import TinyRuns
import TinyTestSupport

/// A model whose rows of q and k llama.cpp's files have in another order.
@Suite("A Llama model in a GGUF file and the same values in a directory")
struct LlamaFileTests {
    private static let configuration = ModelConfiguration(
        architecture: .llama, vocabularySize: 48, hiddenSize: 32, intermediateSize: 40, layerCount: 2, headCount: 4,
        keyValueHeadCount: 2, headDimension: 8, contextLength: 64, tiesEmbeddings: false, endOfText: [2])

    /// Random values that bf16 has, in the order of `parameterShapes`.
    private static func parameters() -> [(name: String, shape: [Int], values: [Float])] {
        configuration.parameterShapes.enumerated().map { index, parameter in
            let isNorm = parameter.shape.count == 1
            let values = noise(parameter.shape.reduce(1, *), seed: UInt64(index + 1)).map { value in
                BFloat16(isNorm ? 1 + 0.2 * value : 0.3 * value).float
            }
            return (parameter.name, parameter.shape, values)
        }
    }

    /// As llama.cpp's converter writes the model: matrices BF16 and norms F32, q and k permuted from (heads, 2, half) to
    /// (heads, half, 2).
    private static func file() throws -> GGUFBytes {
        var file = GGUFBytes()
        file.add("general.architecture", text: "llama")
        file.add("llama.block_count", 2)
        file.add("llama.context_length", 64)
        file.add("llama.embedding_length", 32)
        file.add("llama.feed_forward_length", 40)
        file.add("llama.attention.head_count", 4)
        file.add("llama.attention.head_count_kv", 2)
        file.add("llama.attention.layer_norm_rms_epsilon", number: configuration.normEpsilon)
        file.add("tokenizer.ggml.eos_token_id", 2)
        let names = [
            "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
            "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
            "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
            "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
        ]
        for parameter in parameters() {
            let stem = String(parameter.name.dropLast(".weight".count)), parts = stem.split(separator: ".")
            let isOfLayer = stem.hasPrefix("model.layers.")
            let kind = isOfLayer ? parts.dropFirst(3).joined(separator: ".") : stem
            let name = (isOfLayer ? "blk.\(parts[2])." : "") + (try #require(names[kind])) + ".weight"
            var values = parameter.values
            let heads = kind == "self_attn.q_proj" ? 4 : kind == "self_attn.k_proj" ? 2 : 0
            if heads > 0 {
                let rows = (0..<heads).flatMap { head in
                    (0..<4).flatMap { pair in (0..<2).map { (head * 2 + $0) * 4 + pair } }
                }
                values = rows.flatMap { values[$0 * 32..<($0 + 1) * 32] }
            }
            let shape = parameter.shape.map { UInt64($0) }
            guard shape.count > 1 else {
                file.tensors.append(GGUFBytes.Tensor(name, shape, floats: values))
                continue
            }
            let bytes = values.flatMap { littleEndian(BFloat16($0).bits) }
            file.tensors.append(GGUFBytes.Tensor(name, shape, type: 30, data: bytes))
        }
        return file
    }

    private func withModels(_ body: (_ file: LoadedModel, _ folder: LoadedModel) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try write(Data(Self.file().bytes), to: directory + "/model.gguf")
            let tensors = Self.parameters().map { parameter in
                TensorToWrite(
                    name: parameter.name, shape: parameter.shape, floats: parameter.values, type: .bfloat16)
            }
            try CheckpointWriter.write(
                configuration: Self.configuration, tensors: tensors, to: directory + "/model")
            try await body(
                LoadedModel(directory: directory + "/model.gguf"), LoadedModel(directory: directory + "/model"))
        }
    }

    private func adapter(of loaded: LoadedModel) throws -> AdapterFile {
        let modules = loaded.checkpoint.configuration.modules
        let plan = try AdapterPlan(modules: modules, rank: 2, u: 3, tying: .tiled(modulesPerGroup: 14))
        return try loaded.adapter(
            TinyLoRADesign(plan: plan, seed: 3), values: [0.5, -0.25, 0.75], type: .float32)
    }

    @Test("give the same bits in bfloat16: log-probabilities and gradients")
    func sameBits() async throws {
        try await withModels { file, folder in
            let sequence = ScoredSequence(prompt: [1, 7], completion: [5, 9, 2, 30, 17, 8])
            var results: [[Float]] = []
            for loaded in [file, folder] {
                #expect(loaded.arithmetic == .bfloat16)
                let adapter = try adapter(of: loaded)
                let engine = try loaded.engine(adapter: adapter, threads: 1, cache: nil)
                let result = try await engine.gradients(of: [sequence], adapter: adapter.values, temperature: 1) {
                    _, logprobs in logprobs.map { _ in 1 }
                }
                let base = try await engine.logprobs(of: [sequence], adapter: nil, temperature: 1)
                results.append(result.gradient + result.logprobs[0] + base[0])
            }
            #expect(results[0].count == 3 + 6 + 6 && results[0].allSatisfy { $0 != 0 })
            #expect(firstDifference(results[0], results[1]) == nil)
        }
    }

    @Test("are different base models, and the message says so")
    func differentModels() async throws {
        try await withModels { file, folder in
            #expect(file.fingerprint != folder.fingerprint)
            for (own, other) in [(file, folder), (folder, file)] {
                let adapter = try adapter(of: own)
                let error = #expect(throws: AdapterError.self) {
                    _ = try other.engine(adapter: adapter, threads: 1, cache: nil)
                }
                #expect(
                    "\(try #require(error))".contains(
                        "one is a GGUF file, the other a directory; they are different base models"))
            }
        }
    }
}
