import TinyPolicy
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
    /// What the policy sampled.
    let completion: Completion
    /// The completion as text, without the stop token.
    let text: String
    /// What the grader found.
    let grade: Grade
    /// What it earned.
    let reward: Double
    /// How much better that is than the rest of its group.
    var advantage = 0.0

    /// Whether it ended with a stop token rather than for want of room.
    var isTerminated: Bool { completion.stop == .endOfText }

    func record(step: Int) -> SampleRecord {
        SampleRecord(
            step: step, problem: problem.id, sample: index, question: problem.question, answer: problem.answer,
            completion: text, extracted: grade.extracted, strict: grade.strict, lenient: grade.lenient,
            advantage: advantage, tokens: completion.tokens.count, stop: completion.stop.rawValue)
    }
}

/// All completions of one step, group by group.
struct Rollout: Sendable {
    private(set) var samples: [RolloutSample]
    let groupSize: Int

    /// Compares the rewards within each group of `groupSize`.
    init(_ samples: [RolloutSample], groupSize: Int, scale: RewardScale) {
        self.samples = samples
        self.groupSize = groupSize
        let advantagesPG = advantages(rewardsPG: rewardsPG, scale: scale)
        for (index, advantage) in advantagesPG.joined().enumerated() { self.samples[index].advantage = advantage }
    }

    /// Rewards, `[P, G]`.
    private var rewardsPG: [[Double]] {
        stride(from: 0, to: samples.count, by: groupSize).map { start in
            samples[start..<start + groupSize].map(\.reward)
        }
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

    /// Everything that can be measured before any gradient.
    func metrics() -> RolloutMetrics {
        var metrics = RolloutMetrics()
        let count = Double(samples.count)
        func share(_ holds: (RolloutSample) -> Bool) -> Double { Double(samples.count(where: holds)) / count }

        let groups = rewardsPG
        metrics.reward = samples.reduce(0) { $0 + $1.reward } / count
        metrics.rewardDeviation = groups.reduce(0) { $0 + sampleDeviation($1) } / Double(groups.count)
        metrics.equalRewardShare = Double(groups.count { !hasDifferentValues($0) }) / Double(groups.count)
        metrics.strictMean = share(\.grade.strict)
        metrics.lenientMean = share(\.grade.lenient)
        metrics.answeredShare = share { $0.grade.extracted != nil }
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
