public import TinyStatistics
public import TinyFoundation

extension PairedComparison {
    /// Compares the right samples of each problem: a problem counts as improved when more of them are right, so that with several
    /// samples each problem still counts once.
    ///
    /// - Returns: `nil` where the two sides have different numbers of samples. One greedy sample is right or wrong, a share of many is
    ///   rarely 0 or 1: nearly every problem would count as changed, and in the direction of its first outcome.
    init?(before: (right: [Int], samples: Int), after: (right: [Int], samples: Int)) {
        guard before.samples == after.samples else { return nil }
        let pairs = zip(before.right, after.right)
        self.init(improved: pairs.count { $0 < $1 }, worsened: pairs.count { $0 > $1 })
    }

    /// Compares two evaluations of the same problems by their strict grades, problem by problem.
    ///
    /// - Throws: ``RunError`` with code `notPaired` unless both have the same problems and numbers of samples.
    public init(before: EvaluationResult, after: EvaluationResult) throws(RunError) {
        guard before.problemIDs == after.problemIDs else {
            throw RunError(
                .notPaired,
                "the results cannot be paired: \(before.problemSet) (\(before.problemCount) problems) before, "
                    + "\(after.problemSet) (\(after.problemCount) problems) after, and the problems differ")
        }
        guard
            let test = PairedComparison(
                before: (before.strictPerProblem, before.samplesPerProblem),
                after: (after.strictPerProblem, after.samplesPerProblem))
        else {
            throw RunError(
                .notPaired,
                "the results cannot be paired: \(before.samplesPerProblem) samples of each problem before, "
                    + "\(after.samplesPerProblem) after")
        }
        self = test
    }
}
