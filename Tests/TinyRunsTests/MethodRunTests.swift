import Foundation
import Testing
import TinyTestSupport
import TinyRuns
import TinyLearningTestSupport
import TinyAdapter
import TinyCheckpoint
import TinyModel
import TinyEngine
import TinyProblems
import TinyRecords
import TinyLearning
import TinyFoundation

/// Whole runs of every method by every kind of trainer, on a small model with real weights.
@Suite struct MethodRunTests {
    enum Method: CaseIterable {
        case tinyLoRA, loraXS, lora, full
    }

    /// Every method by one algorithm of each trainer, and by cma-es whatever is not too much for it.
    static let runs: [(Method, Algorithm)] =
        Method.allCases.flatMap { method in [.grpo, .sft, .openES].map { (method, $0) } }
        + [.tinyLoRA, .loraXS, .lora].map { ($0, .cmaES) }

    @Test("one thread and two give the same bits", arguments: runs)
    func sameBits(method: Method, algorithm: Algorithm) async throws {
        let one = try await TrainingLoop(trainer(method, algorithm, threads: 1)).run()
        let two = try await TrainingLoop(trainer(method, algorithm, threads: 2)).run()
        #expect(one.state == two.state && one.metrics == two.metrics)
        #expect(one.state.parameters != (try trainer(method, algorithm, threads: 1)).startingState().parameters)
    }

    @Test("a run that was stopped after any step resumes to the same files", arguments: runs)
    func resumedEqualsUninterrupted(method: Method, algorithm: Algorithm) async throws {
        try await withTemporaryDirectory { folder in
            let whole = try await run(method, algorithm, in: folder + "/whole", stoppedAfter: nil)
            for stop in 1..<Self.steps {
                let path = folder + "/stopped\(stop)"
                await #expect(throws: CancellationError.self) {
                    _ = try await run(method, algorithm, in: path, stoppedAfter: stop)
                }
                let resumed = try await run(method, algorithm, in: path, stoppedAfter: nil)
                #expect(resumed == whole, "stopped after step \(stop)")
            }
        }
    }

    // MARK: Pieces

    private static let steps = 4

    /// Trains the numbers of a method to begin answers with an even token, or to give the letters' solutions.
    private func trainer(_ kind: Method, _ algorithm: Algorithm, threads: Int) throws -> any Trainer {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/qwen2-untied")
        let checkpoint = try Checkpoint(directory: folder.path)
        let modules = checkpoint.configuration.modules
        let design: any AdapterDesign =
            switch kind {
            case .tinyLoRA: TinyLoRADesign(plan: try .resolving(parameters: 3, modules: modules), seed: 1)
            case .loraXS: try LoRAXSDesign(modules: modules, rank: 2)
            // 2,112 numbers are too many for a covariance; the first query matrix has 96.
            case .lora:
                try LoRADesign(modules: algorithm == .cmaES ? Array(modules.prefix(1)) : modules, rank: 1)
            case .full: FullDesign(configuration: checkpoint.configuration)
            }
        let policy = LocalEngine(
            model: try LanguageModel(checkpoint),
            method: try design.prepared(AdapterPreparation(checkpoint: checkpoint, threads: 1, initialSeed: 2)),
            threads: threads)
        let configuration = configuration(kind, algorithm)
        let problems = letterProblems.map { problem in
            Problem(id: problem.id, question: problem.question, answer: problem.answer, solution: "ab")
        }
        switch algorithm {
        case .sft:
            return try SFTTrainer(
                learner: policy,
                task: TrainingTask(
                    problems: problems, prompter: Prompter(style: .plain, codec: LetterCodec()), endToken: 3),
                configuration: configuration)
        case .openES, .cmaES:
            return try EvolutionTrainer(
                sampler: policy, startingAt: policy.initialAdapter,
                task: TrainingTask(
                    problems: problems, prompter: Prompter(style: .plain, codec: LetterCodec()), stopTokens: [3, 50],
                    reward: EvenReward()), configuration: configuration)
        default:
            return try GRPOTrainer(
                sampler: policy, learner: policy,
                task: TrainingTask(
                    problems: problems, prompter: Prompter(style: .plain, codec: LetterCodec()), stopTokens: [3, 50],
                    reward: EvenReward()), configuration: configuration)
        }
    }

    private func configuration(_ kind: Method, _ algorithm: Algorithm) -> TrainingConfiguration {
        var configuration = smallRun
        configuration.apply(algorithm)
        configuration.steps = Self.steps
        configuration.checkpointInterval = 2
        configuration.optimiser.learningRate = kind == .full ? 1e-3 : 0.05
        configuration.adapter.elementType = .float32
        configuration.rollout.temperature = 1
        configuration.evolution.populationSize = 4
        configuration.supervised.examplesPerStep = 3
        configuration.evaluation.interval = 1
        return configuration
    }

    /// Runs to the end, or to the evaluation after a step, and returns what the files hold.
    private func run(
        _ kind: Method, _ algorithm: Algorithm, in path: String, stoppedAfter stop: Int?
    ) async throws -> [String: String] {
        do {
            let trainer = try trainer(kind, algorithm, threads: 1)
            let directory = try RunDirectory(preparing: path, resuming: true)
            let progress = try directory.begin(configuration: trainer.configuration, manifest: manifest)
            let loop = TrainingLoop(
                trainer,
                evaluation: { step, _ in
                    if step == stop { throw CancellationError() }
                    return evaluationRecord
                })
            _ = try await loop.run(in: directory, from: progress)
        }
        return try contents(of: path).filter { $0.key != ".lock" }
    }

    private let manifest = RunManifest(
        version: "0", created: "2026-01-01T00:00:00Z", model: Fingerprint(name: "small", content: "0000000000aa"),
        datasets: [:], plan: "a method", trainedParameters: 3, schemes: [:], seed: 1,
        machine: MachineRecord(system: "", architecture: "", processors: 1, threads: 1, instructions: ""))
}

/// Right is what begins with an even token.
private struct EvenReward: Reward {
    func grade(_ completion: String, for problem: Problem) -> Grade {
        let isEven = (completion.unicodeScalars.first?.value ?? 1) % 2 == 0
        return Grade(strict: isEven, lenient: isEven, extracted: "", isWellFormed: true)
    }
}
