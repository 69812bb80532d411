import TinyEngine
import TinyProblems
public import TinyStatistics
public import TinyFoundation

/// Two evaluations of the same problems, side by side.
///
/// What a training bought may be format, length or right answers: shares and ``transitions`` tell them apart. A problem's value is
/// the mean over its samples, so shares compare also where the two have different numbers of samples; single problems do not.
public struct EvaluationComparison: Sendable, Codable, Hashable {
    /// A problem whose outcome changed.
    public struct Change: Sendable, Codable, Hashable {
        /// ``Problem/id``; where the records of training runs do not have it, the problem's place in the set from 1, as `#51`.
        public var problem: String
        /// Share of right samples in the first evaluation.
        public var before: Double
        /// Share of right samples in the second.
        public var after: Double
        /// The right answer.
        public var answer: String?
        /// What the first sample answered in the first evaluation.
        public var extractedBefore: String?
        /// And in the second.
        public var extractedAfter: String?
        /// Whether both records have the answers; those of training runs have them of the first problems only.
        public var hasAnswers: Bool

        private enum CodingKeys: String, CodingKey {
            case problem, before, after, answer
            case extractedBefore = "extracted_before"
            case extractedAfter = "extracted_after"
            case hasAnswers = "has_answers"
        }
    }

    /// Name of the problem set.
    public let problemSet: String
    /// Arithmetic of the first evaluation.
    public let arithmeticBefore: Arithmetic
    /// Arithmetic of the second. Where the two differ, so may answers of the same model.
    public let arithmeticAfter: Arithmetic
    /// Problems that both have.
    public let problems: Int
    /// Samples of each problem, before and after.
    public let samplesPerProblem: [Int]
    /// Samples that are right in the requested format. A sample that is right in another way is not among them.
    public let strict: ComparedShare
    /// Samples that are right in any format.
    public let lenient: ComparedShare
    /// Samples with an answer in the requested format, right or wrong.
    public let wellFormed: ComparedShare
    /// Samples that came to their own end.
    public let ended: ComparedShare
    /// Share that is right of the samples in the requested format, before and after; `nil` where there are none.
    public let rightInFormat: [Double?]
    /// Mean tokens of a completion, before and after.
    public let meanLength: [Double]
    /// How many samples went from each outcome to each, where both evaluations have a sample of the same number; `nil` with a training
    /// run, which does not record every answer.
    public let transitions: [AnswerOutcome: [AnswerOutcome: Int]]?
    /// ``strict`` of the problems in thirds by the length of their prompts, the shortest first; empty with a training run.
    public let strictByLength: [ComparedShare]
    /// McNemar's exact test on the problems that went better and worse; `nil` where ``samplesPerProblem`` differ.
    public let test: PairedComparison?
    /// The problems that did, in order; none where there is no test.
    public let changes: [Change]

    private enum CodingKeys: String, CodingKey {
        case problems, strict, lenient, ended, transitions, test, changes
        case problemSet = "problem_set"
        case samplesPerProblem = "samples_per_problem"
        case arithmeticBefore = "arithmetic_before"
        case arithmeticAfter = "arithmetic_after"
        case wellFormed = "well_formed"
        case rightInFormat = "right_in_format"
        case meanLength = "mean_completion_length"
        case strictByLength = "strict_by_length"
    }

    /// Compares a set of two directories.
    ///
    /// - Throws: ``RunError`` with code `notPaired` when the problems differ or one evaluation is not complete.
    public init(of set: String, before: EvaluationFolder, after: EvaluationFolder) throws(RunError) {
        let entries = [before, after].map { folder in folder.manifest.sets.first { $0.name == set } }
        guard let first = entries[0], let second = entries[1] else {
            let place = entries[0] == nil ? before.path : after.path
            throw RunError(.notPaired, "\(place) has no problem set \(set)")
        }
        guard first.content == second.content else {
            throw RunError(
                .notPaired,
                "\(set) has other problems in \(before.path) (\(first.problems)) than in \(after.path) "
                    + "(\(second.problems))")
        }
        self.init(
            of: set, before: try before.allSamples(of: first), after: try after.allSamples(of: second),
            arithmetics: [before, after].map(\.manifest.arithmetic))
    }

