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
        let gold = GoldAnswer(gold)
        let box = AnswerBox.lastAnswer(in: bytes)
        return gold.accepts(ParsedAnswer(box?.text ?? prediction), options: options)
            || isRepeated(box?.parts ?? [], gold)
    }

    /// Grades one completion against a gold answer, which may be bare, in dollar signs, boxed, or after `####`.
    public func grade(_ completion: String, gold: String) -> Grade {
        let gold = GoldAnswer(gold)
        let answers = ExtractedAnswers(completion, options: options, hasDecimalComma: gold.hasDecimalComma)
        let parsed = answers.strict.map { ParsedAnswer($0) }
        let isWholeRight = parsed.map { gold.accepts($0, options: options) } ?? false
        let isRepeated = !isWholeRight && isRepeated(answers.strictBoxes, gold)
        let strict = isWholeRight || isRepeated
        let isWhole = answers.strict != nil && !answers.isMarked
        let isReadable = parsed?.isReadable ?? false
        let isWellFormed = answers.isMarked || strict || (isWhole && isReadable)
        if !strict, options.answerFormat == .any || options.answerFormat == .boxed,
            let parts = boxedParts(answers, gold)
        {
            return Grade(strict: true, lenient: true, extracted: parts, isWellFormed: true)
        }
        if strict {
            let extracted = isRepeated ? answers.strictBoxes.last : answers.strict
            return Grade(strict: true, lenient: true, extracted: extracted, isWellFormed: true)
        }

        let isChosen = gold.choice != nil && !answers.isMarked && answers.choice == gold.choice
        var extracted = isWellFormed ? answers.strict : nil
        // A marked answer that can be parsed is wrong here; of a sentence, its end may still be right.
        let isSettled =
            answers.isMarked
            && (isReadable && (gold.isWords || parsed?.isOnlyWords == false) || parsed?.isDoubtful == true)
        for candidates in [answers.lenient + (isSettled ? [] : answers.ofMarked), answers.withoutExclamation] {
            for answer in candidates {
                let candidate = ParsedAnswer(answer)
                if gold.accepts(candidate, options: options) {
                    return Grade(strict: false, lenient: true, extracted: answer, isWellFormed: isWellFormed)
                }
                extracted = extracted ?? answer
                // The first candidate that can be parsed is the answer, right or wrong; words are none where a value is
                // asked for.
                if candidate.isReadable, gold.isWords || !candidate.isOnlyWords { break }
            }
        }
        if let parts = answers.labelledParts(count: gold.partCount ?? 0),
            gold.accepts(ParsedAnswer(parts), options: options)
        {
            return Grade(strict: false, lenient: true, extracted: parts, isWellFormed: isWellFormed)
        }
        return Grade(
            strict: false, lenient: isChosen, extracted: isChosen ? gold.choice.map(String.init) : extracted,
            isWellFormed: isWellFormed)
    }
}

extension MathGrader {
    /// Whether several boxes each hold the answer, as `\boxed{9}` that is written twice.
    private func isRepeated(_ boxes: [String], _ gold: GoldAnswer) -> Bool {
        (2...8).contains(boxes.count) && boxes.allSatisfy { gold.accepts(ParsedAnswer($0), options: options) }
    }

    /// The boxes of a completion as one answer, where the gold answer has as many parts and accepts them in order.
    private func boxedParts(_ answers: ExtractedAnswers, _ gold: GoldAnswer) -> String? {
        guard let count = gold.partCount, let boxes = answers.boxes(count: count) else { return nil }
        let list = boxes.joined(separator: ", ")
        return ["(\(list))", list].first { gold.accepts(ParsedAnswer($0), options: options) }
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
