import Foundation
import Testing
import TinyCheckpoint
import TinyModel
import TinyRecords
import TinyLearning
import TinyRuns
import TinyFoundation

@Suite("Training all weights")
struct FullParameterTrainerTests {
    private let model = ModelConfiguration(
        vocabularySize: 40, hiddenSize: 32, intermediateSize: 48, layerCount: 2, headCount: 2, keyValueHeadCount: 1,
        headDimension: 16, contextLength: 64, tiesEmbeddings: true)

    private var recipe: PretrainingConfiguration {
        var recipe = PretrainingConfiguration()
        recipe.documents = 12 * 80
        recipe.documentsPerStep = 12
        recipe.documentsPerPass = 5  // passes of 5, 5 and 2
        recipe.warmupSteps = 4
        recipe.learningRate = 2e-2
        recipe.weightDecay = 0.1
        return recipe
    }

    /// Counting upwards from a start: a rule that two layers learn at once.
    private func document(_ index: Int) -> TrainingDocument {
        let start = index % 20
        return TrainingDocument(prompt: [start, start + 1], completion: [start + 2, start + 3, start + 4])
    }

    private func bits(_ trainer: FullParameterTrainer) -> [UInt32] {
        trainer.weights.layout.flatMap { trainer.weights.values($0.name)?.map(\.bitPattern) ?? [] }
    }

    @Test("the loss of a learnable rule falls to a third")
    func learns() throws {
        let trainer = FullParameterTrainer(model, recipe, threads: 1)
        var losses: [Double] = []
        for _ in 0..<recipe.steps { losses.append(try trainer.advance(document: document).completionLoss) }
        #expect(losses[0] > 3, "an untrained model knows nothing: ln 40 is 3.7")
        #expect(try #require(losses.last) < losses[0] / 3)
    }

    @Test("one and two threads give the same weights")
    func threads() throws {
        let one = FullParameterTrainer(model, recipe, threads: 1), two = FullParameterTrainer(model, recipe, threads: 2)
        for _ in 0..<3 { #expect(try one.advance(document: document) == two.advance(document: document)) }
        #expect(bits(one) == bits(two))
    }

    @Test("a run that resumes from its file equals one that never stopped")
    func resumes() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "state-\(UUID()).safetensors").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let whole = FullParameterTrainer(model, recipe, threads: 1)
        for _ in 0..<2 { _ = try whole.advance(document: document) }
        try whole.save(to: path)
        let rest = FullParameterTrainer(model, recipe, threads: 1)
        try rest.restore(from: path)
        #expect(try rest.advance(document: document) == whole.advance(document: document))
        #expect(bits(rest) == bits(whole))
    }

    @Test("a file of another recipe is refused")
    func refusesOtherRecipe() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "state-\(UUID()).safetensors").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FullParameterTrainer(model, recipe, threads: 1).save(to: path)
        var other = recipe
        other.learningRate = 1e-2
        let error = #expect(throws: RunError.self) {
            try FullParameterTrainer(model, other, threads: 1).restore(from: path)
        }
        #expect(error?.code == .differentSettings)
    }

    @Test("weights that have become infinite stop the run with a sentence")
    func stopsAtInfinity() throws {
        let weights = DenseWeights.random(model, seed: 1)
        weights.set("model.norm.weight", to: [Float](repeating: .infinity, count: model.hiddenSize))
        let trainer = FullParameterTrainer(model, recipe, weights: weights, threads: 1)
        let error = #expect(throws: TrainingError.self) { try trainer.advance(document: document) }
        #expect(error?.code == .notFinite)
        #expect(trainer.step == 0)
    }
}
