public import TinyProblems
public import TinyRecords
import TinyStatistics

extension EvaluationResult {
    /// The numbers of this result as a line of a training run.
    ///
    /// - Parameters:
    ///   - step: Training step whose adapter was evaluated; 0 is the base model.
    ///   - split: What the problems are for.
    public func record(step: Int?, split: EvaluationSplit = .test) -> EvaluationRecord {
        EvaluationRecord(
            step: step, split: split, problemSet: problemSet, problems: problemCount,
            samplesPerProblem: samplesPerProblem,
            strict: strict.fraction, interval: [strict.interval.low, strict.interval.high], lenient: lenient.fraction,
            lenientInterval: [lenient.interval.low, lenient.interval.high], score: score?.mean,
            scoreInterval: score?.interval, wellFormed: parsing.wellFormed, truncated: truncatedCount,
            meanCompletionLength: meanCompletionLength, tokens: tokenCount, outcomes: outcomes,
            time: EvaluationTime(seconds: seconds, tokensPerSecond: tokensPerSecond))
    }

    /// `1` or `0` for each problem, where each was answered once.
    private var outcomes: String? {
        samplesPerProblem == 1 ? String(samples.map { $0.grade.strict ? "1" : "0" }) : nil
    }

    /// The first completions as lines of a training run.
    ///
    /// - Parameters:
    ///   - step: Training step whose adapter was evaluated.
    ///   - problems: The evaluated problems, in order.
    ///   - count: How many completions at most.
    public func sampleRecords(step: Int, of problems: ProblemSet, count: Int) -> [EvaluationSampleRecord] {
        zip(samples, problems.problems.flatMap { problem in repeatElement(problem, count: samplesPerProblem) })
            .prefix(count).map { sample, problem in
                EvaluationSampleRecord(
                    step: step, problem: problem.id, question: problem.question, answer: problem.answer,
                    completion: sample.completion, extracted: sample.grade.extracted, strict: sample.grade.strict,
                    score: sample.grade.score)
            }
    }
}
