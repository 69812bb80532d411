/// Grades completions by mathematical equivalence of their final answers.
///
/// ```swift
/// let grader = MathGrader()
/// grader.grade("So the area is $\\boxed{\\dfrac{14}{3}}$.", gold: "\\frac{14}3").strict      // true
/// grader.grade("The answer is 4.", gold: "4")                       // strict false, lenient true
/// grader.isEquivalent("2+3x", to: "y = 3x + 2")                     // true
/// grader.isEquivalent("0.333", to: "1/3")                           // false: no tolerance unless options ask for one
/// ```
///
/// **Strict** takes the answer in the asked-for format: the last box or `####`, or the whole completion when it is one
/// short answer. **Lenient** also takes what the completion announces in words, and last its last mathematics. Strict
/// implies lenient.
///
/// **Equality** is decided in exact arithmetic where both answers are fractions, in ball arithmetic where they are irrational,
/// and at several fixed points where they have variables. What cannot be parsed is equal only to the same notation. When
/// in doubt, answers are different. ``FinalAnswerReward`` is the fast path for answers that are plain numbers and
/// shares this grader's boxes, markers and numbers.
///
/// A pure function: every input has a grade, in bounded time and memory (linear in the completion; answers past 4,096
/// bytes, 40 levels of nesting or numbers of 16,384 bits are compared letter by letter only).
public struct MathGrader: Sendable, Hashable {
    /// How answers are extracted and compared.
    public var options: GradingOptions

    /// Makes a grader; with default options it grades exactly.
    public init(options: GradingOptions = GradingOptions()) {
        self.options = options
    }

    /// Whether a predicted answer is equivalent to a gold answer. Only a box is extracted from the prediction.
    public func isEquivalent(_ prediction: String, to gold: String) -> Bool {
        let bytes = Array(prediction.utf8)
        let answer = AnswerBox.lastAnswer(in: bytes)?.text ?? prediction
        return GoldAnswer(gold).accepts(ParsedAnswer(answer), options: options)
    }

    /// Grades one completion against a gold answer, which may be bare, in dollar signs, boxed, or after `####`.
    public func grade(_ completion: String, gold: String) -> Grade {
        let answers = ExtractedAnswers(completion, options: options)
        let gold = GoldAnswer(gold)
        let parsed = answers.strict.map(ParsedAnswer.init)
        let strict = parsed.map { gold.accepts($0, options: options) } ?? false
        let isWhole = answers.strict != nil && !answers.isMarked
        let isReadable = parsed?.isReadable ?? false
        let isWellFormed = answers.isMarked || strict || (isWhole && isReadable)
        if strict { return Grade(strict: true, lenient: true, extracted: answers.strict, isWellFormed: true) }

        let isChosen = gold.choice != nil && !answers.isMarked && answers.choice == gold.choice
        var extracted = isWellFormed ? answers.strict : nil
        for answer in answers.lenient {
            let candidate = ParsedAnswer(answer)
            if gold.accepts(candidate, options: options) {
                return Grade(strict: false, lenient: true, extracted: answer, isWellFormed: isWellFormed)
            }
            extracted = extracted ?? answer
            // The first candidate that can be parsed is the answer, right or wrong.
            if candidate.isReadable { break }
        }
        return Grade(
            strict: false, lenient: isChosen, extracted: isChosen ? gold.choice.map(String.init) : extracted,
            isWellFormed: isWellFormed)
    }
}

/// A gold answer, without its box, marker or dollar signs.
struct GoldAnswer {
    private let answer: ParsedAnswer
    /// Its letter, where it is a multiple-choice answer.
    let choice: Character?

    init(_ text: String) {
        let bytes = Array(text.utf8)
        let content: String
        if let box = AnswerBox.lastAnswer(in: bytes) {
            content = box.text
        } else if let line = markedLine(in: bytes), !line.isEmpty {
            content = String(decoding: bytes[line], as: UTF8.self)
        } else {
            content = text
        }
        answer = ParsedAnswer(content)
        choice = ChoiceLetter.ofGold(content)
    }

    func accepts(_ prediction: ParsedAnswer, options: GradingOptions) -> Bool {
        if answer.accepts(prediction, options: options) { return true }
        // The bare letter stands for `(D) Alina`.
        return choice != nil && prediction.text.utf8.count <= 16 && ChoiceLetter.ofGold(prediction.text) == choice
    }
}

/// Rewards answers that are mathematically equal to the gold answer; see ``MathGrader`` for the rules.
///
/// ```swift
/// let problem = Problem(id: "1", question: "Solve 3x = 14.", answer: "\\frac{14}{3}")
/// MathReward().grade("x = 14/3, so \\boxed{x = 14/3}", for: problem).strict       // true
/// ```
public struct MathReward: Reward {
    /// The grader that compares answers.
    public var grader: MathGrader

    /// Makes a reward; with default options it grades exactly.
    public init(options: GradingOptions = GradingOptions()) {
        grader = MathGrader(options: options)
    }

    /// Grades one completion by the rules of ``MathGrader``, with the problem's own tolerance where it has one. An answer may
    /// contain the problem's unit.
    public func grade(_ completion: String, for problem: Problem) -> Grade {
        let grader = grader(for: problem)
        let grade = grader.grade(completion, gold: problem.answer)
        guard !grade.strict, let unit = problem.unit else { return grade }
        let named = grader.grade(completion, gold: "\(problem.answer) \(unit.filter { $0 != "$" })")
        return named.strict || (named.lenient && !grade.lenient) ? named : grade
    }

    /// Whether two answers are equivalent within the problem's tolerance.
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
