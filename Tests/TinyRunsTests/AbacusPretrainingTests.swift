import Foundation
import Testing
import TinyFoundation
import TinyRecords
import TinyRuns
import TinyTestSupport

/// Where a pretraining writes. What it computes is in `FullParameterTrainerTests` and the recorded hashes.
@Suite("Pretraining") struct AbacusPretrainingTests {
    private func pretrain(in directory: String) async throws {
        var recipe = PretrainingConfiguration()
        recipe.documents = 24
        recipe.documentsPerStep = 12
        recipe.documentsPerPass = 12
        let model = try AbacusModel.configuration(hidden: 32, layers: 1, intermediate: 32, vocabulary: 300)
        let pretraining = AbacusPretraining(model: model, recipe: recipe, directory: directory, threads: 1)
        _ = try await pretraining.run(started: { _, _ in }, report: { _ in })
    }

    @Test(
        "another model's directory is left as it is",
        arguments: ["config.json", "tokenizer.json", "model.safetensors", "model.safetensors.index.json", "q8_0.gguf"])
    func refusesOtherModel(file: String) async throws {
        try await withTemporaryDirectory { folder in
            try write("another model's", to: folder + "/" + file)
            let error = await #expect(throws: RunError.self) { try await pretrain(in: folder) }
            #expect(error?.code == .alreadyExists)
            #expect(error?.message.contains(file) == true)
            #expect(try read(folder + "/" + file) == Data("another model's".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [file])
        }
    }

    @Test("a state of another run is refused before its files are touched")
    func refusesOtherRecipe() async throws {
        try await withTemporaryDirectory { folder in
            let model = try AbacusModel.configuration(hidden: 32, layers: 1, intermediate: 64, vocabulary: 300)
            try FullParameterTrainer(model, PretrainingConfiguration(), threads: 1)
                .save(to: folder + "/state.safetensors")
            for name in ["pretraining.jsonl", "tokenizer.json"] { try write("its own\n", to: folder + "/" + name) }
            let error = await #expect(throws: RunError.self) { try await pretrain(in: folder) }
            #expect(error?.code == .differentSettings)
            for name in ["pretraining.jsonl", "tokenizer.json"] {
                #expect(try read(folder + "/" + name) == Data("its own\n".utf8), "\(name)")
            }
        }
    }

    @Test("what was killed before its first state begins again")
    func beginsAgain() async throws {
        try await withTemporaryDirectory { folder in
            for name in ["pretraining.jsonl", "tokenizer.json"] { try write("", to: folder + "/" + name) }
            try await pretrain(in: folder)
            let journal = Journal<PretrainingStepRecord>(path: folder + "/pretraining.jsonl")
            #expect(try journal.read().map(\.step) == [1, 2])
            #expect(try !read(folder + "/tokenizer.json").isEmpty)
        }
    }

    @Test("one process at a time writes into the directory")
    func locks() async throws {
        try await withTemporaryDirectory { folder in
            let lock = try DirectoryLock(folder)
            let error = await #expect(throws: RunError.self) { try await pretrain(in: folder) }
            #expect(error?.code == .directoryInUse)
            withExtendedLifetime(lock) {}
        }
    }
}
