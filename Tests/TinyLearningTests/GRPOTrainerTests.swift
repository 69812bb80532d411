import Synchronization
import Testing
import TinyLearningTestSupport
import TinyEngine
import TinyProblems
import TinyRecords
import TinyLearning
import TinyFoundation

/// The trainer on a policy that can be checked by hand.
@Suite struct GRPOTrainerTests {
    @Test("reward rises", arguments: [LossKind.grpo, .dapo, .drGRPO], RewardScale.allCases)
    func rewardRises(kind: LossKind, scale: RewardScale) async throws {
        var configuration = smallRun
        configuration.steps = 30
        configuration.loss.kind = kind
        configuration.loss.scaleRewards = scale
        configuration.rollout.groupSize = 8
        configuration.rollout.problemsPerStep = 5
        let result = try await TrainingLoop(trainer(configuration)).run()
        let rewards = result.metrics.map(\.rollout!.reward)
        let before = rewards.prefix(3).reduce(0, +) / 3, after = rewards.suffix(3).reduce(0, +) / 3
        #expect(before < 0.5 && after > 0.85, "from \(before) to \(after)")
        #expect(result.state.updates == 30)
    }

    @Test("a completion that reaches a stop text ends there: graded before it, learnt with its tokens, not truncated")
    func stopText() async throws {
        var configuration = smallRun
        configuration.rollout.samplesPerStep = nil
        configuration.rollout.masksTruncated = true
        var task = letterTask()
        task.stopTokens = []
        task.prompter.style.stopTexts = ["bc", "c"]
        let engine = FakeEngine()
        let trainer = try GRPOTrainer(sampler: engine, learner: engine, task: task, configuration: configuration)
        let step = try await trainer.makeStep(1, from: trainer.startingState(), after: nil) { _ in }
        let stopped = step.samples.filter { $0.stop == "stopText" }
        #expect(!stopped.isEmpty && stopped.count < step.samples.count)
        for sample in step.samples {
            #expect(!sample.completion.contains("c"))
            // All sampled tokens count: the letters that are graded, and those of the stop text.
            let cut = sample.tokens - sample.completion.count
            #expect(sample.stop == "stopText" ? (1...2).contains(cut) : cut == 0 && sample.tokens == 6, "\(sample)")
        }
        let rollout = try #require(step.metrics.rollout)
        #expect(rollout.clippedShare == Double(step.samples.count - stopped.count) / Double(step.samples.count))
        #expect(rollout.lengthMean == Double(step.samples.reduce(0) { $0 + $1.tokens }) / Double(step.samples.count))
    }

    @Test("the same configuration gives the same bits, another seed others")
    func sameBits() async throws {
        let one = try await TrainingLoop(trainer(smallRun)).run()
        let again = try await TrainingLoop(trainer(smallRun)).run()
        #expect(one.state == again.state && one.metrics == again.metrics)
        var other = smallRun
        other.seed = 2
        #expect(try await TrainingLoop(trainer(other)).run().state != one.state)
    }

    @Test("the policy only ever sees numbers as the adapter stores them", arguments: ElementType.allCases)
    func seesStoredNumbers(type: ElementType) async throws {
        var configuration = smallRun
        configuration.adapter.elementType = type
        let policy = FakeEngine()
        let result = try await TrainingLoop(trainer(configuration, policy: policy)).run()
        let calls = policy.calls.recorded
        let seen = calls.sampledAdapters.compactMap(\.self) + calls.differentiatedAdapters
        #expect(seen.count == 5 * 3 + calls.differentiatedAdapters.count)
        for adapter in seen { #expect(adapter == adapter.map(type.rounded)) }
        #expect(result.stored == result.state.parameters.map(type.rounded))
        if type == .bfloat16 { #expect(result.stored != result.state.parameters) }
    }

    @Test("on-policy ratios are exactly 1, and a training pass that disagrees is noticed")
    func noticesMismatch() async throws {
        for metrics in try await TrainingLoop(trainer(smallRun)).run().metrics {
            #expect(metrics.policy!.samplingDifferenceMax == 0 && metrics.policy!.samplingDifferenceMean == 0)
            #expect(
                metrics.policy!.importanceRatioMin == 1 && metrics.policy!.importanceRatioMean == 1
                    && metrics.policy!.importanceRatioMax == 1)
            #expect(metrics.policy!.clipShare == 0)
        }
        var policy = FakeEngine()
        policy.mismatch = 0.125
        var plain = smallRun
        plain.loss.importanceMode = .none
        let result = try await TrainingLoop(trainer(plain, policy: policy)).run()
        let first = try #require(result.metrics.first { $0.policy!.differentiatedShare > 0 })
        // log-probabilities are at most a few units, so adding 1/8 errs by at most 2^-22
        #expect(
            abs(first.policy!.samplingDifferenceMax - 0.125) < 1e-6
                && abs(first.policy!.samplingDifferenceMean - 0.125) < 1e-6)
        #expect(abs(first.policy!.importanceRatioMin - 1.1331484530668263) < 1e-6)
    }