    /// Compares all samples of a set, as many for each problem as it says, problem by problem.
    package init(
        of set: String, before: (samples: [EvaluatedSample], size: Int), after: (samples: [EvaluatedSample], size: Int),
        arithmetics: [Arithmetic]
    ) {
        let answers = ComparedAnswers(
            before: before.samples, beforeSize: before.size, after: after.samples, afterSize: after.size)
        problemSet = set
        arithmeticBefore = arithmetics[0]
        arithmeticAfter = arithmetics[1]
        problems = answers.problems.count
        samplesPerProblem = [before.size, after.size]
        strict = answers.measure(\.grade.strict)
        lenient = answers.measure(\.grade.lenient)
        wellFormed = answers.measure(\.grade.isWellFormed)
        ended = answers.measure(\.stop.isEnd)
        rightInFormat = [answers.rightInFormat(\.before), answers.rightInFormat(\.after)]
        meanLength = [answers.meanLength(\.before), answers.meanLength(\.after)]
        transitions = answers.transitions
        strictByLength = answers.thirds.filter { !$0.problems.isEmpty }.map { $0.measure(\.grade.strict) }
        test = answers.test(beforeSize: before.size, afterSize: after.size)
        changes =
            test == nil
            ? []
            : answers.problems.compactMap { problem in
                let shares = problem.shares(\.grade.strict)
                guard shares.before != shares.after, let before = problem.before.first, let after = problem.after.first
                else { return nil }
                return Change(
                    problem: before.problem, before: shares.before, after: shares.after, answer: after.answer,
                    extractedBefore: before.grade.extracted, extractedAfter: after.grade.extracted, hasAnswers: true)
            }
    }

    /// Compares what is known of the answers to the same problems where a training run recorded one side.
    init(of set: String, before: AnswerTotals, after: AnswerTotals) {
        precondition(
            before.right.count == after.right.count,
            "EvaluationComparison: \(before.right.count) and \(after.right.count) problems")
        func known(_ share: (AnswerTotals) -> Double) -> ComparedShare {
            ComparedShare(before: share(before), after: share(after), difference: nil)
        }
        let shares = Array(zip(before.shares, after.shares)), count = Double(shares.count)
        problemSet = set
        arithmeticBefore = before.arithmetic
        arithmeticAfter = after.arithmetic
        problems = shares.count
        samplesPerProblem = [before.samplesPerProblem, after.samplesPerProblem]
        strict = ComparedShare(
            before: before.shares.reduce(0, +) / count, after: after.shares.reduce(0, +) / count,
            difference: PairedDifference(shares.map { $1 - $0 }))
        lenient = known(\.lenient)
        wellFormed = known(\.wellFormed)
        ended = known(\.ended)
        rightInFormat = [before.rightInFormat, after.rightInFormat]
        meanLength = [before.meanLength, after.meanLength]
        transitions = nil
        strictByLength = []
        test = PairedComparison(
            before: (before.right, before.samplesPerProblem), after: (after.right, after.samplesPerProblem))
        func answer(_ side: AnswerTotals, _ problem: Int) -> AnswerTotals.Answer? {
            problem < side.answers.count ? side.answers[problem] : nil
        }
        changes =
            test == nil
            ? []
            : shares.enumerated().filter { $1.0 != $1.1 }.map { problem, shares in
                let first = answer(before, problem), second = answer(after, problem)
                return Change(
                    problem: (first ?? second)?.problem ?? "#\(problem + 1)", before: shares.0, after: shares.1,
                    answer: (second ?? first)?.answer, extractedBefore: first?.extracted,
                    extractedAfter: second?.extracted, hasAnswers: first != nil && second != nil)
            }
    }
}
