public import TinyStatistics
public import TinyFoundation

extension PairedComparison {
    /// Compares two evaluations of the same problems by their strict grades.
    ///
    /// With several samples of each problem a problem counts as improved when more of them are right, so that each problem
    /// still counts once.
    ///
    /// - Throws: ``RunError`` with code `notPaired` unless both have the same problems and numbers of samples.
    public init(before: EvaluationResult, after: EvaluationResult) throws(RunError) {
        guard before.samplesPerProblem == after.samplesPerProblem else {
            throw RunError(
                .notPaired,
                "the results cannot be paired: \(before.samplesPerProblem) samples of each problem before, "
                    + "\(after.samplesPerProblem) after")
        }
        guard before.problemIDs == after.problemIDs else {
            throw RunError(
                .notPaired,
                "the results cannot be paired: \(before.problemSet) (\(before.problemCount) problems) before, "
                    + "\(after.problemSet) (\(after.problemCount) problems) after, and the problems differ")
        }
        let pairs = zip(before.strictPerProblem, after.strictPerProblem)
        self.init(improved: pairs.count { $0 < $1 }, worsened: pairs.count { $0 > $1 })
    }
}
