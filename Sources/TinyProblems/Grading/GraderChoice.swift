public import TinyFoundation

/// The grader that a user asked for: a built-in method, a command, or an automatic choice for the problems.
///
/// ```swift
/// let choice = try GraderChoice("command:python3 run_tests.py")
/// let reward = choice.reward(for: set.problems, answerFormat: .boxed)
/// ```
public enum GraderChoice: Sendable, Hashable, CustomStringConvertible {
    /// ``FinalAnswerReward`` where all answers are plain numbers and the prompt does not ask for a box, else ``MathReward``.
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

    /// The text that ``init(_:)`` reads.
    public var description: String {
        switch self {
        case .automatic: "auto"
        case .method(let method): method.rawValue
        case .command(let command): "command:\(command)"
        }
    }

    /// Whether a command grades.
    public var isCommand: Bool {
        if case .command = self { true } else { false }
    }

    /// Checks the program of a command; see ``CommandReward/checkProgram()``.
    public func checkProgram() throws(ProblemError) {
        if case .command(let command) = self { try CommandReward(command).checkProgram() }
    }

    /// Runs a command once, with a problem's own answer for a completion: one that cannot grade is found before a model has worked.
    ///
    /// - Throws: ``ProblemError`` with code `unusableGrader` and the command's reason.
    public func tryCommand(on problem: Problem, limit: Duration) throws(ProblemError) {
        guard case .command(let command) = self else { return }
        let grade = CommandReward(command, limit: limit).grade(problem.answer, for: problem)
        guard let failure = grade.failure else { return }
        throw ProblemError(
            .unusableGrader,
            "the grader \"\(command)\" failed on a trial, with the answer of problem \(problem.id) as the completion: \(failure)",
            hint: "it reads one JSON object a line and writes a line {\"score\": number} for each")
    }

    /// The reward for some problems.
    ///
    /// - Parameters:
    ///   - problems: The problems to grade.
    ///   - answerFormat: The format that the prompts ask for, and that strict grading by ``MathReward`` requires.
    ///   - options: How ``MathReward`` compares.
    ///   - limit: Time limit of a command for one batch.
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

    /// The name of the method that ``reward(for:answerFormat:options:limit:)`` uses, or the command.
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

/// The built-in rewards by their names in configurations and on the command line.
public enum GradingMethod: String, Sendable, Codable, CaseIterable {
    /// ``FinalAnswerReward``: plain numbers in GSM8K's format, the fastest.
    case finalAnswer = "final-answer"
    /// ``MathReward``: any mathematical notation, for MATH and competition problems.
    case math

    /// The reward of this name, with default options.
    public var reward: any Reward {
        switch self {
        case .finalAnswer: FinalAnswerReward()
        case .math: MathReward()
        }
    }

    /// The method that suits all gold answers: ``finalAnswer`` where every answer is a plain number, else ``math``.
    public static func suited(to problems: some Sequence<Problem>) -> GradingMethod {
        problems.allSatisfy { ExactNumber($0.answer) != nil } ? .finalAnswer : .math
    }
}
