import Foundation
import Testing
import TinyLearningTestSupport
import TinyEngine
import TinyProblems
import TinyRecords
import TinyLearning
import TinyFoundation

/// Groups that teach nothing are replaced by those of fresh problems.
@Suite struct DynamicSamplingTests {
    private var configuration: TrainingConfiguration {
        var configuration = smallRun
        configuration.steps = 6
        configuration.rollout.replacesEqualGroups = true
        configuration.rollout.groupSize = 2
        configuration.rollout.samplesPerStep = nil
        return configuration
    }

    /// Twenty problems, so that a step has fresh ones.
    private let problems = (0..<20).map { Problem(id: "\($0)", question: "q\($0)", answer: "a") }

    @Test("a step draws problems in their order until every group teaches something, and the next goes on after them")
    func drawsInOrder() async throws {
        let policy = FakeEngine()
        let trainer = try trainer(configuration, policy: policy)
        let order = ProblemOrder(count: 20, perStep: 3, seed: 1)
        var state = trainer.startingState(), drawn = 0, asked = 0, replaced = 0, rewards: [Double] = []
        var before: StepMetrics?
        for step in 1...6 {
            let finished = try await trainer.makeStep(step, from: state, after: before) { _ in }
            let metrics = try #require(finished.metrics.rollout)
            let groups = policy.calls.recorded.completions.dropFirst(asked)
            // The same game by hand: three places, each filled by the next problem until its group differs.
            var places = [0, 1, 2], kept: [Int: Int] = [:], next = 0, rounds = 0
            var discarded: [[Completion]] = []
            while !places.isEmpty {
                rounds += 1
                var open: [Int] = []
                for place in places {
                    let group = groups[groups.startIndex + next]
                    if Set(group.map { $0.tokens[0] == 1 }).count == 1 {
                        open.append(place)
                        discarded.append(group)
                    } else {
                        kept[place] = next
                    }
                    next += 1
                }
                places = open
            }
            let rows = order.rows(from: drawn, count: next)
            #expect(groups.count == next)
            for sample in finished.samples.prefix(3) {
                let place = try #require(finished.samples.firstIndex { $0.problem == sample.problem })
                #expect(sample.problem == problems[rows[try #require(kept[place])]].id)
            }
            #expect(metrics.rounds == rounds && metrics.discardedGroups == discarded.count)
            #expect(metrics.equalRewardShare == Double(discarded.count) / Double(next))
            #expect(metrics.discardedTokens == discarded.joined().reduce(0) { $0 + $1.tokens.count })
            // What is measured of completions is of all that were sampled; of two that were kept one is right.
            let all = Array(groups.joined()), count = Double(all.count)
            let right = Double(all.count { $0.tokens[0] == 1 }) / count
            #expect(metrics.reward == right && metrics.strictMean == right)
            #expect(metrics.keptReward == 0.5 && metrics.keptEqualShare == 0)
            #expect(metrics.keptRewardDeviation ?? 0 > 0)
            #expect(metrics.lengthMean == Double(all.reduce(0) { $0 + $1.tokens.count }) / count)
            rewards.append(right)
            drawn += next
            asked += next
            replaced += discarded.count
            #expect(finished.state.buffers == ["problems_drawn": [Double(drawn)]])
            #expect(finished.metrics.epoch == Double(drawn) / 20)
            // What was thrown away was sampled all the same.
            let sampled = policy.calls.recorded.completions.joined().reduce(0) { $0 + $1.tokens.count }
            #expect(finished.metrics.generatedTokens == sampled)
            state = finished.state
            before = finished.metrics
        }
        #expect(replaced > 3 && rewards.contains { $0 != 0.5 })
    }

    @Test("a draw depends on the step and its place alone, not on which problems were drawn before")
    func streamsAreNamed() async throws {
        let one = FakeEngine(), other = FakeEngine()
        let trainers = try (trainer(configuration, policy: one), trainer(configuration, policy: other))
        var moved = trainers.1.startingState()
        moved.buffers["problems_drawn"] = [20]  // another epoch: the same prompts in another order
        _ = try await trainers.0.makeStep(2, from: trainers.0.startingState(), after: nil) { _ in }
        _ = try await trainers.1.makeStep(2, from: moved, after: nil) { _ in }
        // The base model's first token does not depend on the prompt, so it is the stream's.
        let first = one.calls.recorded.completions[0].map { $0.tokens[0] }
        #expect(first == other.calls.recorded.completions[0].map { $0.tokens[0] })
    }

    @Test("when the rounds are used up, what is equal stays", arguments: [2, 3])
    func stopsAfterRounds(rounds: Int) async throws {
        var configuration = configuration
        configuration.rollout.maxRounds = rounds
        let trainer = try GRPOTrainer(
            sampler: FakeEngine(), learner: FakeEngine(), task: letterTask(problems, reward: ConstantReward()),
            configuration: configuration)
        let finished = try await trainer.makeStep(1, from: trainer.startingState(), after: nil) { _ in }
        let metrics = try #require(finished.metrics.rollout)
        #expect(metrics.rounds == rounds && metrics.discardedGroups == 3 * (rounds - 1))
        #expect(metrics.equalRewardShare == 1 && metrics.keptEqualShare == 1 && finished.samples.count == 6)
        #expect(finished.state.buffers == ["problems_drawn": [Double(3 * rounds)]])
    }

    @Test("a difference in length alone does not make a group worth keeping")
    func lengthTeachesNothing() async throws {
        var configuration = configuration
        configuration.rollout.maxRounds = 2
        configuration.rollout.overlongMargin = 5
        let trainer = try GRPOTrainer(
            sampler: FakeEngine(), learner: FakeEngine(), task: letterTask(problems, reward: ConstantReward()),
            configuration: configuration)
        let metrics = try await trainer.makeStep(1, from: trainer.startingState(), after: nil) { _ in }.metrics.rollout
        #expect(metrics?.discardedGroups == 3 && metrics?.overlongDeviation ?? 0 > 0)
    }

    @Test("a state without its count of problems is refused", arguments: [nil, [], [-1], [0.5], [1, 2], [1e300]])
    func refusesDamage(count: [Double]?) async throws {
        let trainer = try trainer(configuration, policy: FakeEngine())
        var state = trainer.startingState()
        state.buffers["problems_drawn"] = count
        let error = await #expect(throws: TrainingError.self) {
            _ = try await trainer.makeStep(3, from: state, after: nil) { _ in }
        }
        #expect(error?.message == "the state after step 2 has no count of the problems drawn (problems_drawn)")
    }

    @Test("every prompt that may come to be drawn is checked before the first token")
    func checksAllPrompts() throws {
        var configuration = configuration
        configuration.steps = 1
        var problems = problems
        let last = ProblemOrder(count: 20, perStep: 3, seed: 1).rows(from: 0, count: 20)[19]
        problems[last].question = String(repeating: "q", count: 60)
        let policy = FakeEngine()
        let error = #expect(throws: TrainingError.self) {
            try GRPOTrainer(
                sampler: policy, learner: policy, task: letterTask(problems), configuration: configuration)
        }
        #expect(error?.code == .promptTooLong)
        configuration.rollout.maxRounds = 2  // six problems at most
        #expect(throws: Never.self) {
            try GRPOTrainer(
                sampler: policy, learner: policy, task: letterTask(problems), configuration: configuration)
        }
    }

    private func trainer(_ configuration: TrainingConfiguration, policy: FakeEngine) throws -> GRPOTrainer {
        try GRPOTrainer(
            sampler: policy, learner: policy, task: letterTask(problems), configuration: configuration)
    }
}
