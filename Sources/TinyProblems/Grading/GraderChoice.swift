public import TinyFoundation

/// Which grader a person asked for: one of the built-in methods, a command of their own, or whatever suits the problems.
///
/// ```swift
/// let choice = try GraderChoice("command:python3 run_tests.py")
/// let reward = choice.reward(for: set.problems, answerFormat: .boxed)
/// ```
public enum GraderChoice: Sendable, Hashable, CustomStringConvertible {
    /// Plain numbers are compared as numbers where they are asked for after `####`, everything else by ``MathReward``.
    case automatic
    /// A built-in method.
    case method(GradingMethod)
    /// A shell command; see ``CommandReward``.
    case command(String)

    /// Reads `auto`, `final-answer`, `math` or `command:…`.
    ///
    /// - Throws: ``ProblemError`` with code `unknownGrader` and the nearest name.
    public init(_ text: String) throws(ProblemError) {
        let prefix = "command:"
        if text.hasPrefix(prefix), text.dropFirst(prefix.count).contains(where: { !$0.isWhitespace }) {
            self = .command(String(text.dropFirst(prefix.count)))
        } else if let method = GradingMethod(rawValue: text) {
            self = .method(method)
        } else if text == "auto" {
            self = .automatic
        } else {
            let names = ["auto"] + GradingMethod.allCases.map(\.rawValue)
            throw ProblemError(
                .unknownGrader,
                "there is no grader \"\(text)\"; the graders are: \(names.joined(separator: ", ")), command:…",
                hint: nearestName(to: text, in: names).map { "did you mean \"\($0)\"?" })
        }
    }

    /// As ``init(_:)`` reads it.
    public var description: String {
        switch self {
        case .automatic: "auto"
        case .method(let method): method.rawValue
        case .command(let command): "command:\(command)"
        }
    }

    /// The reward for some problems.
    ///
    /// - Parameters:
    ///   - problems: What will be graded.
    ///   - answerFormat: What the prompts ask for; the strict verdict of ``MathReward`` asks for the same.
    ///   - options: How ``MathReward`` compares.
    ///   - limit: How long a command may take for one batch.
    public func reward(
        for problems: [Problem], answerFormat: GradingOptions.AnswerFormat, options: GradingOptions = GradingOptions(),
        limit: Duration = CommandReward.standardLimit
    ) -> any Reward {
        switch method(for: problems, answerFormat: answerFormat) {
        case .finalAnswer?: return FinalAnswerReward()
        case .math?:
            var options = options
            if options.answerFormat == .any { options.answerFormat = answerFormat }
            return MathReward(options: options)
        case nil:
            guard case .command(let command) = self else { return MathReward(options: options) }
            return CommandReward(command, limit: limit)
        }
    }

    /// What ``reward(for:answerFormat:options:limit:)`` comes to: the name of a method, or the command.
    public func resolvedName(for problems: [Problem], answerFormat: GradingOptions.AnswerFormat) -> String {
        method(for: problems, answerFormat: answerFormat)?.rawValue ?? description
    }

    private func method(for problems: [Problem], answerFormat: GradingOptions.AnswerFormat) -> GradingMethod? {
        switch self {
        case .command: nil
        case .method(let method): method
        case .automatic: answerFormat == .boxed ? .math : .suited(to: problems)
        }
    }
}

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
