import Foundation
import Testing
import TinyAdapter
import TinyCheckpoint
import TinyFoundation
import TinyModel
import TinyRuns
import TinyTemplates
import TinyTestSupport
import TinyText

/// Exports through the door that the command uses.
@Suite("Exporting an adapter")
struct AdapterExportTests {
    private func fixture(_ name: String) -> String { fixtures(of: name).path }

    private func adapter(of model: some AdaptableModel, _ design: any AdapterDesign, scale: Float) throws -> AdapterFile
    {
        try model.adapter(
            design, values: (0..<design.parameterCount).map { scale * Float($0 % 5 - 2) }, type: .float32)
    }

    private func tinyLoRA(_ model: some AdaptableModel) throws -> TinyLoRADesign {
        TinyLoRADesign(
            plan: try AdapterPlan(
                modules: model.checkpoint.configuration.modules, rank: 2, u: 2, tying: .tiled(modulesPerGroup: 5)),
            seed: 3)
    }

    @Test("merged gives a model that scores as the adapter does")
    func merged() async throws {
        try await withTemporaryDirectory { folder in
            let loaded = try LoadedModel(directory: fixture("qwen2-untied"), arithmetic: .float32)
            let adapter = try adapter(of: loaded, tinyLoRA(loaded), scale: 0.4)
            let result = try loaded.export(adapter, as: .merged, to: folder + "/merged", threads: 1, cache: nil)
            let merge = try #require(result.merge)
            #expect(merge.kept > 0.999 && merge.kept < 1.001 && merge.unchangedShare < 0.01, "\(merge)")
            let merged = try LoadedModel(directory: folder + "/merged", arithmetic: .float32)
            let tokens = [1, 5, 9, 2, 30, 17, 8]
            let found = try await merged.logprobs(of: tokens, nil)
            let expected = try await loaded.logprobs(of: tokens, adapter)
            let untrained = try await loaded.logprobs(of: tokens, nil)
            #expect(largestDifference(found, expected.map { Double($0) }) <= 1e-4)
            #expect(largestDifference(found, untrained.map { Double($0) }) > 0.01)
        }
    }

    @Test(
        "merged has each changed weight rounded once, in its stored type, and all others as they were",
        arguments: ["qwen2-untied", "qwen2-tied-bf16", "gguf/model.gguf"])
    func mergedNumbers(model: String) throws {
        try withTemporaryDirectory { folder in
            let original = try UnloadedModel(directory: fixture(model)), base = original.checkpoint
            let adapter = try adapter(of: original, tinyLoRA(original), scale: 0.4)
            _ = try original.export(adapter, as: .merged, to: folder, threads: 1, cache: nil)
            let method = try original.method(adapter.design, initialSeed: 0, threads: 1, cache: nil)
            guard case .change(let change) = method.effect(of: adapter.values) else {
                Issue.record("TinyLoRA is a change")
                return
            }
            let names = change.factors.modules.map { $0.name + ".weight" }, rank = change.factors.rank
            let merged = try Checkpoint(directory: folder)
            for parameter in base.configuration.parameterShapes {
                let before = try base.tensor(parameter.name, parameter.shape)
                let after = try merged.tensor(parameter.name, parameter.shape)
                let type: ElementType = model.hasSuffix(".gguf") ? .bfloat16 : try #require(before.type)
                var expected = before.floats().map(type.rounded)
                if let position = names.firstIndex(of: parameter.name) {
                    let b = change.outputFactor(of: position), a = change.factors.factors[position].a
                    let inputs = parameter.shape[1]
                    for index in expected.indices {
                        let (row, column) = index.quotientAndRemainder(dividingBy: inputs)
                        let delta = (0..<rank).reduce(0.0) {
                            $0 + Double(b[row * rank + $1]) * Double(a[$1 * inputs + column])
                        }
                        expected[index] = type.rounded(Float(Double(expected[index]) + delta))
                    }
                }
                #expect(after.type == type, "\(parameter.name)")
                #expect(firstDifference(after.floats(), expected) == nil, "\(parameter.name)")
            }
        }
    }

