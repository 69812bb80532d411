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

    /// Grades one completion by the rules of ``MathGrader``.
    public func grade(_ completion: String, for problem: Problem) -> Grade {
        grader.grade(completion, gold: problem.answer)
    }
}
