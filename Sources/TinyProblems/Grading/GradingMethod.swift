/// The built-in rewards by name, as configurations and the command know them.
public enum GradingMethod: String, Sendable, Codable, CaseIterable {
    /// ``FinalAnswerReward``: plain numbers in GSM8K's format, the fastest.
    case finalAnswer = "final-answer"
    /// ``MathReward``: any mathematical notation, for MATH and competition problems.
    case math

    /// The reward of this name, with its plain options.
    public var reward: any Reward {
        switch self {
        case .finalAnswer: FinalAnswerReward()
        case .math: MathReward()
        }
    }

    /// The method that all gold answers of a problem set allow: the plain numbers' where every answer is one.
    public static func suited(to problems: some Sequence<Problem>) -> GradingMethod {
        problems.allSatisfy { ExactNumber($0.answer) != nil } ? .finalAnswer : .math
    }
}