    @Test("merged into a GGUF file's weights is a directory with that file's tokenizer, template and stop tokens")
    func mergedFile() throws {
        try withTemporaryDirectory { folder in
            let original = try UnloadedModel(directory: fixture("gguf/model.gguf"))
            let adapter = try adapter(of: original, tinyLoRA(original), scale: 0.4)
            _ = try original.export(adapter, as: .merged, to: folder, threads: 1, cache: nil)
            let merged = try UnloadedModel(directory: folder)
            let theirs = try original.requireTokenizer(), ours = try merged.requireTokenizer()
            for text in ["12 apples", "Hi<|endoftext|>\n", "\u{E9}\u{1F600}"] {
                #expect(ours.encode(text) == theirs.encode(text))
            }
            #expect(ours.endOfTextID == theirs.endOfTextID && ours.beginningOfTextID == theirs.beginningOfTextID)
            #expect(merged.stopTokens == original.stopTokens)
            let template = try #require(try merged.chatTemplate()), expected = try #require(try original.chatTemplate())
            #expect(template.text == expected.text && template.specialTokens == expected.specialTokens)
        }
    }

    @Test("merged into bf16 weights tells how much of a small change rounding left")
    func lostInRounding() throws {
        try withTemporaryDirectory { folder in
            let original = try UnloadedModel(directory: fixture("qwen2-tied-bf16"))
            let small = try adapter(of: original, tinyLoRA(original), scale: 1e-5)
            let result = try original.export(small, as: .merged, to: folder + "/small", threads: 1, cache: nil)
            let merge = try #require(result.merge)
            #expect(merge.kept < 0.5 && merge.unchangedShare > 0.9, "\(merge)")
        }
    }

