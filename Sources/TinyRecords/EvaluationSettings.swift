import TinyFoundation

/// How progress is measured on problems that are not trained on.
public struct EvaluationSettings: Sendable, Equatable {
    /// Test problems evaluated before and after training; `nil` takes all, `0` leaves the test out. Range: `0...`.
    /// Key `eval_problems`.
    public var problems: Int? = 400
    /// Steps between further evaluations; `nil` evaluates only before and after. Range: `1...`. Key `eval_steps`.
    public var interval: Int?
    /// Problems by which settings may be chosen, apart from the test problems; `0` leaves them out. They are Abacus's
    /// held-out problems that no test has, the first of ``validationFile``, or else the last of the training file, which are
    /// not trained on then. Range: `0...`. Key `validation_problems`.
    public var validationProblems = 0
    /// Problem file to choose settings by. Key `validation`.
    public var validationFile: String?

    /// Before and after training only, on test problems only.
    public init() {}

    static let fields: [SettingField] = [
        .init("eval_problems", \.evaluation.problems), .init("eval_steps", \.evaluation.interval),
        .init("validation_problems", \.evaluation.validationProblems), .init("validation", \.evaluation.validationFile),
    ]

    func check(_ rules: inout Rules) {
        rules.require(problems, atLeast: 0, "eval_problems")
        rules.require(interval, atLeast: 1, "eval_steps")
        rules.require(validationProblems, atLeast: 0, "validation_problems")
        rules.require(
            validationFile == nil || validationProblems != 0, "validation",
            "names a file, but validation_problems is 0; say how many of its problems to use (--validation-problems N)")
    }
}