    @Test("a step is what its parts say: sampled, graded, compared, differentiated, updated")
    func stepByHand() async throws {
        var configuration = smallRun
        configuration.steps = 1
        configuration.loss.updatesPerBatch = 3
        configuration.loss.beta = 0.1
        configuration.loss.kind = .dapo
        configuration.optimiser.maxGradientNorm = 0.05
        let policy = FakeEngine()
        let result = try await TrainingLoop(trainer(configuration, policy: policy)).run()

        let sampled = policy.calls.recorded.completions
        let order = ProblemOrder(count: 5, perStep: 3, seed: configuration.seed)
        let prompts = order.rows(step: 1).map { LetterCodec().encode(letterProblems[$0].question) }
        let rewards = sampled.map { group in group.map { $0.tokens[0] == 1 ? 1.0 : 0.0 } }
        let advantage = GroupAdvantages(scale: .group).advantages(rewardsPG: rewards).flatMap { $0 }
        let old = sampled.flatMap { $0 }.map(\.logprobs)
        let sequences = zip(prompts, sampled).flatMap { prompt, group in
            group.map { ScoredSequence(prompt: prompt, completion: $0.tokens) }
        }
        let reference = try await policy.logprobs(of: sequences, adapter: nil, temperature: 1)
        let tokens = old.reduce(0) { $0 + $1.count }
        let settings = configuration.loss
        let counts = LossCounts(completions: 12, tokens: tokens, maxTokens: 6)
        var optimiser = AdamW(configuration.optimiser, count: 3)
        var parameters: [Float] = [0, 0, 0]
        for _ in 1...3 {
            let adapter = parameters.map(ElementType.bfloat16.rounded)
            let result = try await policy.gradients(of: sequences, adapter: adapter, temperature: 1) {
                index, logprobs in
                CompletionLoss(
                    logprobsT: logprobs,
                    terms: CompletionTerms(
                        oldT: old[index], referenceT: reference[index], advantage: .completion(advantage[index])),
                    loss: settings.policyLoss, divergence: DivergencePenalty(settings), in: counts
                ).tokenWeightsT
            }
            var gradient = result.gradient
            shorten(&gradient, toNorm: 0.05)
            optimiser.update(&parameters, gradient: gradient, learningRate: 0.2)
        }
        #expect(result.state.parameters == parameters)
        #expect(result.state.firstMoment == optimiser.firstMoment && result.state.updates == 3)
        #expect(result.metrics[0].gradientNorm > 0.05)
        #expect(result.metrics[0].rollout!.reward == rewards.joined().reduce(0, +) / 12)
        let lengths = sampled.joined().map(\.tokens.count)
        #expect(
            result.metrics[0].rollout!.lengthMean == Double(tokens) / 12
                && result.metrics[0].rollout!.lengthMax == lengths.max())
        #expect(result.metrics[0].numTokens == tokens + 4 * prompts.reduce(0) { $0 + $1.count })
        #expect(result.metrics[0].epoch == 0.6)
    }

    @Test("completions without advantage are left out of the backward pass, unless a divergence is asked for")
    func skipsWithoutAdvantage() async throws {
        let policy = FakeEngine()
        let result = try await TrainingLoop(trainer(smallRun, policy: policy)).run()
        let shares = result.metrics.map(\.policy!.differentiatedShare)
        #expect(shares.contains { $0 < 1 })
        let visited = policy.calls.recorded.differentiated.map(\.count)
        #expect(visited == shares.map { Int($0 * 12) }.filter { $0 > 0 })
        #expect(
            result.metrics.allSatisfy {
                $0.policy!.divergence == nil
                    && abs($0.policy!.differentiatedShare + $0.rollout!.equalRewardShare - 1) < 1e-15
            })

        var withDivergence = smallRun
        withDivergence.loss.beta = 0.05
        let other = FakeEngine()
        let metrics = try await TrainingLoop(trainer(withDivergence, policy: other)).run().metrics
        #expect(metrics.allSatisfy { $0.policy!.differentiatedShare == 1 })
        #expect(metrics[0].policy!.divergence == 0)
        #expect(metrics.dropFirst().allSatisfy { ($0.policy!.divergence ?? 0) > 0 })
        #expect(other.calls.recorded.scoredAdapters.allSatisfy { $0 == nil })
    }

    @Test("leaving completions out changes nothing: an immeasurably small divergence gives the same numbers")
    func skippingChangesNothing() async throws {
        var all = smallRun
        all.loss.beta = 1e-300
        let one = try await TrainingLoop(trainer(smallRun)).run(), other = try await TrainingLoop(trainer(all)).run()
        #expect(one.state == other.state)
        #expect(one.metrics.map(\.policy!.policyLoss) == other.metrics.map(\.policy!.policyLoss))
    }

    @Test("later updates of a step see ratios other than 1 and clip them")
    func laterUpdatesClip() async throws {
        var configuration = smallRun
        configuration.loss.updatesPerBatch = 6
        let metrics = try await TrainingLoop(trainer(configuration)).run().metrics
        #expect(metrics.contains { $0.policy!.clipShareLow > 0 } && metrics.contains { $0.policy!.clipShareHigh > 0 })
        for step in metrics {
            #expect(step.policy!.samplingDifferenceMax == 0)
            #expect(step.policy!.clipShare == step.policy!.clipShareLow + step.policy!.clipShareHigh)
        }
    }

    @Test("the lenient grade is trained on when asked for, and both are recorded")
    func trainsOnLenient() async throws {
        var configuration = smallRun
        configuration.reward = .lenient
        let metrics = try await TrainingLoop(trainer(configuration)).run().metrics
        #expect(metrics.allSatisfy { $0.rollout!.reward == $0.rollout!.lenientMean })
        #expect(metrics.contains { $0.rollout!.lenientMean > $0.rollout!.strictMean })
    }

    @Test("events tell the run in order, warnings while it goes on")
    func tellsEvents() async throws {
        let events = Mutex<[String]>([])
        let evaluations = Mutex<[String]>([])
        let trainer = try GRPOTrainer(
            sampler: FakeEngine(), learner: FakeEngine(), task: letterTask(reward: ConstantReward()),
            configuration: smallRun)
        let loop = TrainingLoop(
            trainer,
            evaluation: { step, adapter in
                evaluations.withLock { $0.append("\(step) \(adapter == nil ? "base" : "adapter")") }
                return evaluationRecord
            },
            report: { event in events.withLock { $0.append(name(of: event)) } })
        _ = try await loop.run()
        #expect(evaluations.withLock { $0 } == ["0 base", "2 adapter", "4 adapter", "5 adapter"])
        #expect(
            events.withLock { $0 } == [
                "started 0/5", "evaluating 0", "evaluated 0", "sampling 1: 12/12", "differentiating 1.1: 0/0",
                "finished 1",
                "no answer could be found in any completion for one step: "
                    + "check the prompt style and the format the reward expects",
                "sampling 2: 12/12", "differentiating 2.1: 0/0", "finished 2", "evaluating 2", "evaluated 2",
                "sampling 3: 12/12", "differentiating 3.1: 0/0", "finished 3",
                "every reward was 0 for 3 steps: nothing is being learned", "sampling 4: 12/12",
                "differentiating 4.1: 0/0",
                "finished 4", "evaluating 4", "evaluated 4", "sampling 5: 12/12", "differentiating 5.1: 0/0",
                "finished 5",
                "evaluating 5", "evaluated 5",
            ])
    }

    @Test("gradients are told at their beginning and after each completion")
    func tellsGradients() async throws {
        let told = Mutex<[Int: [Int]]>([:])
        let engine = FakeEngine()
        let trainer = try GRPOTrainer(
            sampler: engine, learner: engine, task: letterTask(), configuration: smallRun)
        let report: @Sendable (TrainingEvent) -> Void = { event in
            guard case .differentiating(let step, let update, let finished, let completions) = event else { return }
            #expect(update == 1 && finished <= completions)
            told.withLock { $0[step, default: []].append(finished) }
        }
        _ = try await TrainingLoop(trainer, report: report).run()
        let differentiated = engine.calls.recorded.differentiated.map(\.count)
        #expect(differentiated.contains { $0 > 1 })
        let counts = told.withLock { $0.values.map { $0.count - 1 } }
        #expect(counts.filter { $0 > 0 }.sorted() == differentiated.sorted())
        #expect(told.withLock { $0.values.allSatisfy { $0 == Array(0..<$0.count) } })
    }

    @Test("a gradient that is not a number stops the run with a sentence")
    func stopsAtNaN() async throws {
        var policy = FakeEngine()
        policy.gradientNoise = .nan
        let broken = try trainer(smallRun, policy: policy)
        let error = try await #require(throws: TrainingError.self) { try await TrainingLoop(broken).run() }
        #expect(error.code == .notFinite)
        #expect(error.message == "in step 1 the derivative of the loss by number 0 is nan; the 0 steps before are kept")
    }

    @Test(
        "a learner that scores more tokens than there are is refused, whatever the loss looks at",
        arguments: [Algorithm.grpo, .reinforcePlusPlus], [0, 0.1])
    func refusesOtherSizes(algorithm: Algorithm, beta: Double) async throws {
        var configuration = smallRun
        configuration.apply(algorithm)
        configuration.loss.beta = beta
        configuration.loss.importanceMode = ImportanceMode.none
        let broken = try trainer(configuration, policy: FakeEngine(extraLogprobs: 1))
        let error = try await #require(throws: TrainingError.self) { try await TrainingLoop(broken).run() }
        #expect(error.code == .engineMismatch, "\(error)")
    }

    @Test("a reward that is not a number is an error that names its problem, not the learning rate")
    func refusesOtherRewards() async throws {
        let engine = FakeEngine()
        let trainer = try GRPOTrainer(
            sampler: engine, learner: engine, task: letterTask(reward: NoNumberReward()), configuration: smallRun)
        let error = try await #require(throws: TrainingError.self) { try await TrainingLoop(trainer).run() }
        #expect(error.code == .notFinite)
        let named = try #require(error.message.firstMatch(of: /^the reward of a completion of problem (\w+) is nan$/))
        #expect(letterProblems.map(\.id).contains(String(named.1)))
    }

    @Test("what cannot be run is refused before the first token")
    func refusesBeforeStart() throws {
        let policy = FakeEngine()
        var broken = smallRun
        broken.rollout.topP = 2
        broken.steps = 0
        #expect(throws: TrainingError.self) { try trainer(broken) }
        do {
            _ = try trainer(broken)
        } catch {
            #expect(
                error.message == "max_steps is 0, must be 1 or more; top_p is 2.0, must be greater than 0 and at most 1"
            )
        }
        let empty = try #require(throws: TrainingError.self) { try trainer(smallRun, problems: []) }
        #expect(empty.code == .noProblems)

        var long = smallRun
        long.rollout.maxTokens = 60
        let error = try #require(throws: TrainingError.self) { try trainer(long, policy: policy) }
        #expect(error.code == .promptTooLong)
        #expect(error.message.hasSuffix("has 5 tokens, expected 1 to 4"), "\(error.message)")
        #expect(policy.calls.recorded.sampledAdapters.isEmpty)
    }

    private func trainer(
        _ configuration: TrainingConfiguration, policy: FakeEngine = FakeEngine(), problems: [Problem] = letterProblems
    ) throws(TrainingError) -> GRPOTrainer {
        try GRPOTrainer(
            sampler: policy, learner: policy, task: letterTask(problems), configuration: configuration)
    }

    private func name(of event: TrainingEvent) -> String {
        switch event {
        case .started(let steps, let resumed): "started \(resumed)/\(steps)"
        case .sampling(let step, _, let finished, let completions): "sampling \(step): \(finished)/\(completions)"
        case .differentiating(let step, let update, let finished, let completions):
            "differentiating \(step).\(update): \(finished)/\(completions)"
        case .stepFinished(let record): "finished \(record.step)"
        case .warning(let warning): "\(warning)"
        case .evaluating(let step): "evaluating \(step)"
        case .evaluated(let record): "evaluated \(record.step ?? -1)"
        }
    }
}