    @Test("refuses what a layout cannot hold, and another model's adapter, before anything is written")
    func refusals() throws {
        try withTemporaryDirectory { folder in
            let original = try UnloadedModel(directory: fixture("qwen2-untied"))
            let modules = original.checkpoint.configuration.modules
            let xs = try adapter(of: original, LoRAXSDesign(modules: modules, rank: 2), scale: 0.1)
            let output = folder + "/output"
            #expect(throws: RunError.self) {
                try original.export(xs, as: .peftTinyLoRA, to: output, threads: 1, cache: nil)
            }
            let other = try UnloadedModel(directory: fixture("qwen2-tied-bf16"))
            #expect(throws: AdapterError.self) {
                try other.export(xs, as: .peftLoRA, to: output, threads: 1, cache: nil)
            }
            #expect(!FileManager.default.fileExists(atPath: output))
        }
    }

    @Test("merged never replaces a model's files, and replaces its own")
    func mergedOverModel() throws {
        try withTemporaryDirectory { folder in
            func contents(_ path: String) throws -> [String: Data] {
                let names = try FileManager.default.contentsOfDirectory(atPath: path)
                return try Dictionary(uniqueKeysWithValues: names.map { ($0, try read("\(path)/\($0)")) })
            }
            let model = folder + "/model", other = folder + "/other"
            for copy in [model, other] {
                try FileManager.default.copyItem(atPath: fixture("qwen2-tied-bf16"), toPath: copy)
            }
            try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: model)
            let original = try UnloadedModel(directory: model), before = try contents(model)
            let adapter = try adapter(of: original, tinyLoRA(original), scale: 0.4)
            func export(to output: String) throws {
                _ = try original.export(adapter, as: .merged, to: output, threads: 1, cache: nil)
            }
            let snapshot = folder + "/models--a--b/snapshots/0123", tokenizer = folder + "/tokenizer"
            try FileManager.default.createDirectory(atPath: tokenizer, withIntermediateDirectories: true)
            try write("{}", to: tokenizer + "/tokenizer.json")
            for place in [model, model + "/", folder + "/link", other, snapshot, tokenizer] {
                let error = #expect(throws: RunError.self) { try export(to: place) }
                #expect(error?.code == .alreadyExists && error?.hint?.contains("--output") == true)
            }
            #expect(try contents(model) == before && contents(other) == before)
            #expect(try contents(tokenizer) == ["tokenizer.json": Data("{}".utf8)])
            #expect(!FileManager.default.fileExists(atPath: snapshot))
            try export(to: folder + "/merged")
            let merged = try contents(folder + "/merged")
            try export(to: folder + "/merged")
            #expect(try contents(folder + "/merged") == merged)
        }
    }

    @Test("merged has the configuration, the settings of sampling, and all files of the tokenizer and its templates")
    func mergedFiles() throws {
        try withTemporaryDirectory { folder in
            let model = folder + "/model", templates = "additional_chat_templates"
            try FileManager.default.copyItem(atPath: fixture("qwen2-tied-bf16"), toPath: model)
            try FileManager.default.createDirectory(atPath: "\(model)/\(templates)", withIntermediateDirectories: true)
            let texts = [
                "generation_config.json": #"{ "eos_token_id": [3, 5], "top_k": 20,  "temperature": 0.70 }"#,
                "added_tokens.json": "{}", "tokenizer.model": "pieces", "chat_template.json": "{}",
                "chat_template.jinja": "{{ messages }}", templates + "/tools.jinja": "{{ tools }}",
                "modeling_x.py": "class X: pass",
            ]
            for (name, text) in texts { try write(text, to: "\(model)/\(name)") }
            let original = try UnloadedModel(directory: model), output = folder + "/merged"
            _ = try original.export(
                adapter(of: original, tinyLoRA(original), scale: 0.4), as: .merged, to: output, threads: 1, cache: nil)
            for (name, text) in texts { #expect(try read("\(output)/\(name)") == Data(text.utf8), "\(name)") }
            #expect(try read(output + "/config.json") == read(model + "/config.json"))
            #expect(try UnloadedModel(directory: output).stopTokens == original.stopTokens)
        }
    }

    @Test("merged replaces the files of the model that was there, also those that the new one does not have")
    func replacedFiles() throws {
        try withTemporaryDirectory { folder in
            let plain = fixture("qwen2-tied-bf16"), other = folder + "/other", output = folder + "/merged"
            try FileManager.default.copyItem(atPath: plain, toPath: other)
            for name in ["chat_template.jinja", "modeling_x.py", "generation_config.json"] {
                try write("{}", to: "\(other)/\(name)")
            }
            func export(_ model: String, to output: String) throws {
                let original = try UnloadedModel(directory: model)
                _ = try original.export(
                    adapter(of: original, tinyLoRA(original), scale: 0.4), as: .merged, to: output, threads: 1,
                    cache: nil)
            }
            try export(other, to: output)
            try write("kept", to: output + "/notes.py")
            try export(plain, to: output)
            try export(plain, to: folder + "/fresh")
            let names = try FileManager.default.contentsOfDirectory(atPath: output)
            let fresh = try FileManager.default.contentsOfDirectory(atPath: folder + "/fresh")
            #expect(Set(names) == Set(fresh + ["notes.py"]))
            #expect(!names.contains("generation_config.json"))
            for name in fresh { #expect(try read("\(output)/\(name)") == read("\(folder)/fresh/\(name)"), "\(name)") }
        }
    }

    @Test("names a downloaded model by its repository, and another one by its path")
    func baseModelName() throws {
        try withTemporaryDirectory { folder in
            let snapshot = folder + "/models--org--model/snapshots/0123"
            try FileManager.default.createDirectory(
                atPath: folder + "/models--org--model/snapshots", withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: fixture("qwen2-tied-bf16"), toPath: snapshot)
            for (model, expected) in [
                (snapshot, "org/model"), (fixture("qwen2-tied-bf16"), fixture("qwen2-tied-bf16")),
            ] {
                let original = try UnloadedModel(directory: model)
                _ = try original.export(
                    adapter(of: original, tinyLoRA(original), scale: 0.4), as: .peftLoRA, to: folder + "/lora",
                    threads: 1,
                    cache: nil)
                #expect(try PEFTAdapter(directory: folder + "/lora").baseModel == expected)
            }
        }
    }
}
