import ArgumentParser
import Foundation
import TinyLoRA
import TinyFoundation

/// Grades predicted answers against gold answers.
struct GradeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grade",
        abstract: "Decides whether predicted answers are equivalent to reference answers.",
        discussion: """
            GRADER math (default)
              strict   the answer is in the requested format: in \\boxed{}, after ####, or it is the whole prediction
              lenient  the answer is anywhere: announced in words ("the answer is ..."), also after a box or ####, or the \
            last mathematics
            A bare short answer counts for both. Without options numbers must be exactly equal: 0.333 is not 1/3.

            GRADER final-answer, which grades GSM8K in training and evaluation
              strict   the number after ####
              lenient  also the number in the last box, or else the last number
            A reference answer may be a worked solution that ends with ####.

            With --jsonl, each line of standard input is an object with "prediction", "gold" and optionally "options"; each \
            gives one line {"extracted", "lenient", "strict"}, in order, immediately. An invalid line gives \
            {"error"}, and the next one is read. Empty lines are skipped. Other keys are ignored.

            OPTIONS OF A LINE
              grader              math or final-answer, instead of --grader; the options below are those of math
              answer_format       any (default), boxed, marked (####) or bracketed ([...]): the format that strict requires
              require_think_end   true: only text after </think> is graded
              relative_tolerance  0.01 accepts 4.5e33 for 4.49e33
              absolute_tolerance  0.1 accepts 4.25 for 4.2
              precision           4 accepts 0.3333 for 1/3: equal to four decimals

            EXAMPLES
              tinylora grade --gold '\\frac{14}{3}' --prediction 'So x = \\boxed{14/3}.'
              tinylora grade --grader final-answer --gold 18 --prediction 'It is 9 * 2 = 18. #### 18'
              echo '{"prediction": "The answer is 50%.", "gold": "\\\\frac12"}' | tinylora grade --jsonl
              echo '{"prediction": "9.8", "gold": "9.81", "options": {"relative_tolerance": 0.01}}' | tinylora grade --jsonl
            """)

    @Flag(help: "Grade pairs from standard input, JSON Lines.")
    var jsonl = false
    @Option(parsing: .unconditional, help: "Completion or answer to grade.")
    var prediction: String?
    @Option(parsing: .unconditional, help: "Reference answer.")
    var gold: String?
    @Option(help: "How to grade: math or final-answer.")
    var grader = GraderName.math

    func validate() throws {
        guard jsonl ? prediction == nil && gold == nil : prediction != nil && gold != nil else {
            throw ValidationError("give either --jsonl or both --prediction and --gold")
        }
    }

    func run() throws {
        if let prediction, let gold {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let pair = GradingPair(prediction: prediction, gold: gold, grader: grader.method)
            return try StandardOutput.write(encoder.encode(GradedLine(pair.grade())) + Data("\n".utf8))
        }
        try answerLines { line, number -> GradedLine in
            do {
                return GradedLine(try GradingPair(line, name: "line \(number)", grader: grader.method).grade())
            } catch {
                return GradedLine(error: (error as? any ExplainedError)?.message ?? "line \(number): \(error)")
            }
        }
    }
}

/// A grader by its name on the command line.
enum GraderName: String, CaseIterable, ExpressibleByArgument {
    case math
    case finalAnswer = "final-answer"

    var method: GradingMethod { self == .math ? .math : .finalAnswer }
}

/// A line of the pipe: what to grade, against what, and how.
private struct GradingPair {
    var prediction: String
    var gold: String
    var grader: GradingMethod
    var options = GradingOptions()

    init(prediction: String, gold: String, grader: GradingMethod) {
        self.prediction = prediction
        self.gold = gold
        self.grader = grader
    }

    /// Reads a line; `grader` counts where the line names none.
    init(_ line: Data, name: String, grader: GradingMethod) throws {
        self.grader = grader
        let row = try JSONDocument(Array(line), name: name, isLine: true).root
        prediction = try row.member("prediction").string()
        gold = try row.member("gold").string()
        guard let node = try row.optional("options") else { return }
        let own = GradingOptions.CodingKeys.allCases.map(\.rawValue)
        let known = own + ["grader"]
        for (key, _) in try node.members() where !(known + GradingOptions.notes).contains(try key.string()) {
            let nearest = nearestName(to: try key.string(), in: known).map { ", did you mean \"\($0)\"?" } ?? ""
            throw node.malformed("has \(key.brief), which is no option\(nearest)")
        }
        if let name = try node.given("grader") {
            let names = GradingMethod.allCases.map(\.rawValue).sorted().joined(separator: " or ")
            guard let method = GradingMethod(rawValue: try name.string()) else { throw name.wrongKind(names) }
            self.grader = method
        }
        if self.grader == .finalAnswer, let key = try own.first(where: { try node.given($0) != nil }) {
            throw node.malformed("has \"\(key)\", which the grader final-answer does not use")
        }
        do {
            options = try JSONDecoder().decode(GradingOptions.self, from: JSONEncoder().encode(JSONValue(node)))
        } catch DecodingError.typeMismatch(let type, let context), DecodingError.valueNotFound(let type, let context) {
            let key = context.codingPath.last?.stringValue ?? ""
            throw try node.given(key)?.wrongKind(words(for: type)) ?? node.malformed("cannot be read")
        } catch DecodingError.dataCorrupted(let context) {
            throw node.malformed("cannot be used: \(context.debugDescription)")
        } catch is EncodingError {
            throw node.malformed("has a number that is out of range")
        }
        if let problem = options.violations().first { throw node.malformed("breaks a rule: \(problem)") }
    }
}

extension GradingPair {
    /// The grade, for `final-answer` against what a worked solution of GSM8K has behind its last `####`.
    fileprivate func grade() -> Grade {
        switch grader {
        case .math: return MathGrader(options: options).grade(prediction, gold: gold)
        case .finalAnswer:
            let end = gold.range(of: "####", options: .backwards)?.upperBound ?? gold.startIndex
            let answer = gold[end...].trimmingCharacters(in: .whitespacesAndNewlines)
            return FinalAnswerReward().grade(prediction, for: Problem(id: "1", question: "", answer: answer))
        }
    }
}

/// A Swift type in JSON's words.
private func words(for type: Any.Type) -> String {
    switch type {
    case is String.Type: "a string"
    case is Bool.Type: "true or false"
    case is any BinaryInteger.Type: "an integer"
    default: "a number"
    }
}

/// A line of the answer.
private struct GradedLine: Encodable {
    var grade: Grade?
    var error: String?

    init(_ grade: Grade) { self.grade = grade }
    init(error: String) { self.error = error }

    private enum CodingKeys: String, CodingKey {
        case strict, lenient, extracted, error
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        if let grade {
            try container.encode(grade.strict, forKey: .strict)
            try container.encode(grade.lenient, forKey: .lenient)
            try container.encode(grade.extracted, forKey: .extracted)
        } else {
            try container.encode(error, forKey: .error)
        }
    }
}
