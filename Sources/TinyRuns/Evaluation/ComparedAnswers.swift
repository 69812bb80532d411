import TinyEngine
import TinyProblems
public import TinyStatistics

/// The samples of two evaluations of the same problems, problem by problem.
///
/// A problem's value is a mean over its samples, so the two may have different numbers of samples.
struct ComparedAnswers {
    /// The samples of one problem.
    struct Problem {
        let before: ArraySlice<EvaluatedSample>
        let after: ArraySlice<EvaluatedSample>

        /// The shares of samples for which something holds.
        func shares(_ holds: (EvaluatedSample) -> Bool) -> (before: Double, after: Double) {
            (share(before, holds), share(after, holds))
        }
    }

    let problems: [Problem]

    /// Pairs samples, `beforeSize` and `afterSize` for each problem, problem by problem.
    init(before: [EvaluatedSample], beforeSize: Int, after: [EvaluatedSample], afterSize: Int) {
        precondition(
            before.count / beforeSize == after.count / afterSize,
            "ComparedAnswers: \(before.count) / \(beforeSize) and \(after.count) / \(afterSize)")
        problems = (0..<before.count / beforeSize).map { index in
            Problem(
                before: before[index * beforeSize..<(index + 1) * beforeSize],
                after: after[index * afterSize..<(index + 1) * afterSize])
        }
    }

    private init(problems: [Problem]) { self.problems = problems }

    /// A share of samples before and after.
    func measure(_ holds: (EvaluatedSample) -> Bool) -> ComparedShare {
        let shares = problems.map { $0.shares(holds) }
        return ComparedShare(
            before: mean(shares.map(\.before)), after: mean(shares.map(\.after)),
            difference: PairedDifference(shares.map { $0.after - $0.before }))
    }

    /// Strictly right samples among those in the requested format; `nil` where there are none.
    func rightInFormat(_ side: (Problem) -> ArraySlice<EvaluatedSample>) -> Double? {
        let formed = problems.flatMap { side($0) }.filter(\.grade.isWellFormed)
        return formed.isEmpty ? nil : share(formed[...], \.grade.strict)
    }

    /// Mean tokens of a completion.
    func meanLength(_ side: (Problem) -> ArraySlice<EvaluatedSample>) -> Double {
        mean(problems.flatMap { side($0) }.map { Double($0.tokenCount) })
    }

    /// McNemar's exact test on the problems with more and with fewer right samples; `nil` where the two sides have different numbers of
    /// samples.
    func test(beforeSize: Int, afterSize: Int) -> PairedComparison? {
        func right(_ samples: ArraySlice<EvaluatedSample>) -> Int { samples.count(where: \.grade.strict) }
        return PairedComparison(
            before: (problems.map { right($0.before) }, beforeSize),
            after: (problems.map { right($0.after) }, afterSize))
    }

    /// How many samples went from each outcome to each: those with the same number in both evaluations.
    var transitions: [AnswerOutcome: [AnswerOutcome: Int]] {
        var counts: [AnswerOutcome: [AnswerOutcome: Int]] = [:]
        for problem in problems {
            for (before, after) in zip(problem.before, problem.after) {
                counts[before.outcome, default: [:]][after.outcome, default: 0] += 1
            }
        }
        return counts
    }

    /// The problems in thirds by the length of their prompts, the shortest first; equal lengths stay in order.
    var thirds: [ComparedAnswers] {
        func length(_ problem: Problem) -> Int { problem.before.first?.prompt.utf8.count ?? 0 }
        let order = problems.indices.sorted { (length(problems[$0]), $0) < (length(problems[$1]), $1) }
        return (0..<3).map { third in
            let part = order.count * third / 3..<order.count * (third + 1) / 3
            return ComparedAnswers(problems: order[part].map { problems[$0] })
        }
    }
}

private func share(_ samples: ArraySlice<EvaluatedSample>, _ holds: (EvaluatedSample) -> Bool) -> Double {
    samples.isEmpty ? 0 : Double(samples.count(where: holds)) / Double(samples.count)
}

private func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
}

/// A share of the samples of two evaluations.
public struct ComparedShare: Sendable, Codable, Hashable {
    /// In the first.
    public let before: Double
    /// In the second.
    public let after: Double
    /// The second less the first, with its interval over problems; `nil` where a training run recorded the share alone.
    public let difference: PairedDifference?
}
