import Foundation
import Testing

/// A fault of a model, and the finding that must name it.
struct PlantedFault: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var outcome: String
    var subject: String
    /// What the message or the advice has to name.
    var naming: [String]
    var apply: @Sendable (ModelFolder) throws -> Void

    init(
        _ description: String, _ outcome: String, _ subject: String, naming: [String],
        _ apply: @escaping @Sendable (ModelFolder) throws -> Void
    ) {
        testDescription = description
        self.outcome = outcome
        self.subject = subject
        self.naming = naming
        self.apply = apply
    }

    private static let down = "model.layers.1.mlp.down_proj.weight"

    private static func edit(
        _ name: String, _ change: @escaping @Sendable (inout SafetensorsFile.Tensor) -> Void
    ) -> @Sendable (ModelFolder) throws -> Void {
        { model in
            try model.editTensors { tensors in
                let index = try #require(tensors.firstIndex { $0.name == name })
                change(&tensors[index])
            }
        }
    }

    /// Of the fixture with tied embeddings, which is 2 layers of 64 with a feed-forward width of 112.
    static let ofDirectories: [PlantedFault] = [
        PlantedFault(
            "a missing tensor", "problem", "weights", naming: [down],
            { model in try model.editTensors { $0.removeAll { $0.name == down } } }),
        PlantedFault(
            "many missing tensors", "problem", "weights", naming: ["model.layers.1.", "and 8 more"],
            { model in try model.editTensors { $0.removeAll { $0.name.hasPrefix("model.layers.1.") } } }),
        PlantedFault(
            "a tensor that is not used", "problem", "weights", naming: ["model.extra.weight"],
            { model in
                try model.editTensors {
                    $0.append(.init(name: "model.extra.weight", type: "F32", shape: [1], bytes: Data(count: 4)))
                }
            }),
        PlantedFault(
            "a transposed tensor", "problem", "weights", naming: [down, "[112, 64]", "[64, 112]", "transposed"],
            edit(down) { $0.shape = [112, 64] }),
        PlantedFault(
            "integers", "problem", "weights", naming: [down, "I32"], edit(down) { $0.type = "I32" }),
        PlantedFault(
            "a NaN", "problem", "weights", naming: [down, "1 number", "(nan) at [2, 5]"],
            edit(down) { $0.bytes.replaceSubrange(4 * 229..<4 * 230, with: [0, 0, 0xC0, 0x7F]) }),
        PlantedFault(
            "infinities in a vector", "problem", "weights",
            naming: ["model.norm.weight", "2 numbers", "(-inf) at [7]"],
            edit("model.norm.weight") {
                $0.bytes.replaceSubrange(28..<32, with: [0, 0, 0x80, 0xFF])
                $0.bytes.replaceSubrange(40..<44, with: [0, 0, 0x80, 0x7F])
            }),
        PlantedFault(
            "zeros", "warning", "weights", naming: [down, "only zeros"],
            edit(down) { $0.bytes = Data(count: $0.bytes.count) }),
        PlantedFault(
            "a cut weights file", "problem", "weights", naming: ["model.safetensors", "truncated"],
            { model in try model.editBytes { $0.removeLast(9) } }),
        PlantedFault(
            "no weights", "problem", "weights", naming: ["model.safetensors"], { try $0.remove("model.safetensors") }),
        PlantedFault(
            "another number of layers", "problem", "weights", naming: ["model.layers.1.", "num_hidden_layers is 1"],
            { model in
                try model.edit {
                    $0["num_hidden_layers"] = 1
                    $0["layer_types"] = nil
                }
            }),
        PlantedFault(
            "a head of its own beside tied embeddings", "problem", "weights",
            naming: ["lm_head.weight", "tie_word_embeddings"],
            { model in
                try model.editTensors { tensors in
                    var head = try #require(tensors.first { $0.name == "model.embed_tokens.weight" })
                    head.name = "lm_head.weight"
                    head.bytes[0] ^= 1
                    tensors.append(head)
                }
            }),
        PlantedFault(
            "no configuration", "problem", "configuration", naming: ["config.json"], { try $0.remove("config.json") }),
        PlantedFault(
            "an unknown family", "problem", "configuration", naming: ["MambaForCausalLM"],
            { model in
                try model.edit {
                    $0["architectures"] = ["MambaForCausalLM"]
                    $0["model_type"] = "mamba"
                }
            }),
        PlantedFault(
            "a generation_config.json that is not JSON", "problem", "generation", naming: ["generation_config.json"],
            { try $0.write("generation_config.json", "{") }),
        PlantedFault(
            "stop tokens that cannot occur", "problem", "stop", naming: ["[97, 200]", "eos_token_id"],
            { model in
                try model.write("generation_config.json", #"{"eos_token_id": [200, 97]}"#)
                try model.remove("tokenizer_config.json")
            }),
        PlantedFault(
            "one stop token that cannot occur", "warning", "stop", naming: ["200", "97"],
            { try $0.write("generation_config.json", #"{"eos_token_id": [96, 200]}"#) }),
        PlantedFault(
            "no stop token", "problem", "stop", naming: ["no stop token is named", "eos_token_id"],
            { model in
                try model.edit { $0["eos_token_id"] = NSNull() }
                try model.remove("tokenizer_config.json")
            }),
        PlantedFault(
            "no tokenizer", "problem", "tokenizer", naming: ["tokenizer.json"], { try $0.remove("tokenizer.json") }),
        PlantedFault(
            "a tokenizer of another kind", "problem", "tokenizer", naming: ["tokenizer.json", "Unigram"],
            { model in
                try model.edit("tokenizer.json") { file in
                    var inner = try #require(file["model"] as? [String: Any])
                    inner["type"] = "Unigram"
                    file["model"] = inner
                }
            }),
        PlantedFault(
            "a tokenizer with more tokens than the model", "problem", "tokenizer", naming: ["98", "97"],
            { model in
                try model.edit("tokenizer.json") { file in
                    var added = try #require(file["added_tokens"] as? [[String: Any]])
                    added.append(["id": 97, "content": "<more>", "special": true])
                    file["added_tokens"] = added
                }
            }),
        PlantedFault(
            "a tokenizer that loses text", "problem", "tokenizer", naming: ["not the same after encoding and decoding"],
            { model in
                try model.edit("tokenizer.json") { file in
                    var inner = try #require(file["model"] as? [String: Any])
                    var vocabulary = try #require(inner["vocab"] as? [String: Any])
                    let id = vocabulary.removeValue(forKey: "w")
                    vocabulary["unreachable"] = id
                    inner["vocab"] = vocabulary
                    file["model"] = inner
                }
            }),
        PlantedFault(
            "a chat template with an error", "problem", "template", naming: ["chat_template.jinja"],
            { try $0.write("chat_template.jinja", "{% for message in messages %}{{ message.content }}") }),
        PlantedFault(
            "a chat template that refuses every conversation", "problem", "template", naming: ["no such thing"],
            { try $0.write("chat_template.jinja", "{{ raise_exception('no such thing') }}") }),
        PlantedFault(
            "a chat template without the question", "problem", "template", naming: ["leaves out the user's message"],
            { try $0.write("chat_template.jinja", "<|user|>") }),
    ]

    /// Of `gguf/model.gguf`, by texts of the same length.
    static let ofFiles: [PlantedFault] = [
        PlantedFault(
            "a tensor under another name", "problem", "weights",
            naming: ["has no tensor model.layers.2.mlp.down_proj.weight"],
            { try $0.replace("blk.2.ffn_down", "blk.3.ffn_down") }),
        PlantedFault(
            "an extra tensor", "problem", "weights", naming: ["does not use: model.layers.3.mlp.down_proj.weight"],
            { try $0.replace("blk.2.ffn_down", "blk.3.ffn_down") }),
        PlantedFault(
            "a block with a scale that is not a number", "problem", "weights",
            naming: ["model.layers.2.mlp.down_proj.weight", "256 numbers", "(nan) at [31, 0]"],
            { model in try model.editFile { $0.replaceSubrange($0.count - 2..<$0.count, with: [0, 0x7E]) } }),
        PlantedFault(
            "a cut file", "problem", "files", naming: ["truncated"],
            { model in try model.editFile { $0.removeLast(40) } }),
        PlantedFault(
            "a tokenizer of another kind", "problem", "tokenizer", naming: ["\"bert\""],
            { try $0.replace("gpt2", "bert") }),
        PlantedFault(
            "no stop token", "problem", "stop", naming: ["tokenizer.ggml.eos_token_id"],
            { try $0.replace("tokenizer.ggml.eos_token_id", "tokenizer.ggml.xos_token_id") }),
        PlantedFault(
            "a chat template with an error", "problem", "template", naming: ["endfoo"],
            { try $0.replace("endfor", "endfoo") }),
    ]
}

extension ModelFolder {
    fileprivate var file: URL { url.appendingPathComponent("model.gguf") }

    fileprivate func editFile(_ change: (inout Data) -> Void) throws {
        var bytes = try Data(contentsOf: file)
        change(&bytes)
        try bytes.write(to: file)
    }

    fileprivate func replace(_ text: String, _ other: String) throws {
        let place = try #require(try Data(contentsOf: file).range(of: Data(text.utf8)))
        try editFile { $0.replaceSubrange(place, with: Data(other.utf8)) }
    }
}

@Suite("tinylora doctor", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
struct DoctorTests {
    private typealias Finding = (outcome: String, subject: String, text: String)

    private func findings(_ outcome: Outcome) throws -> [Finding] {
        let record = try outcome.json()
        return try #require(record["findings"] as? [[String: Any]]).map { finding in
            let text = ["message", "advice"].compactMap { finding[$0] as? String }.joined(separator: "; ")
            return (
                try #require(finding["outcome"] as? String), try #require(finding["subject"] as? String), text
            )
        }
    }

    private func check(_ fault: PlantedFault, _ path: String, in scratch: Scratch) throws {
        let outcome = try Executable.run(["doctor", "--model", path, "--json"], in: scratch)
        #expect(!outcome.wasKilled && outcome.errors.isEmpty, "\(outcome)")
        let found = try findings(outcome)
        let isNamed = found.contains { finding in
            finding.outcome == fault.outcome && finding.subject == fault.subject
                && fault.naming.allSatisfy { finding.text.contains($0) }
        }
        #expect(isNamed, "expected \(fault.naming) in \(found)")
        #expect(outcome.status == (found.contains { $0.outcome == "problem" } ? 1 : 0), "\(outcome)")
    }

    @Test("names each fault of a directory", arguments: PlantedFault.ofDirectories)
    func directories(fault: PlantedFault) throws {
        let scratch = try Scratch(), model = try scratch.model()
        try fault.apply(model)
        try check(fault, model.path, in: scratch)
    }

    @Test("names each fault of a GGUF file", arguments: PlantedFault.ofFiles)
    func files(fault: PlantedFault) throws {
        let scratch = try Scratch(), model = ModelFolder(url: scratch.folder)
        try FileManager.default.copyItem(at: Self.gguf, to: model.file)
        try fault.apply(model)
        try check(fault, model.file.path, in: scratch)
    }

    private static let gguf = Fixture.tied.folder.deletingLastPathComponent().appendingPathComponent("gguf/model.gguf")

    @Test("names all faults at once")
    func allFaults() throws {
        let scratch = try Scratch(), model = try scratch.model()
        let planted = ["a NaN", "a tensor that is not used", "no tokenizer", "a chat template with an error"]
        for fault in PlantedFault.ofDirectories where planted.contains(fault.testDescription) {
            try fault.apply(model)
        }
        let found = try findings(try Executable.run(["doctor", "--model", model.path, "--json"], in: scratch))
        let problems = found.filter { $0.outcome == "problem" }.map(\.subject)
        #expect(problems == ["weights", "weights", "tokenizer", "template"], "\(found)")
    }

    @Test("a model without faults has no problem", arguments: [Fixture.tied.folder, gguf])
    func healthy(model: URL) throws {
        let scratch = try Scratch()
        let outcome = try Executable.run(["doctor", "--model", model.path], in: scratch)
        expectSuccess(outcome)
        #expect(outcome.output.contains("\n0 problems, "), "\(outcome)")
        for subject in ["configuration", "weights", "tokenizer", "stop", "template"] {
            #expect(outcome.output.contains("ok       \(subject)"), "\(subject) in \(outcome)")
        }
    }

    @Test("shows the machine without a model")
    func machine() throws {
        let scratch = try Scratch()
        let outcome = try Executable.run(["doctor", "--json"], in: scratch)
        expectSuccess(outcome)
        let machine = try #require(try outcome.json()["machine"] as? [String: Any])
        for key in ["cores", "memory"] { #expect((machine[key] as? Int ?? 0) > 0, "\(key)") }
        #expect((machine["available_instructions"] as? [String])?.contains("plain") == true)
        let cache = try #require((machine["caches"] as? [[String: Any]])?.first)
        #expect(cache["path"] as? String == scratch.path("cache/tinylora"))
        #expect(cache["exists"] as? Bool == false)
    }
}
