/// How progress is measured on problems that are not trained on.
public struct EvaluationSettings: Sendable, Equatable {
    /// Problems evaluated before and after training; `nil` takes all, `0` leaves evaluation out. Range: `0...`.
    /// Key `eval_problems`.
    public var problems: Int? = 400
    /// Steps between further evaluations; `nil` evaluates only before and after. Range: `1...`. Key `eval_steps`.
    public var interval: Int?

    /// Before and after training only.
    public init() {}

    static let fields: [SettingField<Self>] = [
        .init("eval_problems", \.problems), .init("eval_steps", \.interval),
    ]

    func check(_ rules: inout Rules) {
        if let problems { rules.require(problems >= 0, "eval_problems", "\(problems) is not in 0...") }
        if let interval { rules.require(interval >= 1, "eval_steps", "\(interval) is not in 1...") }
    }
}
