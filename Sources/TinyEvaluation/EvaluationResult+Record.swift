import TinyProblems
public import TinyRecords
import TinyStatistics

extension EvaluationResult {
    /// The numbers of this result as a line of a training run.
    ///
    /// - Parameter step: Training step whose adapter was evaluated; 0 is the base model.
    public func record(step: Int?) -> EvaluationRecord {
        EvaluationRecord(
            step: step, problemSet: problemSet, problems: problemCount, samplesPerProblem: samplesPerProblem,
            strict: strict.fraction, interval: [strict.interval.low, strict.interval.high], lenient: lenient.fraction,
            lenientInterval: [lenient.interval.low, lenient.interval.high], wellFormed: parsing.wellFormed,
            truncated: truncatedCount, meanCompletionLength: meanCompletionLength, tokens: tokenCount,
            time: EvaluationTime(seconds: seconds, tokensPerSecond: tokensPerSecond))
    }
}
