import TinyProblems
public import TinyStatistics
public import TinyFoundation

/// Two evaluations of the same problems, side by side.
///
/// A problem's outcome is the share of its samples that are strictly right, so the two may have different numbers of samples.
public struct EvaluationComparison: Sendable, Codable, Hashable {
    /// A problem whose outcome changed.
    public struct Change: Sendable, Codable, Hashable {
        /// ``Problem/id``.
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

        private enum CodingKeys: String, CodingKey {
            case problem, before, after, answer
            case extractedBefore = "extracted_before"
            case extractedAfter = "extracted_after"
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
    /// Mean outcome in the first evaluation.
    public let before: Double
    /// Mean outcome in the second.
    public let after: Double
    /// The second mean less the first, with its interval.
    public let difference: PairedDifference
    /// McNemar's exact test on the problems that went better and worse.
    public let test: PairedComparison
    /// The problems that did, in order.
    public let changes: [Change]

    private enum CodingKeys: String, CodingKey {
        case problems, before, after, difference, test, changes
        case problemSet = "problem_set"
        case arithmeticBefore = "arithmetic_before"
        case arithmeticAfter = "arithmetic_after"
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
        var outcomes: [[(id: String, right: Double, first: EvaluatedSample)]] = []
        for (folder, entry) in [(before, first), (after, second)] {
            let size = max(1, folder.manifest.samplesPerProblem)
            let samples = try folder.samples(of: set)
            guard samples.count == entry.problems * size else {
                throw RunError(
                    .notPaired,
                    "\(folder.path) has \(samples.count / size) of \(entry.problems) problems of \(set)",
                    hint: "--resume finishes an interrupted evaluation")
            }
            outcomes.append(
                stride(from: 0, to: samples.count, by: size).map { start in
                    let right = samples[start..<start + size].count { $0.grade.strict }
                    return (samples[start].problem, Double(right) / Double(size), samples[start])
                })
        }
        problemSet = set
        arithmeticBefore = before.manifest.arithmetic
        arithmeticAfter = after.manifest.arithmetic
        problems = first.problems
        let pairs = Array(zip(outcomes[0], outcomes[1]))
        func mean(_ side: [(id: String, right: Double, first: EvaluatedSample)]) -> Double {
            side.isEmpty ? 0 : side.reduce(0) { $0 + $1.right } / Double(side.count)
        }
        self.before = mean(outcomes[0])
        self.after = mean(outcomes[1])
        difference = PairedDifference(pairs.map { $1.right - $0.right })
        test = PairedComparison(
            improved: pairs.count { $0.right < $1.right }, worsened: pairs.count { $0.right > $1.right })
        changes = pairs.filter { $0.right != $1.right }.map { before, after in
            Change(
                problem: before.id, before: before.right, after: after.right, answer: after.first.answer,
                extractedBefore: before.first.grade.extracted, extractedAfter: after.first.grade.extracted)
        }
    }
}
