import Foundation
import Testing
import TinyCheckpoint
import TinyFoundation
import TinyTestSupport

/// What a file has to say about a Qwen2 model of one layer with the sizes 8 · 4 · 6, and its embedding.
private func smallFile() -> GGUFBytes {
    var file = GGUFBytes()
    file.add("general.architecture", text: "qwen2")
    file.add("qwen2.block_count", 1)
    file.add("qwen2.context_length", 32)
    file.add("qwen2.embedding_length", 4)
    file.add("qwen2.feed_forward_length", 6)
    file.add("qwen2.attention.head_count", 2)
    file.add("qwen2.attention.head_count_kv", 1)
    file.add("qwen2.attention.layer_norm_rms_epsilon", number: 1e-6)
    file.tensors = [
        GGUFBytes.Tensor("token_embd.weight", [8, 4], floats: (0..<32).map { Float($0) / 8 }),
        GGUFBytes.Tensor("output_norm.weight", [4], floats: [1, 2, 3, 4]),
    ]
    return file
}

private let fixture = fixtures(of: "gguf")

@Suite("models in GGUF files")
struct GGUFTests {
    @Test("blocks of every type decode to the bits that the gguf package gives")
    func blocks() throws {
        struct Recorded: Decodable {
            let blocks: Data
            let values: Data
        }
        let numbers: [String: UInt32] = [
            "Q4_0": 2, "Q4_1": 3, "Q5_0": 6, "Q5_1": 7, "Q8_0": 8, "Q2_K": 10, "Q3_K": 11, "Q4_K": 12, "Q5_K": 13,
            "Q6_K": 14, "IQ4_NL": 20,
        ]
        let recorded = try JSONDecoder().decode(
            [String: Recorded].self, from: Data(contentsOf: fixture.appendingPathComponent("blocks.json")))
        #expect(recorded.count == numbers.count)
        for (name, blocks) in recorded {
            let expected = blocks.values.withUnsafeBytes { bytes in
                (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self) }
            }
            var file = smallFile()
            file.tensors.append(
                GGUFBytes.Tensor(
                    name, [1, UInt64(expected.count)], type: try #require(numbers[name]), data: Array(blocks.blocks)))
            try open(file) { model in
                let tensor = try model.tensor(name, [1, expected.count])
                #expect(tensor.floats().map(\.bitPattern) == expected, "\(name)")
            }
        }
    }

    @Test("tensors have the names and values of the same model's directory")
    func names() throws {
        let file = try Checkpoint(directory: fixture.appendingPathComponent("model.gguf").path)
        let folder = try Checkpoint(directory: fixture.appendingPathComponent("model").path)
        #expect(file.configuration == folder.configuration)
        #expect(file.tensorNames == folder.tensorNames)
        for (name, shape) in sizes(of: folder.configuration) {
            let stored = try folder.tensor(name, shape).floats()
            #expect(try file.tensor(name, shape).floats().map { BFloat16($0).float } == stored, "\(name)")
        }
        #expect(try file.arithmetic == .bfloat16)
    }

    /// Some tensors of each form.
    private func sizes(of c: ModelConfiguration) -> [(String, [Int])] {
        [("model.embed_tokens.weight", [c.vocabularySize, c.hiddenSize]), ("model.norm.weight", [c.hiddenSize])]
            + (0..<c.layerCount).flatMap { layer -> [(String, [Int])] in
                let prefix = "model.layers.\(layer)."
                return [
                    (prefix + "self_attn.q_proj.weight", [c.hiddenSize, c.hiddenSize]),
                    (prefix + "self_attn.q_proj.bias", [c.hiddenSize]),
                    (prefix + "self_attn.k_proj.weight", [c.headDimension, c.hiddenSize]),
                    (prefix + "self_attn.v_proj.weight", [c.headDimension, c.hiddenSize]),
                    (prefix + "self_attn.o_proj.weight", [c.hiddenSize, c.hiddenSize]),
                    (prefix + "mlp.gate_proj.weight", [c.intermediateSize, c.hiddenSize]),
                    (prefix + "mlp.up_proj.weight", [c.intermediateSize, c.hiddenSize]),
                    (prefix + "mlp.down_proj.weight", [c.hiddenSize, c.intermediateSize]),
                    (prefix + "input_layernorm.weight", [c.hiddenSize]),
                    (prefix + "post_attention_layernorm.weight", [c.hiddenSize]),
                ]
            }
    }

    @Test("the fingerprint covers every stored byte and differs from that of a directory")
    func fingerprint() throws {
        let file = try Checkpoint(directory: fixture.appendingPathComponent("model.gguf").path).fingerprint()
        let folder = try Checkpoint(directory: fixture.appendingPathComponent("model").path).fingerprint()
        #expect(file.hasPrefix("gguf-sha256:") && folder.hasPrefix("sha256:"))
        let original = try open(smallFile()) { try $0.fingerprint() }
        var other = smallFile()
        other.add("general.name", text: "another name")
        #expect(try open(other) { try $0.fingerprint() } == original)
        for (tensor, place) in [(0, 0), (0, 127), (1, 15)] {
            var changed = smallFile()
            changed.tensors[tensor].data[place] ^= 1
            #expect(try open(changed) { try $0.fingerprint() } != original)
        }
    }

    @Test("all that stops a generation is read; where only F32 is stored the arithmetic is float32")
    func tokens() throws {
        var file = smallFile()
        file.add("tokenizer.ggml.eos_token_id", 5)
        file.add("tokenizer.ggml.eot_token_id", 6)
        file.add("tokenizer.ggml.bos_token_id", 0)
        try open(file) { model in
            #expect(model.configuration.endOfText == [5, 6])
            #expect(model.configuration.beginningOfText == 0)
            let arithmetic = try model.arithmetic
            #expect(arithmetic == .float32)
        }
    }

    @Test("the scaling of the rotary embedding is read from keys or from its tensor")
    func rotaryScaling() throws {
        typealias Change = (inout GGUFBytes) -> Void
        let cases: [(RotaryScaling?, Change)] = [
            (nil, { $0.add("qwen2.rope.scaling.type", text: "none") }),
            (nil, { $0.add("qwen2.rope.scale_linear", number: 1) }),
            (.linear(factor: 2), { $0.add("qwen2.rope.scale_linear", number: 2) }),
            (
                .yarn(.init(factor: 4, originalContextLength: 16, betaFast: 30)),
                {
                    $0.add("qwen2.rope.scaling.type", text: "yarn")
                    $0.add("qwen2.rope.scaling.factor", number: 4)
                    $0.add("qwen2.rope.scaling.original_context_length", 16)
                    $0.add("qwen2.rope.scaling.yarn_beta_fast", number: 30)
                    $0.add("qwen2.rope.scaling.yarn_ext_factor", number: 1)
                    $0.add("qwen2.rope.scaling.yarn_attn_factor", number: 1)
                    $0.add("qwen2.rope.scaling.finetuned", flag: true)
                }
            ),
            (
                .longrope(factors: [1.5]),
                { $0.tensors.append(GGUFBytes.Tensor("rope_freqs.weight", [1], floats: [1.5])) }
            ),
        ]
        for (expected, change) in cases {
            var file = smallFile()
            change(&file)
            try open(file) { model in
                #expect(model.configuration.ropeScaling == expected)
                #expect(model.tensorNames == ["model.embed_tokens.weight", "model.norm.weight"])
            }
        }
    }

    @Test("YaRN has the original context times its factor where context_length is the original one")
    func yarnContext() throws {
        var file = smallFile()
        let stated = try open(file) { $0.configuration.contextLength }
        file.add("qwen2.rope.scaling.type", text: "yarn")
        file.add("qwen2.rope.scaling.factor", number: 4)
        file.add("qwen2.rope.scaling.original_context_length", UInt32(stated))
        #expect(try open(file) { $0.configuration.contextLength } == 4 * stated)
    }

    // MARK: Several files

    /// The small file as two, one tensor each.
    private func parts() -> [GGUFBytes] {
        let whole = smallFile()
        return whole.tensors.enumerated().map { number, tensor in
            var part = number == 0 ? whole : GGUFBytes()
            part.tensors = [tensor]
            part.add("split.no", type: 2, littleEndian(UInt16(number)))
            part.add("split.count", type: 2, littleEndian(UInt16(2)))
            part.add("split.tensors.count", type: 5, littleEndian(Int32(2)))
            return part
        }
    }

    private func openParts(
        _ parts: [GGUFBytes], named names: [String] = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"],
        opening index: Int = 0, _ body: (Checkpoint) throws -> Void = { _ in }
    ) throws -> String {
        try withTemporaryDirectory { directory in
            for (name, part) in zip(names, parts) { try write(Data(part.bytes), to: "\(directory)/\(name)") }
            return description(in: directory) { try body(Checkpoint(directory: "\(directory)/\(names[index])")) }
        }
    }

    @Test("a model in several files is one model")
    func splits() throws {
        let whole = try open(smallFile()) { try $0.fingerprint() }
        let message = try openParts(parts()) { model in
            let norm = try model.tensor("model.norm.weight", [4]).floats(), fingerprint = try model.fingerprint()
            #expect(norm == [1, 2, 3, 4])
            #expect(fingerprint == whole)
        }
        #expect(message == "no error")
    }

    @Test("files that are not the parts of one model are refused")
    func wrongSplits() throws {
        let good = parts()
        #expect(
            try openParts(good, opening: 1)
                == "DIR/m-00002-of-00002.gguf is part 2 of 2\n hint: open DIR/m-00001-of-00002.gguf")
        #expect(
            try openParts(Array(good.prefix(1)))
                == "cannot read DIR/m-00002-of-00002.gguf: No such file or directory")
        #expect(
            try openParts(good, named: ["m.gguf", "m-00002-of-00002.gguf"])
                == "DIR/m.gguf is one of 2 parts (split.count), and its name does not end in -00001-of-00002.gguf")
        #expect(
            try openParts([good[0], good[0]])
                == "DIR/m-00002-of-00002.gguf says it is part 1 of 2 (split.no, split.count), expected 2 of 2")
        var twice = good
        twice[1].tensors = good[0].tensors
        #expect(
            try openParts(twice)
                == "DIR/m-00001-of-00002.gguf and DIR/m-00002-of-00002.gguf both have the tensor token_embd.weight")
        var more = good
        more[0].set("split.tensors.count", type: 5, littleEndian(Int32(3)))
        #expect(
            try openParts(more)
                == "the parts of DIR/m-00001-of-00002.gguf have 2 tensors, expected 3 (split.tensors.count)")
    }

    // MARK: Damage

    struct Case: Sendable {
        let message: String
        let change: @Sendable (inout GGUFBytes) -> Void

        init(_ message: String, _ change: @escaping @Sendable (inout GGUFBytes) -> Void) {
            self.message = message
            self.change = change
        }
    }

    @Test(
        "what is wrong is told in a sentence",
        arguments: [
            Case("F has the GGUF version 1, expected 2 or 3") { $0.version = 1 },
            Case("F has the GGUF version 50331648, expected 2 or 3\n hint: the file is big-endian") {
                $0.version = 3 << 24
            },
            Case("F has the key qwen2.block_count twice") { $0.add("qwen2.block_count", 1) },
            Case("F has the tensor output_norm.weight twice") { $0.tensors.append($0.tensors[1]) },
            Case("F has 18446744073709551615 tensors at byte 8") { $0.tensorCount = .max },
            Case("F has 18446744073709551615 keys at byte 16") { $0.keyCount = .max },
            Case("F has x of the unknown type 13") { $0.add("x", type: 13, []) },
            Case("F has a list of lists as x, which is not read") {
                $0.add("x", type: 9, littleEndian(UInt32(9)) + littleEndian(UInt64(0)))
            },
            Case("general.alignment is 24 in F, expected a power of two") { $0.add("general.alignment", 24) },
            Case("general.alignment is 0 in F, expected a power of two") { $0.add("general.alignment", 0) },
            Case("general.alignment is a text in F, expected a whole number of at most 63 bits") {
                $0.add("general.alignment", text: "32")
            },
            Case("qwen2.block_count is the number 1.0 in F, expected a whole number of at most 63 bits") {
                $0.set("qwen2.block_count", type: 6, littleEndian(Float(1).bitPattern))
            },
            Case(
                "qwen2.block_count is the whole number 18446744073709551615 in F, expected a whole number of at most 63 bits"
            ) { $0.set("qwen2.block_count", type: 10, littleEndian(UInt64.max)) },
            Case("F: there is no qwen2.embedding_length") { $0.remove("qwen2.embedding_length") },
            Case("F: num_hidden_layers: 0 is not within 1 ... 16384") {
                $0.set("qwen2.block_count", type: 4, littleEndian(UInt32(0)))
            },
            Case("F: there is no general.architecture") { $0.remove("general.architecture") },
            Case(
                "F describes the architecture bert, which is not implemented\n hint: implemented: qwen2, qwen3, llama, smollm3"
            ) {
                $0.set("general.architecture", type: 8, GGUFBytes.text("bert"))
            },
            Case("F: qwen2.expert_count is 4; only 0 is implemented") { $0.add("qwen2.expert_count", 4) },
            Case("F: qwen2.rope.scaling.type is \"longrope\"; only \"none\", \"linear\" or \"yarn\" is implemented") {
                $0.add("qwen2.rope.scaling.type", text: "longrope")
            },
            Case("F: qwen2.rope.scaling.attn_factor is 2.0; only 1 is implemented") {
                $0.add("qwen2.rope.scaling.type", text: "yarn")
                $0.add("qwen2.rope.scaling.factor", number: 4)
                $0.add("qwen2.rope.scaling.attn_factor", number: 2)
            },
            Case("F: long_factor: 3 are given, expected 1, half of head_dim") {
                $0.tensors.append(GGUFBytes.Tensor("rope_freqs.weight", [3], floats: [1, 2, 3]))
            },
            Case("F: qwen2.rope.scaling.yarn_attn_factor is 0.5; only 1 is implemented") {
                $0.add("qwen2.rope.scaling.yarn_attn_factor", number: 0.5)
            },
            Case("F: qwen2.rope.scaling.yarn_ext_factor is 0.0; only 1 is implemented") {
                $0.add("qwen2.rope.scaling.type", text: "yarn")
                $0.add("qwen2.rope.scaling.factor", number: 4)
                $0.add("qwen2.rope.scaling.yarn_ext_factor", number: 0)
            },
            Case("F: the key qwen2.rope.scaling.alpha is not supported") {
                $0.add("qwen2.rope.scaling.alpha", number: 2)
            },
            Case("F: rope_freqs.weight: 0.0 is not within 0.001 ... 1000000") {
                $0.tensors.append(GGUFBytes.Tensor("rope_freqs.weight", [1], floats: [0]))
            },
            Case("F: there are both qwen2.rope.scaling.factor, 4.0, and the tensor rope_freqs.weight") {
                $0.add("qwen2.rope.scaling.factor", number: 4)
                $0.tensors.append(GGUFBytes.Tensor("rope_freqs.weight", [1], floats: [1]))
            },
            Case("F has no tensor token_embd.weight") { $0.tensors.removeFirst() },
            Case(
                "x is stored as IQ2_XS in F, which is not read\n hint: types that are read: "
                    + "F32, BF16, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL"
            ) {
                $0.tensors.append(GGUFBytes.Tensor("x", [256], type: 17, data: []))
            },
            Case("x in F has the unknown type 4") {
                $0.tensors.append(GGUFBytes.Tensor("x", [256], type: 4, data: []))
            },
            Case("F has x with 5 axes, expected 1 to 4") {
                $0.tensors.append(GGUFBytes.Tensor("x", [1, 1, 1, 1, 1], type: 0, data: [0, 0, 0, 0]))
            },
            Case("x in F has the impossible shape [16] for Q8_0") {
                $0.tensors.append(GGUFBytes.Tensor("x", [16], type: 8, data: []))
            },
            Case("x in F has the impossible shape [0] for F32") {
                $0.tensors.append(GGUFBytes.Tensor("x", [0], type: 0, data: []))
            },
            Case("x in F has the impossible shape [4611686018427387904, 4] for F32") {
                $0.tensors.append(GGUFBytes.Tensor("x", [1 << 62, 4], type: 0, data: []))
            },
            Case("F has 18446744073709551615 as a length of x at byte 478") {
                $0.tensors.append(GGUFBytes.Tensor("x", [.max], type: 0, data: []))
            },
            Case("x in F begins at byte 161 of the data, expected a multiple of 32") {
                $0.tensors.append(GGUFBytes.Tensor("x", [1], type: 0, data: [0, 0, 0, 0], offset: 161))
            },
            Case("output_norm.weight in F overlaps token_embd.weight: it begins at byte 576, expected 608 or later") {
                $0.tensors[1].offset = 96
            },
            Case(
                "F is truncated or its table is wrong: it has 160 bytes of data, x takes 400 from byte 9223372036854775776 on"
            ) { $0.tensors.append(GGUFBytes.Tensor("x", [100], type: 0, data: [], offset: .max >> 1 - 31)) },
            Case("F has model.norm.weight and output_norm.weight, which name the same weight") {
                $0.tensors.insert(GGUFBytes.Tensor("model.norm.weight", [1], floats: [1]), at: 0)
            },
        ])
    func wrong(_ wrong: Case) throws {
        var file = smallFile()
        wrong.change(&file)
        try withTemporaryDirectory { directory in
            try write(Data(file.bytes), to: directory + "/F")
            #expect(
                description(in: directory) { _ = try Checkpoint(directory: directory + "/F") }
                    .replacingOccurrences(of: "DIR/", with: "") == wrong.message)
        }
    }

    @Test("a file that was cut anywhere is refused in one sentence")
    func truncation() throws {
        let whole = smallFile().bytes
        try withTemporaryDirectory { directory in
            let path = directory + "/m.gguf"
            for count in 0..<whole.count - 16 {  // the last tensor's padding may go
                try write(Data(whole.prefix(count)), to: path)
                let message = description(in: directory) { _ = try Checkpoint(directory: path) }
                #expect(
                    message.contains("DIR/m.gguf is truncated") || message == "DIR/m.gguf does not begin with GGUF",
                    "\(count) bytes: \(message)")
            }
            try write(Data(whole.dropLast(16)), to: path)
            #expect(description(in: directory) { _ = try Checkpoint(directory: path) } == "no error")
        }
    }

    @Test("Gemma is refused with what it has that is not implemented", arguments: ["gemma", "gemma2", "gemma3"])
    func gemma(name: String) throws {
        var file = smallFile()
        file.set("general.architecture", type: 8, GGUFBytes.text(name))
        try withTemporaryDirectory { directory in
            try write(Data(file.bytes), to: directory + "/m.gguf")
            let message = description(in: directory) { _ = try Checkpoint(directory: directory + "/m.gguf") }
            #expect(
                message.hasPrefix(
                    "DIR/m.gguf describes the architecture \(name), which is not implemented\n hint: Gemma"))
            #expect(message.contains("GELU") && message.hasSuffix("none of which is implemented"))
        }
    }

    /// A mutated file must be refused with a `CheckpointError`, or open and be readable to the last byte.
    @Test("random damage never traps", arguments: 0..<4)
    func damage(seed: Int) throws {
        let whole = smallFile().bytes
        let head = whole.count - 160
        try withTemporaryDirectory { directory in
            let path = directory + "/m.gguf"
            var stream = RandomStream(.bootstrap, seed: UInt64(seed))
            var refused = 0
            let cases = fuzzCases(2000) / 4
            for _ in 0..<cases {
                var bytes = whole
                for _ in 0...stream.below(3) {
                    let place = stream.below(head)
                    switch stream.below(4) {
                    case 0: bytes[place] = stream.pick([0, 1, 2, 8, 9, 0x7F, 0x80, 0xFF])
                    case 1: bytes[place] ^= 1 << UInt8(stream.below(8))
                    case 2: bytes.insert(UInt8(stream.below(256)), at: place)
                    default: bytes.remove(at: place)
                    }
                }
                try write(Data(bytes), to: path)
                do {
                    let model = try Checkpoint(directory: path)
                    _ = try model.tensor("model.norm.weight", [4]).floats()
                    _ = try model.fingerprint()
                } catch is CheckpointError {
                    refused += 1
                }
            }
            #expect(refused > cases / 2)
        }
    }

    private func open<Result>(_ file: GGUFBytes, _ body: (Checkpoint) throws -> Result) throws -> Result {
        try withTemporaryDirectory { directory in
            try write(Data(file.bytes), to: directory + "/model.gguf")
            return try body(Checkpoint(directory: directory + "/model.gguf"))
        }
    }
}