/// When a warning is due.
@Suite struct TrainingWarningTests {
    @Test("missing rewards are told after three steps and at 10, 20, 40, …, or at the end of a shorter run")
    func missingRewards() {
        func due(_ count: Int, of steps: Int) -> [TrainingWarning] {
            var metrics = RolloutMetrics()
            metrics.answeredShare = 0.5
            metrics.equalRewardShare = 1
            return TrainingWarning.due(after: Array(repeating: metrics, count: count), of: steps)
        }
        #expect((1...50).filter { !due($0, of: 50).isEmpty } == [3, 10, 20, 40])
        var unlike = RolloutMetrics()
        unlike.answeredShare = 0.5
        unlike.reward = 0.5
        unlike.rewardDeviation = 0.5
        unlike.equalRewardShare = 1
        let history = Array(repeating: unlike, count: 3)
        #expect(TrainingWarning.due(after: history, of: 50) == [.equalRewards(steps: 3)])
        #expect(TrainingWarning.due(after: history, of: 50, comparesAll: true).isEmpty)
        #expect(due(3, of: 50) == [.noReward(steps: 3)])
        #expect(due(2, of: 2) == [.noReward(steps: 2)])
    }

    @Test("rewards of both signs are none that are missing, and penalties for length are no rewards")
    func penalties() {
        var metrics = RolloutMetrics()
        metrics.answeredShare = 0.5
        metrics.rewardDeviation = 1
        #expect(TrainingWarning.due(after: [metrics, metrics, metrics], of: 9).isEmpty)
        metrics.reward = -0.25
        metrics.rewardDeviation = 0.5
        metrics.overlongMean = -0.25
        metrics.overlongDeviation = 0.5
        #expect(TrainingWarning.due(after: [metrics, metrics, metrics], of: 9) == [.noReward(steps: 3)])
        metrics.reward = 0.25
        #expect(TrainingWarning.due(after: [metrics, metrics, metrics], of: 9).isEmpty)
    }

