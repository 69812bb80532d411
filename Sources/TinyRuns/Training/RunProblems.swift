internal import Foundation
internal import TinyAbacus
internal import TinyFoundation
public import TinyProblems
public import TinyRecords

/// The problems of a run: to train on, to test and, where settings are chosen by some, to validate. No problem is used for
/// training and validation.
public struct RunProblems: Sendable {
    /// Problems to train on.
    public let training: ProblemSet
    /// Problems to evaluate on; `nil` without evaluation.
    public let test: ProblemSet?
    /// Problems to choose settings by; `nil` without them.
    public let validation: ProblemSet?

    /// Problems of Abacus that are trained on, where no file is given.
    public static let abacusTrainingCount = 4096
    /// Problems of Abacus that are evaluated, unless another number is given.
    public static let abacusTestCount = 400

    /// Reads the files of a configuration, or generates Abacus's problems.
    ///
    /// - Throws: `ProblemError` for a file that cannot be used, ``RunError`` when too few problems are left to train on.
    public init(_ configuration: TrainingConfiguration) throws {
        let solutions = configuration.supervised.solutions, evaluation = configuration.evaluation
        test = Self.hasTest(configuration) ? try Self.test(of: configuration) : nil
        var training =
            try configuration.train.map { try ProblemSet(contentsOf: $0) }
            ?? ProblemSet(
                name: "abacus/train",
                problems: AbacusProblems.train(Self.abacusTrainingCount, solutions: solutions))
        let count = evaluation.validationProblems
        if count == 0 {
            validation = nil
        } else if let file = evaluation.validationFile {
            validation = try Self.test(file: file, count: count, solutions: .equations)
        } else if configuration.train == nil {
            validation = ProblemSet(
                name: "abacus/validation", problems: AbacusProblems.validation(count, solutions: solutions))
        } else {
            guard training.problems.count > count else {
                throw RunError(
                    .noProblems,
                    "validation_problems is \(count), but \(training.name) has only \(training.problems.count) problems to "
                        + "train on and choose by")
            }
            validation = ProblemSet(
                name: "\(training.name), the last \(count)", problems: Array(training.problems.suffix(count)),
                path: training.path)
            training.problems.removeLast(count)
        }
        self.training = training
    }

    /// Prompts of each set that ``inputs(_:stopTokens:includesRows:)`` encodes: enough to notice another tokenizer, template or style.
    private static let comparedPrompts = 1_000

    /// A hash of what a model reads of the problems, and of all that a grader may look at.
    ///
    /// - Parameters:
    ///   - prompter: Makes the prompts.
    ///   - stopTokens: Tokens that end a completion.
    ///   - includesRows: Whether a command grades, which also reads the rows of the files.
    /// - Throws: ``RunError`` with code `unusablePrompt` for a problem that has no prompt.
    func inputs(_ prompter: Prompter, stopTokens: [Int], includesRows: Bool) throws -> String {
        var hash = SHA256()
        hash.update("\(stopTokens) \(prompter.style.stopTexts ?? [])".utf8)
        for set in [training, test, validation] {
            hash.update("\(set?.problems.count ?? -1)\n".utf8)
            for (index, problem) in (set?.problems ?? []).enumerated() {
                let solution = problem.solution ?? "", unit = problem.unit ?? "", level = problem.level ?? ""
                let fields = [
                    problem.id, problem.question, problem.answer, solution, problem.subject ?? "", level, unit,
                    problem.tolerance.map { "\($0)" } ?? "",
                ]
                for field in fields + (includesRows ? [problem.row ?? ""] : []) { hash.update("\(field)\u{0}".utf8) }
                if index < Self.comparedPrompts {
                    do throws(ProblemError) {
                        hash.update("\(try prompter.prompt(for: problem).tokens)\n".utf8)
                    } catch {
                        throw RunError(
                            .unusablePrompt, "problem \(problem.id) of \(set?.name ?? ""): \(error.message)",
                            hint: error.hint, underlying: error)
                    }
                }
            }
        }
        return hash.finish().hexadecimal
    }

    /// Whether a configuration has problems to evaluate on: Abacus's own are for no other model.
    static func hasTest(_ configuration: TrainingConfiguration) -> Bool {
        configuration.evaluation.problems != 0 && (configuration.model == nil || configuration.eval != nil)
    }

    /// Reads or generates the problems that a configuration evaluates on, where it ``hasTest(_:)``.
    static func test(of configuration: TrainingConfiguration) throws -> ProblemSet {
        try test(
            file: configuration.eval, count: configuration.evaluation.problems,
            solutions: configuration.supervised.solutions)
    }

    private static func test(file: String?, count: Int?, solutions: SolutionStyle) throws -> ProblemSet {
        guard let file else {
            return ProblemSet(
                name: "abacus/test", problems: AbacusProblems.test(count ?? abacusTestCount, solutions: solutions))
        }
        return try ProblemSet(contentsOf: file).prefix(count)
    }
}

extension ProblemSet {
    /// The first `count` problems; all for `nil`.
    package func prefix(_ count: Int?) -> ProblemSet {
        guard let count else { return self }
        return ProblemSet(name: name, problems: Array(problems.prefix(count)), path: path)
    }
}
