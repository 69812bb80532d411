import TinyEngine
import TinyProblems
import TinyRecords

/// One completion of a step, graded.
struct RolloutSample: Sendable {
    /// Its problem.
    let problem: Problem
    /// Position in its group.
    let index: Int
    /// Prompt and completion as token ids.
    let sequence: ScoredSequence
    /// What was sampled.
    let completion: Completion
    /// The completion as text, without the stop token or what follows a stop text.
    let text: String
    /// What the grader found.
    let grade: Grade
    /// Reward for the grade.
    let earned: Double
    /// Penalty on its length; 0 or less.
    let overlong: Double
    /// Its advantage.
    var advantage = Advantage.completion(0)

    /// The reward it is trained on.
    var reward: Double { earned + overlong }

    /// Whether it came to its own end, not to the token limit or the end of the context.
    var isTerminated: Bool { completion.stop.isEnd }

    func record(step: Int) -> SampleRecord {
        SampleRecord(
            step: step, problem: problem.id, sample: index, question: problem.question, answer: problem.answer,
            completion: text, extracted: grade.extracted, strict: grade.strict, lenient: grade.lenient,
            reward: reward, advantage: advantage.mean, tokens: completion.tokens.count, stop: completion.stop.rawValue,
            engine: completion.engine)
    }
}

/// Completions of one step, group by group.
struct Rollout: Sendable {
    private(set) var samples: [RolloutSample]
    let groupSize: Int

    /// Puts together groups of `groupSize`.
    init(_ samples: [RolloutSample], groupSize: Int) {
        self.samples = samples
        self.groupSize = groupSize
    }

    /// Computes the advantage of every completion.
    ///
    /// - Parameters:
    ///   - estimator: How.
    ///   - penalties: What is taken off the reward for each token of each completion; `nil` for nothing.
    mutating func compare(_ estimator: any AdvantageEstimator, penalties: [[Double]]?) {
        let rewards = StepRewards(
            rewardsN: samples.map(\.reward), penaltiesNT: penalties, lengthsN: samples.map(\.completion.tokens.count),
            groupSize: groupSize)
        for (index, advantage) in estimator.advantages(rewards).enumerated() { samples[index].advantage = advantage }
    }

    /// Estimated divergence of the policy that sampled from a reference, token by token.
    func divergences(from references: [[Float]], by estimator: KLEstimator) -> [[Double]] {
        zip(samples, references).map { sample, referenceT in
            zip(sample.completion.logprobs, referenceT).map {
                estimator.estimate(logprob: $0, reference: $1).value
            }
        }
    }

    /// Rewards, `[P][G]`.
    var rewardsPG: [[Double]] {
        StepRewards(rewardsN: samples.map(\.reward), lengthsN: [], groupSize: groupSize).totalsPG
    }

    /// Mean reward of all completions.
    var meanReward: Double { samples.reduce(0) { $0 + $1.reward } / Double(samples.count) }

    /// Standard deviation of the reward over all completions.
    var rewardDeviation: Double { sampleDeviation(samples.map(\.reward)) }

    /// Share of groups whose rewards are all equal.
    var equalRewardShare: Double {
        let groups = rewardsPG
        return Double(groups.count { !hasDifferentValues($0) }) / Double(groups.count)
    }

    /// Tokens of all prompts and completions.
    var tokens: Int { samples.reduce(completionTokens) { $0 + $1.sequence.prompt.count } }

    /// Tokens of all completions.
    var completionTokens: Int { samples.reduce(0) { $0 + $1.completion.tokens.count } }

    /// The first `count` completions to show: one of each problem, then a second of each, and so on.
    func shown(_ count: Int) -> [RolloutSample] {
        let groups = samples.count / groupSize
        return (0..<min(count, samples.count)).map { samples[$0 % groups * groupSize + $0 / groups] }
    }

    /// Everything that can be measured before any gradient, lengths' penalty only where there is one.
    func metrics(penalisesLength: Bool) -> RolloutMetrics {
        var metrics = RolloutMetrics()
        let count = Double(samples.count)
        func share(_ holds: (RolloutSample) -> Bool) -> Double { Double(samples.count(where: holds)) / count }
        func deviation(_ value: (RolloutSample) -> Double) -> Double { sampleDeviation(samples.map(value)) }

        metrics.reward = meanReward
        metrics.rewardDeviation = rewardDeviation
        metrics.equalRewardShare = equalRewardShare
        metrics.strictMean = share(\.grade.strict)
        metrics.lenientMean = share(\.grade.lenient)
        metrics.answeredShare = share(\.grade.isAnswered)
        metrics.strictDeviation = deviation { $0.grade.strict ? 1 : 0 }
        metrics.lenientDeviation = deviation { $0.grade.lenient ? 1 : 0 }
        metrics.answeredDeviation = deviation { $0.grade.isAnswered ? 1 : 0 }
        let failures = samples.compactMap(\.grade.failure)
        if let first = failures.first {
            metrics.failedGrades = failures.count
            metrics.gradeFailure = first
        }
        if penalisesLength {
            metrics.overlongMean = samples.reduce(0) { $0 + $1.overlong } / count
            metrics.overlongDeviation = deviation(\.overlong)
        }
        metrics.clippedShare = share { !$0.isTerminated }

        let lengths = samples.map(\.completion.tokens.count)
        metrics.lengthMean = Double(completionTokens) / count
        metrics.lengthMin = lengths.min() ?? 0
        metrics.lengthMax = lengths.max() ?? 0
        let terminated = samples.filter(\.isTerminated).map(\.completion.tokens.count)
        metrics.terminatedMean = Double(terminated.reduce(0, +)) / Double(max(1, terminated.count))
        metrics.terminatedMin = terminated.min() ?? 0
        metrics.terminatedMax = terminated.max() ?? 0

        let surprise = samples.reduce(0.0) { sum, sample in
            sample.completion.logprobs.reduce(sum) { $0 - Double($1) }
        }
        metrics.entropy = surprise / Double(max(1, completionTokens))
        return metrics
    }
}
