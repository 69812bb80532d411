import Foundation
import Testing
import TinyRuns
import TinyLearningTestSupport
import TinyTestSupport
import TinyAdapter
import TinyCheckpoint
import TinyModel
import TinyEngine
import TinyProblems
import TinyRecords
import TinyLearning
import TinyFoundation

/// Every algorithm of policy gradients, from end to end.
@Suite struct AlgorithmTests {
    static let algorithms = Algorithm.allCases.filter(\.isPolicyGradient)

    /// The small run with an algorithm's defaults.
    private static func smallRun(_ algorithm: Algorithm) -> TrainingConfiguration {
        var configuration = TinyLearningTestSupport.smallRun
        configuration.apply(algorithm)
        configuration.loss.updatesPerBatch = 2
        return configuration
    }

    @Test("the right answer becomes likely", arguments: algorithms)
    func learns(algorithm: Algorithm) async throws {
        var configuration = Self.smallRun(algorithm)
        configuration.steps = 30
        configuration.rollout.groupSize = 8
        configuration.rollout.problemsPerStep = 5
        configuration.loss.updatesPerBatch = 1
        let policy = FakeEngine()
        let result = try await TrainingLoop(trainer(configuration, policy: policy)).run()
        // Groups may be chosen, so their rewards say little; what counts is the chance to begin with the right letter.
        func chance(_ adapter: [Float]?) -> Double {
            let prompts = letterProblems.map { LetterCodec().encode($0.question) }
            let logprobs = prompts.map {
                policy.score(ScoredSequence(prompt: $0, completion: [1]), adapter: adapter, temperature: 1)[0]
            }
            return logprobs.reduce(0) { $0 + exp($1) } / Double(prompts.count)
        }
        let before = chance(nil), after = chance(result.stored)
        #expect(before < 0.3 && after > 0.6, "from \(before) to \(after)")
    }

