public import TinyFoundation

extension PromptStyle {
    /// The question alone.
    public static let plain = PromptStyle(name: "plain", before: "", after: "", lead: "", answerFormat: .any)

    /// The form that Abacus was trained on: `Q: {question}` and, on the next line, `A:`.
    public static let abacus = PromptStyle(
        name: "abacus", before: "Q: ", after: "", lead: "\nA:", answerFormat: .marked)

    /// The question and a request for steps and a number after `####`.
    public static let gsm8k = PromptStyle(
        name: "gsm8k", before: "",
        after: "\nWork through this one step at a time. Finish with a line that holds only #### and the final number.",
        lead: "\n", answerFormat: .marked)

    /// The question and a request for steps and an answer in `\boxed{}`, in any notation.
    public static let boxed = PromptStyle(
        name: "boxed", before: "",
        after: "\nWork through this one step at a time. Put only the final answer in \\boxed{}, at the end.",
        lead: "\n", answerFormat: .boxed)

    /// The built-in styles. Those that ask for an answer format also exist with worked examples, such as `gsm8k-4shot`.
    public static let builtIn: [PromptStyle] = [.abacus, .boxed, .gsm8k, .plain]

    /// The list of styles in help texts.
    public static let builtInNames =
        builtIn.map(\.name).joined(separator: ", ")
        + ", boxed-Nshot, gsm8k-Nshot (N of 1...\(mostShots) worked examples)"

    /// The built-in style of this name, such as `boxed` or `gsm8k-4shot`; `gsm8k-chat` is `gsm8k`.
    ///
    /// - Throws: ``ProblemError`` with code `unknownPromptStyle`, listing the names there are.
    public init(named name: String) throws(ProblemError) {
        if name == "gsm8k-chat" {
            self = .gsm8k
        } else if let style = Self.builtIn.first(where: { $0.name == name }) {
            self = style
        } else if let dash = name.lastIndex(of: "-"), name.hasSuffix("shot"),
            let count = Int(name[name.index(after: dash)...].dropLast(4))
        {
            self = try PromptStyle(named: String(name[..<dash])).withShots(count)
        } else {
            let names = Self.builtIn.map(\.name)
            throw ProblemError(
                .unknownPromptStyle,
                "there is no prompt style \"\(name)\"; the styles are: \(Self.builtInNames)",
                hint: name == "auto"
                    ? "only `tinylora eval` has auto: it tries the styles and says which it chose"
                    : nearestName(to: name, in: names).map { "did you mean \"\($0)\"?" })
        }
    }

    /// The number of worked examples that ``withShots(_:)`` has.
    public static var mostShots: Int { workedExamples.count }

    /// The style with the first `count` of the built-in worked examples, or with none.
    ///
    /// - Throws: ``ProblemError`` with code `unknownPromptStyle` for a style without a format, or for more than there are.
    public func withShots(_ count: Int) throws(ProblemError) -> PromptStyle {
        let base = name.split(separator: "-").first.map(String.init) ?? name
        guard count != 0 else { return with(examples: [], name: base) }
        guard answerFormat == .marked || answerFormat == .boxed else {
            throw ProblemError(
                .unknownPromptStyle, "prompt style \"\(name)\" asks for no format that examples could show",
                hint: "take gsm8k or boxed")
        }
        guard (1...Self.mostShots).contains(count) else {
            throw ProblemError(
                .unknownPromptStyle, "there are \(Self.mostShots) worked examples, not \(count)",
                hint: "examples can come from a problem file with solutions")
        }
        let examples = workedExamples.prefix(count).map { worked in
            let ending = answerFormat == .boxed ? "The answer is \\boxed{\(worked.answer)}." : "#### \(worked.answer)"
            return PromptExample(question: worked.question, solution: "\(worked.steps)\n\(ending)")
        }
        return with(examples: examples, name: "\(base)-\(count)shot")
    }

    /// The style with the first `count` problems of a set, and their solutions, as worked examples.
    ///
    /// - Throws: ``ProblemError`` with code `missingField` when one has no solution or there are fewer.
    public func withShots(_ count: Int, from set: ProblemSet) throws(ProblemError) -> PromptStyle {
        guard count >= 1, count <= set.problems.count else {
            throw ProblemError(
                .missingField, "\(set.name) has \(set.problems.count) problems, not \(count) to show as examples")
        }
        var examples: [PromptExample] = []
        for problem in set.problems.prefix(count) {
            guard let solution = problem.solution, !solution.allSatisfy(\.isWhitespace) else {
                throw ProblemError(
                    .missingField, "problem \(problem.id) of \(set.name) has no solution to show as an example")
            }
            examples.append(PromptExample(question: problem.question, solution: solution))
        }
        return with(examples: examples, name: "\(name)-\(count)shot")
    }
}

/// Built-in grade-school questions, one step of the solution a line.
private let workedExamples: [(question: String, steps: String, answer: String)] = [
    (
        "A baker fills 6 trays with 12 rolls each and sells 50 of the rolls. How many rolls are left?",
        "6 trays hold 6 * 12 = 72 rolls.\nAfter the sale 72 - 50 = 22 rolls are left.", "22"
    ),
    (
        "Nina reads 15 pages on Monday, twice as many on Tuesday, and 8 on Wednesday. How many pages is that?",
        "On Tuesday she reads 2 * 15 = 30 pages.\nIn all that is 15 + 30 + 8 = 53 pages.", "53"
    ),
    (
        "A ticket costs 14 dollars, and children pay half. What do 2 adults and 3 children pay together, in dollars?",
        "A child pays 14 / 2 = 7 dollars.\nThe adults pay 2 * 14 = 28 dollars.\nThe children pay 3 * 7 = 21 dollars.\n"
            + "Together they pay 28 + 21 = 49 dollars.", "49"
    ),
    (
        "A tank holds 240 litres and loses 5 litres an hour. After how many hours is a quarter of it gone?",
        "A quarter of the tank is 240 / 4 = 60 litres.\nLosing 60 litres takes 60 / 5 = 12 hours.", "12"
    ),
    (
        "Of 80 pupils 35 % walk to school, 20 take the bus, and all others cycle. How many cycle?",
        "80 * 35 / 100 = 28 pupils walk.\n28 + 20 = 48 pupils walk or take the bus.\n80 - 48 = 32 pupils cycle.", "32"
    ),
    (
        "A rope of 90 metres is cut into two parts, one of which is 16 metres longer. How long is the shorter part?",
        "Without the extra piece both parts together have 90 - 16 = 74 metres.\nThe shorter part has 74 / 2 = 37 metres.",
        "37"
    ),
    (
        "Paul saves 9 dollars a week for 7 weeks and then spends two thirds. How many dollars does he still have?",
        "He saves 7 * 9 = 63 dollars.\nHe spends 63 / 3 * 2 = 42 dollars.\nHe still has 63 - 42 = 21 dollars.", "21"
    ),
    (
        "Three machines make 18 parts in 2 hours. How many parts do 5 such machines make in 4 hours?",
        "One machine makes 18 / 3 = 6 parts in 2 hours.\nIn 4 hours it makes 6 * 2 = 12 parts.\n"
            + "5 machines make 5 * 12 = 60 parts.", "60"
    ),
]
