public import TinyEngine
public import TinyProblems
public import TinyRecords
public import TinyStatistics

/// One graded completion of an evaluation.
public struct EvaluatedSample: Record, Hashable {
    /// ``Problem/id`` of the problem.
    public var problem: String
    /// Which sample of the problem, from 0.
    public var sample: Int
    /// The prompt's text.
    public var prompt: String
    /// The completion's text, without the stop token or what follows a stop text.
    public var completion: String
    /// What the grader found.
    public var grade: Grade
    /// Tokens of the completion, the stop token or those of a stop text included.
    public var tokenCount: Int
    /// Why the completion ended.
    public var stop: StopReason
    /// The right answer.
    public var answer: String?
    /// ``Problem/subject`` of the problem.
    public var subject: String?
    /// ``Problem/level`` of the problem.
    public var level: String?

    /// Makes a record from its parts.
    public init(
        problem: String, sample: Int, prompt: String, completion: String, grade: Grade, tokenCount: Int,
        stop: StopReason, answer: String? = nil, subject: String? = nil, level: String? = nil
    ) {
        self.problem = problem
        self.sample = sample
        self.prompt = prompt
        self.completion = completion
        self.grade = grade
        self.tokenCount = tokenCount
        self.stop = stop
        self.answer = answer
        self.subject = subject
        self.level = level
    }

    private enum CodingKeys: String, CodingKey {
        case problem, sample, prompt, completion, grade, stop, answer, subject, level
        case tokenCount = "tokens"
    }
}

/// What an evaluation found. Everything but ``seconds`` is a pure function of the evaluator, the problems and the adapter.
public struct EvaluationResult: Sendable {
    /// ``ProblemSet/name`` of the set.
    public let problemSet: String
    /// Completions of each problem.
    public let samplesPerProblem: Int
    /// One record per completion, problem by problem.
    public let samples: [EvaluatedSample]
    /// Share of completions that are right by the strict rule.
    public let strict: BinomialProportion
    /// Share of completions that are right by the lenient rule.
    public let lenient: BinomialProportion
    /// Share of problems whose majority is right; `nil` with one sample of each problem or nothing to vote on.
    public let majority: BinomialProportion?
    /// The chance that one of `k` samples is strictly right, for some `k`; empty with one sample of each problem.
    public let passes: [PassAtK]
    /// Mean score of a completion; `nil` where the grader gives none but only says right or wrong. The interval is that of the
    /// means of problems.
    public let score: MeanInterval?
    /// What could be read of the answers.
    public let parsing: ParseStatistics
    /// Wall-clock time of sampling, seconds.
    public let seconds: Double
    /// Tokens sampled in that time: all, but for those of an earlier evaluation that this one went on with.
    public let sampledTokens: Int

    /// Sums up graded completions.
    ///
    /// - Parameters:
    ///   - samples: `samplesPerProblem` for each problem, problem by problem; the count must be a multiple.
    ///   - samplesPerProblem: Positive.
    ///   - majority: Whether each problem's majority is right, if there was a vote.
    ///   - seconds: Wall-clock time it took.
    ///   - sampledTokens: Tokens sampled in that time; all unless given.
    public init(
        problemSet: String, samples: [EvaluatedSample], samplesPerProblem: Int, majority: [Bool]? = nil,
        seconds: Double, sampledTokens: Int? = nil
    ) {
        precondition(
            samplesPerProblem > 0 && samples.count.isMultiple(of: samplesPerProblem),
            "EvaluationResult: \(samples.count) samples, \(samplesPerProblem) per problem")
        self.problemSet = problemSet
        self.samples = samples
        self.samplesPerProblem = samplesPerProblem
        self.seconds = seconds
        self.sampledTokens = sampledTokens ?? samples.reduce(0) { $0 + $1.tokenCount }
        self.majority = majority.map { votes in
            BinomialProportion(successes: votes.count { $0 }, trials: votes.count)
        }
        let right = successes(of: samples, per: samplesPerProblem, where: \.strict)
        passes =
            samplesPerProblem == 1
            ? []
            : PassAtK.counts(upTo: samplesPerProblem).map {
                PassAtK(successes: right, samples: samplesPerProblem, k: $0)
            }
        score = meanScore(of: samples, per: samplesPerProblem)
        parsing = ParseStatistics(samples.map(\.grade))
        strict = BinomialProportion(
            clusterSuccesses: successes(of: samples, per: samplesPerProblem, where: \.strict),
            clusterSize: samplesPerProblem)
        lenient = BinomialProportion(
            clusterSuccesses: successes(of: samples, per: samplesPerProblem, where: \.lenient),
            clusterSize: samplesPerProblem)
    }

    /// Number of problems.
    public var problemCount: Int { samples.count / samplesPerProblem }

    /// Ids of the problems, in order.
    public var problemIDs: [String] {
        stride(from: 0, to: samples.count, by: samplesPerProblem).map { samples[$0].problem }
    }

    /// Strictly right completions of each problem.
    public var strictPerProblem: [Int] {
        successes(of: samples, per: samplesPerProblem, where: \.strict)
    }

    /// Tokens of all completions.
    public var tokenCount: Int { samples.reduce(0) { $0 + $1.tokenCount } }

    /// Mean number of tokens of a completion; 0 without completions.
    public var meanCompletionLength: Double {
        samples.isEmpty ? 0 : Double(tokenCount) / Double(samples.count)
    }

    /// Completions that were cut off before their own end.
    public var truncatedCount: Int { samples.count { !$0.stop.isEnd } }

    /// Sampled tokens per second of wall-clock time; 0 if no time passed.
    public var tokensPerSecond: Double { seconds > 0 ? Double(sampledTokens) / seconds : 0 }

    /// The numbers of this result without its samples.
    public var summary: EvaluationSummary { EvaluationSummary(self) }
}

private func meanScore(of samples: [EvaluatedSample], per size: Int) -> MeanInterval? {
    guard samples.contains(where: { $0.grade.score != nil }) else { return nil }
    return MeanInterval(
        stride(from: 0, to: samples.count, by: size).map { first in
            samples[first..<first + size].reduce(0) { $0 + $1.grade.reward() } / Double(size)
        })
}

private func successes(
    of samples: [EvaluatedSample], per size: Int, where isRight: (Grade) -> Bool
) -> [Int] {
    stride(from: 0, to: samples.count, by: size).map { first in
        samples[first..<first + size].count { isRight($0.grade) }
    }
}
