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

    static let fields: [SettingField<Self>] = [
        .init("eval_problems", \.problems), .init("eval_steps", \.interval),
        .init("validation_problems", \.validationProblems), .init("validation", \.validationFile),
    ]

    func check(_ rules: inout Rules) {
        if let problems { rules.require(problems >= 0, "eval_problems", "\(problems) is not in 0...") }
        if let interval { rules.require(interval >= 1, "eval_steps", "\(interval) is not in 1...") }
        rules.require(
            validationProblems >= 0, "validation_problems", "\(validationProblems) is not in 0...")
        rules.require(
            validationFile == nil || validationProblems != 0, "validation",
            "is a file, but validation_problems is 0, so that it would not be used")
    }
}