    @Test("a run that was stopped after any step resumes to the same files", arguments: algorithms)
    func resumedEqualsUninterrupted(algorithm: Algorithm) async throws {
        var configuration = Self.smallRun(algorithm)
        configuration.evaluation.interval = 1
        try await withTemporaryDirectory { [configuration] folder in
            let whole = try await run(configuration, in: folder + "/whole")
            for stop in 1..<configuration.steps {
                let path = folder + "/stopped\(stop)"
                let failing = TrainingLoop(
                    try trainer(configuration),
                    evaluation: { step, _ in
                        if step == stop { throw CancellationError() }
                        return evaluationRecord
                    })
                await #expect(throws: CancellationError.self) {
                    // The directory is locked as long as the value lives.
                    let directory = try RunDirectory(preparing: path, resuming: false)
                    let progress = try directory.begin(configuration: configuration, manifest: manifest)
                    _ = try await failing.run(in: directory, from: progress)
                }
                #expect(try await run(configuration, in: path, resuming: true) == whole, "stopped after step \(stop)")
            }
        }
    }

    @Test("one thread and two give the same bits", arguments: algorithms)
    func sameBitsOnTwoThreads(algorithm: Algorithm) async throws {
        let model = try SmallModel()
        var configuration = Self.smallRun(algorithm)
        configuration.steps = 2
        let one = try await model.train(configuration, threads: 1)
        let two = try await model.train(configuration, threads: 2)
        #expect(one.state == two.state && one.metrics == two.metrics)
        #expect(one.state.parameters != model.zeros)
        for metrics in one.metrics {
            let policy = try #require(metrics.policy)
            #expect(policy.samplingDifferenceMax == 0)
            #expect(policy.importanceRatioMin == 1 && policy.importanceRatioMax == 1)
        }
    }

    @Test("reinforce++ needs no groups")
    func singleCompletions() async throws {
        var configuration = Self.smallRun(.reinforcePlusPlus)
        configuration.steps = 40
        configuration.rollout.groupSize = 1
        configuration.rollout.problemsPerStep = 24
        let rewards = try await TrainingLoop(trainer(configuration)).run().metrics.map {
            try #require($0.rollout).reward
        }
        #expect(rewards[0] < 0.6 && rewards[39] > 0.8, "from \(rewards[0]) to \(rewards[39])")
    }

    @Test("what the base model would not have said costs reward, where the divergence is taken off it")
    func divergenceInReward() async throws {
        func change(_ beta: Double) async throws -> Float {
            var configuration = Self.smallRun(.rloo)
            configuration.steps = 20
            configuration.loss.beta = beta
            let result = try await TrainingLoop(trainer(configuration)).run()
            #expect(result.metrics.allSatisfy { ($0.policy?.divergence == nil) == (beta == 0) })
            return result.state.parameters[0]
        }
        let free = try await change(0), held = try await change(0.5)
        #expect(held < 0.7 * free && held > 0, "\(held), free \(free)")
    }

    @Test("a truncated completion is left out of the loss and still counts as one of the step")
    func masksTruncated() async throws {
        var configuration = TinyLearningTestSupport.smallRun
        configuration.steps = 1
        configuration.rollout.masksTruncated = true
        configuration.rollout.maxTokens = 3
        let policy = FakeEngine()
        let result = try await TrainingLoop(trainer(configuration, policy: policy)).run()
        let sampled = policy.calls.recorded.completions.flatMap { $0 }
        let visited = policy.calls.recorded.differentiated.flatMap { $0 }
        #expect(sampled.contains { $0.stop == .tokenLimit })
        #expect(!visited.isEmpty && visited.allSatisfy { $0.completion.last == 0 })
        #expect(result.metrics[0].policy?.differentiatedShare == Double(visited.count) / 12)
    }

    @Test("length costs reward near the token limit, and is recorded separately from the grade")
    func penalisesLength() async throws {
        var configuration = TinyLearningTestSupport.smallRun
        configuration.steps = 1
        configuration.rollout.overlongMargin = 4
        let policy = FakeEngine()
        let metrics = try #require(
            try await TrainingLoop(trainer(configuration, policy: policy)).run().metrics[0].rollout)
        // 6 tokens at most: 0 up to 2, then -¼, -½, -¾, -1.
        let penalties = policy.calls.recorded.completions.flatMap { $0 }.map {
            max(0, Double($0.tokens.count) - 2) / -4
        }
        #expect(metrics.overlongMean == penalties.reduce(0, +) / 12)
        #expect(abs(metrics.reward - metrics.strictMean - (metrics.overlongMean ?? 0)) < 1e-15)
    }

    private func trainer(
        _ configuration: TrainingConfiguration, policy: FakeEngine = FakeEngine()
    ) throws -> GRPOTrainer {
        try GRPOTrainer(
            sampler: policy, learner: policy, task: letterTask(), configuration: configuration)
    }

    private let manifest = RunManifest(
        version: "0", created: "2026-01-01T00:00:00Z", model: Fingerprint(name: "fake", content: "0000000000aa"),
        datasets: [:], plan: "3 parameters", trainedParameters: 3, schemes: [:], seed: 1,
        machine: MachineRecord(system: "", architecture: "", processors: 1, threads: 1, instructions: ""))

    /// Runs to the end and returns what the files hold, without what a clock had a hand in.
    private func run(
        _ configuration: TrainingConfiguration, in path: String, resuming: Bool = false
    ) async throws -> [String: String] {
        let directory = try RunDirectory(preparing: path, resuming: resuming)
        let progress = try directory.begin(configuration: configuration, manifest: manifest)
        _ = try await TrainingLoop(trainer(configuration), evaluation: { _, _ in evaluationRecord }).run(
            in: directory, from: progress)
        var files: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            let text = try String(contentsOfFile: path + "/" + name, encoding: .utf8)
            files[name] = text.replacing(/"time":\{[^}]*\}/, with: "")
        }
        return files
    }
}

/// A model with weights and an adapter that the local engine runs.
private struct SmallModel {
    let model: LanguageModel
    let basis: TinyLoRAMethod
    var zeros: [Float] { Array(repeating: 0, count: basis.parameterCount) }

    init() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/qwen2-untied")
        let checkpoint = try Checkpoint(directory: folder.path)
        model = try LanguageModel(checkpoint)
        let plan = try AdapterPlan(
            modules: checkpoint.configuration.modules, rank: 2, u: 2, tying: .tiled(modulesPerGroup: 5))
        basis = try TinyLoRAMethod(
            design: TinyLoRADesign(plan: plan, seed: 11),
            for: AdapterPreparation(checkpoint: checkpoint, threads: 1))
    }

    /// Trains it to begin with an even token.
    func train(_ configuration: TrainingConfiguration, threads: Int) async throws -> TrainingResult {
        struct EvenReward: Reward {
            func grade(_ completion: String, for problem: Problem) -> Grade {
                let isEven = (completion.unicodeScalars.first?.value ?? 1) % 2 == 0
                return Grade(strict: isEven, lenient: isEven, extracted: "", isWellFormed: true)
            }
        }
        let trainer = try GRPOTrainer(
            sampler: LocalEngine(model: model, method: basis, threads: threads),
            learner: LocalEngine(model: model, method: basis, threads: threads),
            task: TrainingTask(
                problems: letterProblems, prompter: Prompter(style: .plain, codec: LetterCodec()), stopTokens: [3, 50],
                reward: EvenReward()), configuration: configuration)
        return try await TrainingLoop(trainer).run()
    }
}