    @Test("equal rewards that are not zero have a warning of their own")
    func equalRewards() {
        var metrics = RolloutMetrics()
        metrics.reward = 1
        metrics.equalRewardShare = 1
        metrics.answeredShare = 1
        #expect(TrainingWarning.due(after: [metrics, metrics, metrics], of: 9) == [.equalRewards(steps: 3)])
        var different = metrics
        different.equalRewardShare = 0.9
        #expect(TrainingWarning.due(after: [metrics, metrics, different], of: 9) == [])
        #expect(TrainingWarning.due(after: [different, metrics, metrics], of: 9) == [])
        // Only kept groups teach something, whatever the replaced ones earned.
        different.keptEqualShare = 1
        #expect(TrainingWarning.due(after: [metrics, metrics, different], of: 9) == [.equalRewards(steps: 3)])
        different.rewardDeviation = 0.5
        different.keptRewardDeviation = 0
        let compared = [different, different, different]
        #expect(TrainingWarning.due(after: compared, of: 9, comparesAll: true) == [.equalRewards(steps: 3)])
        metrics.keptEqualShare = 0.9
        #expect(TrainingWarning.due(after: [metrics, metrics, metrics], of: 9) == [])
    }

    @Test("missing answers and token limits are reported at once")
    func toldAtOnce() {
        var metrics = RolloutMetrics()
        metrics.reward = 0.5
        metrics.clippedShare = 1
        #expect(TrainingWarning.due(after: [metrics], of: 9) == [.noAnswer(steps: 1), .allClipped(steps: 1)])
        #expect(TrainingWarning.due(after: [metrics, metrics], of: 9) == [])
    }
}

/// Its grades are what no grader may give.
private struct NoNumberReward: Reward {
    func grade(_ completion: String, for problem: Problem) -> Grade {
        var grade = Grade(strict: false, lenient: false, extracted: nil, isWellFormed: false)
        grade.score = .nan
        return grade
    }
}
