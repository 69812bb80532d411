/// Compares the final answer of a completion with the gold answer, in the format of GSM8K.
///
/// **Strict.** The last `####` that is no Markdown heading counts, and on its line: optional white space, emphasis and "Final
/// answer:", a number, and after it anything without a digit (a period, a unit). A number has an optional sign (`-`, `+`, `−`), an optional `$`, digits plain or with commas in
/// groups of three, and an optional fraction. A further digit on the line makes the answer ambiguous, so it is not
/// well-formed; nor does an earlier `####` count then.
///
/// **Lenient.** A well-formed strict answer decides where there is one. Otherwise the number in the last `\boxed{…}`, and
/// without such a number the last number of the text before its pleasantries. So strict implies lenient. Text before the last
/// `</think>` and behind the end of the model's turn (`<|im_end|>` …) is ignored.
///
/// Numbers are equal when their values are: `1080`, `1,080`, `$1080.00` and `+1080.` agree, by exact decimal comparison.
/// A gold answer that is not a number is compared letter by letter with the rest of the marked line and, leniently, with
/// the content of the last `\boxed{…}`.
///
/// | completion ends with | strict | lenient |
/// |---|---|---|
/// | `#### 18` · `####18` · `#### $18.00` · `#### 18 dollars.` | 18 | 18 |
/// | `#### 1,080` | 1080 | 1080 |
/// | `#### **18**` · `**#### 18**` · `#### Final answer: 18` · `#### 18<\|im_end\|>` | 18 | 18 |
/// | `#### 18`, then a heading `#### Check` with text below it | 18 | 18 |
/// | `#### 3/4` · `#### 17 or 18` · `#### 1,08` · `#### about 18` | none | last number |
/// | `#### 18`, then a line `#### none` | none | 18 |
/// | `The answer is 18.` · `\boxed{18}` | none | 18 |
///
/// ```swift
/// let problem = Problem(id: "1", question: "Half of 2,160?", answer: "1080")
/// FinalAnswerReward().grade("2160 / 2 = 1080\n#### 1,080", for: problem).strict      // true
/// ```
///
/// Time and memory are linear in any completion.
public struct FinalAnswerReward: Reward {
    /// The reward has no settings.
    public init() {}

    /// Grades one completion by the rules above.
    public func grade(_ completion: String, for problem: Problem) -> Grade {
        let bytes = CompletionText.answerBytes(in: Array(completion.utf8))
        if let gold = ExactNumber(problem.answer) { return gradeNumber(bytes, gold: gold) }
        return gradeText(bytes, gold: problem.answer)
    }

    /// Numbers of equal value are the same answer, other texts letter by letter.
    public func isSame(_ answer: String, as other: String, for problem: Problem) -> Bool {
        guard let number = ExactNumber(answer), let second = ExactNumber(other) else { return answer == other }
        return number == second
    }

    private func gradeNumber(_ bytes: [UInt8], gold: ExactNumber) -> Grade {
        if let match = markedLine(in: bytes).flatMap({ soleNumber(of: $0, in: bytes) }) {
            let isRight = ExactNumber(match, in: bytes) == gold
            return Grade(strict: isRight, lenient: isRight, extracted: text(match.range, of: bytes), isWellFormed: true)
        }
        let boxed = boxedContent(in: bytes).flatMap { soleNumber(of: $0, in: bytes) }
        let end = Sentences.withoutPleasantries(0..<bytes.count, in: bytes).upperBound
        let match = boxed ?? NumberMatch.all(in: Array(bytes[..<end])).last
        return Grade(
            strict: false, lenient: match.map { ExactNumber($0, in: bytes) == gold } ?? false,
            extracted: match.map { text($0.range, of: bytes) }, isWellFormed: false)
    }

    private func gradeText(_ bytes: [UInt8], gold: String) -> Grade {
        if let marked = markedLine(in: bytes), !marked.isEmpty {
            let answer = text(marked, of: bytes)
            return Grade(strict: answer == gold, lenient: answer == gold, extracted: answer, isWellFormed: true)
        }
        let boxed = boxedContent(in: bytes).map { text($0, of: bytes) }
        return Grade(strict: false, lenient: boxed == gold, extracted: boxed, isWellFormed: false)
    }

    private func text(_ range: Range<Int>, of bytes: [UInt8]) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }
}
