/// Rewards answers that are mathematically the gold answer, however they are written; see ``MathGrader`` for the rules.
///
/// ```swift
/// let problem = Problem(id: "1", question: "Solve 3x = 14.", answer: "\\frac{14}{3}")
/// MathReward().grade("x = 14/3, so \\boxed{x = 14/3}", for: problem).strict       // true
/// ```
public struct MathReward: Reward {
    /// What decides.
    public var grader: MathGrader

    /// Makes a reward; the plain options grade exactly.
    public init(options: GradingOptions = GradingOptions()) {
        grader = MathGrader(options: options)
    }

    /// Grades one completion by the rules of ``MathGrader``, with the problem's own tolerance where it has one. An answer may
    /// name the problem's unit.
    public func grade(_ completion: String, for problem: Problem) -> Grade {
        let grader = grader(for: problem)
        let grade = grader.grade(completion, gold: problem.answer)
        guard !grade.strict, let unit = problem.unit else { return grade }
        let named = grader.grade(completion, gold: "\(problem.answer) \(unit.filter { $0 != "$" })")
        return named.strict || (named.lenient && !grade.lenient) ? named : grade
    }

    /// Whether two answers mean the same to within the problem's tolerance.
    public func isSame(_ answer: String, as other: String, for problem: Problem) -> Bool {
        grader(for: problem).isEquivalent(answer, to: other)
    }

    private func grader(for problem: Problem) -> MathGrader {
        guard let tolerance = problem.tolerance else { return grader }
        var grader = grader
        grader.options.absoluteTolerance = tolerance
        return grader
    }
}
