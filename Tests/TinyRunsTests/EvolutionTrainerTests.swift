import Foundation
import Synchronization
import Testing
import TinyRuns
import TinyLearningTestSupport
import TinyTestSupport
import TinyEngine
import TinyProblems
import TinyRecords
import TinyLearning
import TinyFoundation

/// The trainer on a policy that can be checked by hand.
@Suite struct EvolutionTrainerTests {
    @Test("reward rises as with gradients", arguments: [Algorithm.openES, .cmaES], [0.0, 1.0])
    func rewardRises(algorithm: Algorithm, temperature: Double) async throws {
        var configuration = smallSearch(algorithm)
        configuration.steps = 30
        configuration.rollout.problemsPerStep = 5
        configuration.rollout.temperature = temperature
        configuration.evolution.populationSize = 8
        let policy = ColdSampler()
        let result = try await TrainingLoop(trainer(configuration, sampler: policy)).run()
        let rewards = result.metrics.map(\.rollout!.reward)
        let before = rewards.prefix(3).reduce(0, +) / 3, after = rewards.suffix(3).reduce(0, +) / 3
        #expect(before < 0.6 && after > 0.85, "from \(before) to \(after)")
        #expect(
            policy.wrapped.calls.recorded.differentiated.isEmpty && policy.wrapped.calls.recorded.scoredAdapters.isEmpty
        )
    }

    @Test("the same configuration gives the same bits, another seed others", arguments: [Algorithm.openES, .cmaES])
    func sameBits(algorithm: Algorithm) async throws {
        let one = try await TrainingLoop(trainer(smallSearch(algorithm))).run()
        let again = try await TrainingLoop(trainer(smallSearch(algorithm))).run()
        #expect(one.state == again.state && one.metrics == again.metrics)
        var other = smallSearch(algorithm)
        other.seed = 2
        #expect(try await TrainingLoop(trainer(other)).run().state != one.state)
    }

    @Test("the policy only ever sees numbers as the adapter stores them", arguments: ElementType.allCases)
    func seesStoredNumbers(type: ElementType) async throws {
        var configuration = smallSearch(.cmaES)
        configuration.adapter.elementType = type
        let policy = FakeEngine()
        let result = try await TrainingLoop(trainer(configuration, sampler: policy)).run()
        let seen = policy.calls.recorded.sampledAdapters.compactMap(\.self)
        #expect(seen.count == 5 * 3 * 6)
        for adapter in seen { #expect(adapter == adapter.map(type.rounded)) }
        #expect(result.stored == result.state.parameters.map(type.rounded))
    }

    @Test("the lenient grade is the fitness when asked for", arguments: [Algorithm.openES, .cmaES])
    func lenientFitness(algorithm: Algorithm) async throws {
        var configuration = smallSearch(algorithm)
        configuration.reward = .lenient
        let metrics = try await TrainingLoop(trainer(configuration)).run().metrics.compactMap(\.rollout)
        #expect(metrics.allSatisfy { $0.reward == $0.lenientMean })
        #expect(metrics.contains { $0.lenientMean > $0.strictMean })
    }

    @Test("long completions cost reward as they do with gradients")
    func penalisesLength() async throws {
        var configuration = smallSearch(.openES)
        configuration.steps = 1
        configuration.rollout.temperature = 1
        configuration.rollout.overlongMargin = configuration.rollout.maxTokens - 1
        let metrics = try #require(
            try await TrainingLoop(trainer(configuration, sampler: FakeEngine())).run().metrics[0].rollout)
        let penalty = try #require(metrics.overlongMean)
        #expect(penalty < 0)
        #expect(abs(metrics.reward - metrics.strictMean - penalty) < 1e-12)
    }

    @Test("a step is what its parts say: drawn, sampled together, graded, ranked, moved")
    func stepByHand() async throws {
        var configuration = smallSearch(.openES)
        configuration.steps = 1
        configuration.rollout.groupSize = 2
        let policy = FakeEngine()
        let result = try await TrainingLoop(trainer(configuration, sampler: policy)).run()

        let strategy = OpenES(
            configuration.evolution, optimiser: configuration.optimiser, count: 3, seed: configuration.seed)
        let start = strategy.startingState(at: [0, 0, 0])
        let population = try strategy.ask(1, from: start)
        let order = ProblemOrder(count: 5, perStep: 3, seed: configuration.seed)
        var rewards = [Double](repeating: 0, count: 6)
        var tokens = 0, prompts = 0
        for (member, numbers) in population.membersMN.enumerated() {
            let adapter = numbers.map { ElementType.bfloat16.rounded(Float($0)) }
            // Each member alone earns what it earned among the others.
            let requests = order.rows(step: 1).enumerated().map { index, row in
                CompletionRequest(
                    prompt: LetterCodec().encode(letterProblems[row].question),
                    streams: (0..<2).map {
                        StreamName(.sampling, seed: configuration.seed, step: 1, problem: index, sample: $0)
                    },
                    adapter: adapter,
                    sampling: SamplingParameters(temperature: 1, maxTokens: 6, stopTokens: [0]))
            }
            let groups = try await policy.complete(requests, progress: nil)
            rewards[member] = groups.joined().reduce(0) { $0 + ($1.tokens[0] == 1 ? 1 : 0) } / 6
            tokens += groups.joined().reduce(0) { $0 + $1.tokens.count }
            prompts += requests.reduce(0) { $0 + 2 * $1.prompt.count }
        }
        let expected = try strategy.tell(rewards, of: population, from: start, learningRate: 0.2)
        #expect(result.state == expected.state)
        let metrics = try #require(result.metrics.first), evolution = try #require(metrics.evolution)
        #expect(Set(rewards).count > 1)
        #expect(evolution.fitnessBest == rewards.max() && evolution.fitnessMean == rewards.reduce(0, +) / 6)
        #expect(metrics.loss == -evolution.fitnessMean && metrics.gradientNorm == expected.gradientNorm)
        #expect(abs(metrics.rollout!.reward - evolution.fitnessMean) < 1e-15)
        #expect(metrics.generatedTokens == tokens && metrics.numTokens == tokens + prompts)
        #expect(evolution.updateNorm == expected.updateNorm && evolution.stepSize == 0.8)
    }

    @Test("one call of the policy samples the whole population; draws are common unless told otherwise")
    func oneCall() async throws {
        for isCommon in [true, false] {
            var configuration = smallSearch(.cmaES)
            configuration.steps = 2
            configuration.evolution.usesCommonRandomNumbers = isCommon
            // So small that all members are the same after rounding and differ by their draws alone.
            configuration.evolution.sigma = 1e-30
            let policy = ColdSampler()
            let result = try await TrainingLoop(trainer(configuration, sampler: policy)).run()
            #expect(policy.requests.withLock { $0 } == [18, 18])
            let alike = result.metrics.allSatisfy { $0.evolution!.fitnessDeviation == 0 }
            #expect(alike == isCommon)
        }
    }

    @Test("dividing rewards by their deviation over the population changes who is ahead, not what is measured")
    func dividedRewards() async throws {
        var configuration = smallSearch(.cmaES)
        configuration.rollout.groupSize = 2
        let plain = try await TrainingLoop(trainer(configuration)).run()
        configuration.loss.scaleRewards = .group
        let divided = try await TrainingLoop(trainer(configuration)).run()
        #expect(plain.metrics[0].evolution!.fitnessBest == divided.metrics[0].evolution!.fitnessBest)
        #expect(plain.metrics[0].rollout == divided.metrics[0].rollout)
        #expect(plain.state != divided.state)
    }

    @Test("equal fitness moves nothing and is told")
    func tellsEqualFitness() async throws {
        let warnings = Mutex<[TrainingWarning]>([])
        var configuration = smallSearch(.cmaES)
        configuration.steps = 10
        let trainer = try EvolutionTrainer(
            sampler: FakeEngine(), startingAt: FakeEngine().initialAdapter,
            task: letterTask(reward: ConstantReward(isRight: true, extracted: "a")), configuration: configuration)
        let loop = TrainingLoop(
            trainer,
            report: { event in
                if case .warning(let warning) = event { warnings.withLock { $0.append(warning) } }
            })
        let result = try await loop.run()
        #expect(result.state == trainer.startingState())
        #expect(warnings.withLock { $0 } == [.equalFitness(steps: 1), .equalFitness(steps: 10)])
        #expect(
            TrainingWarning.equalFitness(steps: 1).description
                == "all members of the population had the same fitness for one step, so nothing moved: "
                + "a larger sigma or more problems_per_step may tell them apart")
    }

    @Test("members that differ in the fitness that the strategy is given are no tie, whatever their mean rewards")
    func dividedFitnessIsNoTie() throws {
        // Each member solves one problem, but not one that as many others solve.
        let rewardsPG: [[Double]] = [[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]]
        #expect(Set(memberFitness(rewardsPG: rewardsPG, members: 4, scale: .none)).count == 1)
        #expect(Set(memberFitness(rewardsPG: rewardsPG, members: 4, scale: .group)).count == 2)
        var evolution = EvolutionMetrics(), metrics = StepMetrics()
        evolution.populationSize = 4
        evolution.tiedMembers = 4  // two of each fitness
        evolution.updateNorm = 0.1
        metrics.evolution = evolution
        let trainer = try trainer(smallSearch(.openES))
        #expect(trainer.warnings(after: [metrics]).isEmpty)
        metrics.evolution?.updateNorm = 0
        #expect(trainer.warnings(after: [metrics]) == [.equalFitness(steps: 1)])
        metrics.evolution?.tiedMembers = 3
        #expect(trainer.warnings(after: [metrics]).isEmpty)
    }

    @Test("a search that is stopped after any step resumes to the same files", arguments: [Algorithm.openES, .cmaES])
    func resumes(algorithm: Algorithm) async throws {
        try await withTemporaryDirectory { folder in
            try await run(algorithm, in: folder + "/whole")
            let lines = try String(contentsOfFile: folder + "/whole/steps.jsonl", encoding: .utf8).split(
                separator: "\n")
            for kept in [1, 3] {
                let copy = folder + "/copy\(kept)"
                try FileManager.default.copyItem(atPath: folder + "/whole", toPath: copy)
                try (lines.prefix(kept).joined(separator: "\n") + "\n{\"ste").write(
                    toFile: copy + "/steps.jsonl", atomically: true, encoding: .utf8)
                try await run(algorithm, in: copy, resuming: true)
                for name in ["steps.jsonl", "samples.jsonl"] {
                    #expect(try text(copy, name) == text(folder + "/whole", name), "\(name) after \(kept)")
                }
            }
        }
    }

    @Test("settings are read under their keys, and broken ones named")
    func settings() throws {
        let configuration = try TrainingConfiguration(
            json: #"{"algorithm": "cma-es", "population_size": 3, "sigma": 0, "temperature": 0}"#)
        #expect(configuration.rollout.groupSize == 1 && configuration.loss.scaleRewards == .none)
        let demonstration = TrainingConfiguration.demonstration(of: .openES)
        #expect(demonstration.violations().isEmpty && demonstration.optimiser.learningRate == 0.15)
        #expect(
            demonstration.steps * demonstration.rollout.completionsPerStep * 16
                == TrainingConfiguration.demonstration.steps
                * TrainingConfiguration.demonstration.rollout.completionsPerStep)
        #expect(
            configuration.violations() == [
                "sigma is 0.0, must be greater than 0", "population_size is 3, must be 4 or more (cma-es)",
            ])
        let odd = try TrainingConfiguration(
            json: #"{"algorithm": "openes", "population_size": 7, "num_generations": 2}"#)
        #expect(odd.rollout.groupSize == 2)
        #expect(
            odd.violations() == [
                "population_size is 7, must be an even number; openes draws its members in pairs"
            ])
        #expect(try !TrainingConfiguration(json: #"{"temperature": 0}"#).violations().isEmpty)
        let error = #expect(throws: TrainingError.self) { try trainer(smallRun) }
        #expect(error?.message == "algorithm grpo is not an evolution strategy, expected openes or cma-es")
    }

    @Test("metrics stand beside the others in a step's line and come back from it")
    func metricsInJSON() async throws {
        let result = try await TrainingLoop(trainer(smallSearch(.cmaES))).run()
        for metrics in result.metrics {
            let text = try JSONEncoder().encode(metrics)
            #expect(try JSONDecoder().decode(StepMetrics.self, from: text) == metrics)
            #expect(String(decoding: text, as: UTF8.self).contains("evolution\\/fitness_best"))
        }
    }

    // MARK: Helpers

    private func smallSearch(_ algorithm: Algorithm) -> TrainingConfiguration {
        var configuration = smallRun
        configuration.algorithm = algorithm
        if algorithm == .cmaES { configuration.optimiser = OptimiserSettings() }
        configuration.rollout.groupSize = 1
        configuration.loss.scaleRewards = .none
        configuration.evolution.populationSize = 6
        configuration.evolution.sigma = 0.8
        return configuration
    }

    private func trainer(
        _ configuration: TrainingConfiguration, sampler: any Sampler = FakeEngine()
    ) throws(TrainingError) -> EvolutionTrainer {
        try EvolutionTrainer(
            sampler: sampler, startingAt: FakeEngine().initialAdapter, task: letterTask(), configuration: configuration)
    }

    private func run(_ algorithm: Algorithm, in path: String, resuming: Bool = false) async throws {
        let directory = try RunDirectory(preparing: path, resuming: resuming)
        let manifest = RunManifest(
            version: "0", created: "2026-01-01T00:00:00Z", model: Fingerprint(name: "fake", content: "0000000000aa"),
            datasets: [:], plan: "3 parameters", trainedParameters: 3, schemes: [:], seed: 1,
            machine: MachineRecord(system: "", architecture: "", processors: 1, threads: 1, instructions: ""))
        let progress = try directory.begin(configuration: smallSearch(algorithm), manifest: manifest)
        _ = try await TrainingLoop(trainer(smallSearch(algorithm))).run(in: directory, from: progress)
    }

    private func text(_ path: String, _ name: String) throws -> String {
        try String(contentsOfFile: path + "/" + name, encoding: .utf8).replacing(/"time":\{[^}]*\}/, with: "")
    }
}

/// The fake engine at temperature 0, by which it cannot divide: so cold that the most likely token is all but certain. Counts
/// the requests of each session.
private final class ColdSampler: Sampler {
    let wrapped = FakeEngine()
    let requests = Mutex<[Int]>([])
    var contextLength: Int { wrapped.contextLength }

    func session() -> any SamplingSession {
        AnsweringSession { [self] asked in
            requests.withLock { $0.append(asked.count) }
            return asked.map { request in
                var request = request
                if request.sampling.temperature == 0 { request.sampling.temperature = 0.02 }
                return wrapped.completions(of: request)
            }
        }
    }
}
