import Foundation
import Testing
import TinyAdapter
import TinyCheckpoint
import TinyEngine
import TinyFoundation
import TinyModel
import TinyRuns
import TinyTestSupport

/// Adapters of PEFT through the door that the command uses, against what PEFT computes (`Scripts/make_peft_fixtures.py`).
@Suite("Importing an adapter")
struct AdapterImportTests {
    private struct Expected: Decodable {
        let tokens: [Int]
        let logprobs: [Double]
        let gradient: [Double]?
    }

    @Test("of PEFT computes what PEFT does, gradients included", arguments: ["lora", "rslora-bf16", "tinylora"])
    func agreesWithPEFT(name: String) async throws {
        let folder = fixtures(of: "peft/" + name).path
        let expected = try JSONDecoder().decode(Expected.self, from: read(folder + "/expected.json"))
        let loaded = try LoadedModel(directory: fixtures(of: "llama").path, arithmetic: .float32)
        let adapter = try loaded.adapter(at: folder)
        let found = try await loaded.logprobs(of: expected.tokens, adapter)
        // Both compute in float32; Tests/Fixtures/README.md has how far that is from float64.
        #expect(largestDifference(found, expected.logprobs) <= 1e-5)
        guard let gradient = expected.gradient else { return }
        let engine = try loaded.engine(adapter: adapter, threads: 1, cache: nil)
        let weight = -1 / Float(expected.tokens.count - 1)
        let sequence = ScoredSequence(prompt: [expected.tokens[0]], completion: Array(expected.tokens[1...]))
        let result = try await engine.gradients(
            of: [sequence], adapter: adapter.values, temperature: 1
        ) { _, logprobs in logprobs.map { _ in weight } }
        #expect(largestDifference(result.gradient, gradient) <= 1e-5)
    }

    @Test("comes back from an adapter file with the same numbers and bits", arguments: ["lora", "tinylora"])
    func stored(name: String) async throws {
        let loaded = try LoadedModel(directory: fixtures(of: "llama").path)
        let adapter = try loaded.adapter(at: fixtures(of: "peft/" + name).path)
        try await withTemporaryDirectory { folder in
            try adapter.write(to: folder + "/adapter.safetensors")
            let stored = try loaded.adapter(at: folder)
            #expect(stored == adapter)
            let before = try await loaded.logprobs(of: [1, 5, 9], adapter),
                after = try await loaded.logprobs(of: [1, 5, 9], stored)
            #expect(firstDifference(after, before) == nil)
        }
    }

    @Test("for a model of other shapes is refused, naming both")
    func otherModel() throws {
        let loaded = try LoadedModel(directory: fixtures(of: "mistral").path)
        let error = #expect(throws: AdapterError.self) { try loaded.adapter(at: fixtures(of: "peft/tinylora").path) }
        for word in ["adapter_model.safetensors", "q_proj [36, 24]", "mistral", "q_proj [24, 24]"] {
            #expect(error?.message.contains(word) == true, "\(word) in \(error?.message ?? "")")
        }
    }

    @Test(
        "of a peft-tinylora that was exported here scores with the same bits, and is exported to the same bytes",
        arguments: [Tying.untied, .full, .tiled(modulesPerGroup: 7), .tiled(modulesPerGroup: 4), .peft(groups: 3)])
    func exportedTinyLoRA(tying: Tying) async throws {
        let loaded = try LoadedModel(directory: fixtures(of: "llama").path)
        let plan = try AdapterPlan(modules: loaded.checkpoint.configuration.modules, rank: 2, u: 3, tying: tying)
        let adapter = try exported(TinyLoRADesign(plan: plan, seed: 5), loaded)
        try await withTemporaryDirectory { folder in
            try export(adapter, loaded, as: .peftTinyLoRA, to: folder + "/first")
            let found = try loaded.adapter(at: folder + "/first")
            let isTied = tying != .tiled(modulesPerGroup: 4)
            #expect(isTied == (found.values == adapter.values))
            let before = try await loaded.logprobs(of: [1, 5, 9, 2], adapter),
                after = try await loaded.logprobs(of: [1, 5, 9, 2], found)
            #expect(firstDifference(after, before) == nil)
            try export(found, loaded, as: .peftTinyLoRA, to: folder + "/second")
            let name = "/adapter_model.safetensors"
            #expect(try read(folder + "/first" + name) == read(folder + "/second" + name))
        }
    }

    @Test("of a peft-lora that was exported here scores as the adapter does")
    func exportedLoRA() async throws {
        let loaded = try LoadedModel(directory: fixtures(of: "llama").path)
        let modules = loaded.checkpoint.configuration.modules
        let adapter = try exported(try LoRAXSDesign(modules: modules, rank: 3), loaded)
        try await withTemporaryDirectory { folder in
            try export(adapter, loaded, as: .peftLoRA, to: folder)
            let found = try await loaded.logprobs(of: [1, 5, 9, 2], loaded.adapter(at: folder))
            let expected = try await loaded.logprobs(of: [1, 5, 9, 2], adapter)
            #expect(largestDifference(found, expected.map { Double($0) }) <= 1e-5)
        }
    }

    private func exported(_ design: any AdapterDesign, _ loaded: LoadedModel) throws -> AdapterFile {
        try loaded.adapter(
            design, values: noise(design.parameterCount, seed: 9).map { 0.3 * $0 }, type: .bfloat16)
    }

    private func export(
        _ adapter: AdapterFile, _ loaded: LoadedModel, as layout: ExportLayout, to folder: String
    ) throws {
        _ = try loaded.export(adapter, as: layout, to: folder, threads: 1, cache: nil)
    }
}
