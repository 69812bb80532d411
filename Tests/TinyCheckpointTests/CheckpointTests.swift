import Foundation
import Testing
import TinyTestSupport
import TinyCheckpoint

@Suite("Model directories")
struct CheckpointTests {
    @Test("a written directory loads with the same configuration and weights")
    func roundTrip() throws {
        try withTemporaryDirectory { directory in
            let model = directory + "/new/model"
            try CheckpointWriter.write(configuration: smallConfiguration, tensors: smallTensors, to: model)
            let checkpoint = try Checkpoint(directory: model)
            #expect(checkpoint.configuration == smallConfiguration)
            #expect(checkpoint.contains("model.norm.weight") && !checkpoint.contains("lm_head.weight"))
            #expect(try checkpoint.tensor("model.norm.weight", [4]).floats() == [1, 2, 3, 4])
            var copied = [Float](repeating: .nan, count: 32)
            let table = try checkpoint.tensor("model.embed_tokens.weight", [8, 4])
            copied.withUnsafeMutableBufferPointer { if let start = $0.baseAddress { table.copy(into: start) } }
            #expect(copied == (0..<32).map { Float($0) / 8 })
            #expect(table.withBytes { $0.count } == 64)
        }
    }

    @Test(
        "other weights of a model keep its configuration but for the name of their type",
        arguments: [
            (#""dtype": "bfloat16""#, #""dtype": "float32""#),
            (#""torch_dtype":"bfloat16""#, #""torch_dtype":"float32""#),
            (#""torch_dtype": "float16", "dtype": null"#, #""torch_dtype": "float32", "dtype": null"#),
            (#""dtype": {"text_config": "bfloat16"}"#, #""dtype": {"text_config": "bfloat16"}"#),
            (#""use_cache": true"#, #""use_cache": true"#),
        ])
    func otherWeights(named: String, expected: String) throws {
        func configuration(_ entry: String) -> String {
            """
            {"architectures": ["Qwen2ForCausalLM", "Other"], "auto_map": {"AutoConfig": "code.Configuration"},
              "pad_token_id": 7, \(entry), "rope_theta": 1e6, "initializer_range": 0.020, "inner": {"dtype": "bfloat16"},
             "vocab_size": 8, "hidden_size": 4, "intermediate_size": 6, "num_hidden_layers": 1, "num_attention_heads": 2,
             "sliding_window": 32768, "use_sliding_window": false, "é": "\\u00e9"}
            """
        }
        try withTemporaryDirectory { directory in
            let model = directory + "/model", copy = directory + "/copy"
            try CheckpointWriter.write(configuration: smallConfiguration, tensors: smallTensors, to: model)
            try write(configuration(named), to: model + "/config.json")
            let checkpoint = try Checkpoint(directory: model)
            func written(_ tensors: [TensorToWrite]) throws -> String {
                try CheckpointWriter.write(tensors, of: checkpoint, to: copy)
                return String(decoding: try read(copy + "/config.json"), as: UTF8.self)
            }
            let whole = TensorToWrite(name: "a", shape: [1], floats: [1])
            #expect(try written([whole]) == configuration(expected))
            #expect(try Checkpoint(directory: copy).configuration == checkpoint.configuration)
            // Where the types differ, there is no name for them.
            #expect(try written(smallTensors + [whole]) == configuration(named))
        }
    }

    @Test("weights may be spread over several files")
    func shards() throws {
        try withTemporaryDirectory { directory in
            try writeSharded(smallTensors, to: directory)
            let checkpoint = try Checkpoint(directory: directory)
            #expect(try checkpoint.tensor("model.norm.weight", [4]).floats() == [1, 2, 3, 4])
            #expect(try checkpoint.tensor("model.embed_tokens.weight", [8, 4]).floats()[31] == 31 / 8)
        }
    }

    @Test("end-of-text tokens come from generation_config.json where it names any")
    func generationTokens() throws {
        try withTemporaryDirectory { directory in
            try CheckpointWriter.write(configuration: smallConfiguration, tensors: smallTensors, to: directory)
            try write(#"{"eos_token_id": [5, 6], "temperature": 0.7}"#, to: directory + "/generation_config.json")
            #expect(try Checkpoint(directory: directory).configuration.endOfText == [5, 6])
            try write("{}", to: directory + "/generation_config.json")
            #expect(try Checkpoint(directory: directory).configuration.endOfText == [1])
        }
    }

    @Test("a wrong tensor is answered with a sentence")
    func wrongTensors() throws {
        try withTemporaryDirectory { directory in
            try CheckpointWriter.write(configuration: smallConfiguration, tensors: smallTensors, to: directory)
            let checkpoint = try Checkpoint(directory: directory)
            func message(_ name: String, _ shape: [Int]) -> String {
                description(in: directory) { _ = try checkpoint.tensor(name, shape) }
            }
            #expect(
                message("model.embed_tokens.weight", [4, 8])
                    == "model.embed_tokens.weight is [8, 4] in DIR/model.safetensors, expected [4, 8]\n"
                    + " hint: the matrix may be stored transposed")
            #expect(
                message("model.norm.weight", [5]) == "model.norm.weight is [4] in DIR/model.safetensors, expected [5]")
            #expect(message("lm_head.weight", [8, 4]) == "DIR has no tensor lm_head.weight")
            #expect(
                message("norm.weight", [4])
                    == "DIR has no tensor norm.weight\n hint: there is a tensor model.norm.weight")
        }
    }

    @Test("a tensor of a type that is not read is found wherever it is")
    func unreadType() throws {
        try withTemporaryDirectory { directory in
            try write(smallConfiguration.json(), to: directory + "/config.json")
            let header =
                #"{"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}, "#
                + #""b": {"dtype": "F64", "shape": [1], "data_offsets": [4, 12]}}"#
            try write(safetensors(header: header, dataCount: 12), to: directory + "/model.safetensors")
            let checkpoint = try Checkpoint(directory: directory)
            #expect(
                description(in: directory) { _ = try checkpoint.arithmetic }
                    == "b is stored as F64 in DIR/model.safetensors, expected F32, BF16 or F16")
        }
    }

    @Test("a broken directory is answered with a sentence")
    func brokenDirectories() throws {
        try withTemporaryDirectory { directory in
            func message(_ path: String = directory) -> String {
                description(in: directory) { _ = try Checkpoint(directory: path) }
            }
            #expect(message(directory + "/x") == "cannot read the model directory DIR/x: No such file or directory")
            #expect(message() == "cannot read DIR/config.json: No such file or directory")
            #expect(message(directory + "/config.json").hasPrefix("cannot read the model directory DIR/config.json"))
            try write(smallConfiguration.json(), to: directory + "/config.json")
            #expect(message(directory + "/config.json") == "DIR/config.json is a file, expected a model directory")
            #expect(message() == "DIR has neither model.safetensors nor model.safetensors.index.json")
            try write("", to: directory + "/pytorch_model.bin")
            #expect(
                message() == "DIR has neither model.safetensors nor model.safetensors.index.json\n"
                    + " hint: the weights are in PyTorch's own format; transformers' save_pretrained writes safetensors"
            )
            let index = directory + "/model.safetensors.index.json"
            try write("{}", to: index)
            #expect(message() == "DIR/model.safetensors.index.json has no weight_map")
            try write(#"{"weight_map": {"a": 1}}"#, to: index)
            #expect(message() == "weight_map.a in DIR/model.safetensors.index.json is 1, expected a string")
            try write(#"{"weight_map": {"a": "../b.safetensors"}}"#, to: index)
            #expect(
                message() == "DIR/model.safetensors.index.json puts a into \"../b.safetensors\", "
                    + "which is no safetensors file beside it")
            try write(#"{"weight_map": {"a": "b.safetensors"}}"#, to: index)
            #expect(message() == "cannot read DIR/b.safetensors: No such file or directory")
            try SafetensorsWriter.write(smallTensors, metadata: [:], to: directory + "/b.safetensors")
            #expect(
                message()
                    == "DIR/b.safetensors has no tensor a, which DIR/model.safetensors.index.json says it holds")
        }
    }

    @Test("a configuration that breaks a rule is not written")
    func invalidConfiguration() throws {
        try withTemporaryDirectory { directory in
            var configuration = smallConfiguration
            configuration.headDimension = 3
            let model = directory + "/m"
            #expect(
                description(in: directory) {
                    try CheckpointWriter.write(configuration: configuration, tensors: smallTensors, to: model)
                } == "cannot write the model DIR/m: head_dim: 3 is odd, and rotary embedding turns pairs")
            let left = try FileManager.default.contentsOfDirectory(atPath: directory)
            #expect(left.isEmpty)
        }
    }
}

/// Writes each tensor into a file of its own, with an index.
func writeSharded(_ tensors: [TensorToWrite], to directory: String) throws {
    try write(smallConfiguration.json(), to: directory + "/config.json")
    var entries: [String] = []
    for (number, tensor) in tensors.enumerated() {
        let name = "model-\(number).safetensors"
        try SafetensorsWriter.write([tensor], metadata: ["number": "\(number)"], to: "\(directory)/\(name)")
        entries.append("\"\(tensor.name)\": \"\(name)\"")
    }
    let index = #"{"metadata": {"total_size": 72}, "weight_map": {\#(entries.joined(separator: ", "))}}"#
    try write(index, to: directory + "/model.safetensors.index.json")
}
