import Foundation
import Testing
import TinyLearningTestSupport
import TinyAdapter
import TinyCheckpoint
import TinyModel
import TinyEngine
import TinyProblems
import TinyRecords
import TinyLearning
import TinyFoundation

/// The search on a small random model.
@Suite struct EvolutionModelTests {
    @Test("a search on a model gives the same bits on one and two threads", arguments: [Algorithm.openES, .cmaES])
    func threads(algorithm: Algorithm) async throws {
        let one = try await search(algorithm, threads: 1), two = try await search(algorithm, threads: 2)
        #expect(one.state == two.state && one.metrics == two.metrics)
        #expect(one.metrics.contains { $0.evolution!.fitnessDeviation > 0 }, "no member did better than another")
    }

    private func search(_ algorithm: Algorithm, threads: Int) async throws -> TrainingResult {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/qwen2-untied")
        let checkpoint = try Checkpoint(directory: folder.path)
        let plan = try AdapterPlan(
            modules: checkpoint.configuration.modules, rank: 2, u: 2, tying: .tiled(modulesPerGroup: 5))
        let basis = try TinyLoRAMethod(
            design: TinyLoRADesign(plan: plan, seed: 11),
            for: AdapterPreparation(checkpoint: checkpoint, threads: 1))
        let policy = LocalEngine(model: try LanguageModel(checkpoint), method: basis, threads: threads)
        var configuration = smallRun
        configuration.algorithm = algorithm
        if algorithm == .cmaES { configuration.optimiser = OptimiserSettings() }
        configuration.steps = 3
        configuration.rollout.groupSize = 1
        configuration.rollout.temperature = 1
        configuration.loss.scaleRewards = .none
        configuration.evolution.populationSize = 6
        configuration.evolution.sigma = 0.5
        let trainer = try EvolutionTrainer(
            sampler: policy, startingAt: policy.initialAdapter,
            task: TrainingTask(
                problems: letterProblems,
                prompter: Prompter(
                    style: .plain, codec: TokenCodec(vocabulary: checkpoint.configuration.vocabularySize)),
                stopTokens: [3, 50], reward: EvenTokenReward()), configuration: configuration)
        return try await TrainingLoop(trainer).run()
    }
}

/// Tokens as numbers with spaces between them.
private struct TokenCodec: TextCodec {
    let vocabulary: Int
    func encode(_ text: String) -> [Int] { text.utf8.map { Int($0) % vocabulary } }
    func decode(_ tokens: [Int]) -> String { tokens.map(String.init).joined(separator: " ") }
}

/// Right when the first token is even.
private struct EvenTokenReward: Reward {
    func grade(_ completion: String, for problem: Problem) -> Grade {
        let first = completion.split(separator: " ").first.flatMap { Int($0) } ?? 1
        let isEven = first.isMultiple(of: 2)
        return Grade(strict: isEven, lenient: isEven, extracted: "\(first)", isWellFormed: true)
    }
}
