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
            strict   the answer is in the requested format: in \\boxed{}, after ####, or it is the whole prediction
            lenient  the answer is anywhere: announced in words ("the answer is ..."), also after a box or ####, or the last \
            mathematics

            A bare short answer counts for both. Without options numbers must be exactly equal: 0.333 is not 1/3.

            With --jsonl, each line of standard input is an object with "prediction", "gold" and optionally "options"; each \
            gives one line {"extracted", "lenient", "strict"}, in order, immediately. An invalid line gives \
            {"error"}, and the next one is read. Empty lines are skipped. Other keys are ignored.

            OPTIONS OF A LINE
              answer_format       any (default), boxed, marked (####) or bracketed ([...]): the format that strict requires
              require_think_end   true: only text after </think> is graded
              relative_tolerance  0.01 accepts 4.5e33 for 4.49e33
              absolute_tolerance  0.1 accepts 4.25 for 4.2
              precision           4 accepts 0.3333 for 1/3: equal to four decimals

            EXAMPLES
              tinylora grade --gold '\\frac{14}{3}' --prediction 'So x = \\boxed{14/3}.'
              echo '{"prediction": "The answer is 50%.", "gold": "\\\\frac12"}' | tinylora grade --jsonl
              echo '{"prediction": "9.8", "gold": "9.81", "options": {"relative_tolerance": 0.01}}' | tinylora grade --jsonl
            """)

    @Flag(help: "Grade pairs from standard input, JSON Lines.")
    var jsonl = false
    @Option(parsing: .unconditional, help: "Completion or answer to grade.")
    var prediction: String?
    @Option(parsing: .unconditional, help: "Reference answer.")
    var gold: String?

    func validate() throws {
        guard jsonl ? prediction == nil && gold == nil : prediction != nil && gold != nil else {
            throw ValidationError("give either --jsonl or both --prediction and --gold")
        }
    }

    func run() throws {
        if let prediction, let gold {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let grade = GradedLine(MathGrader().grade(prediction, gold: gold))
            return try StandardOutput.write(encoder.encode(grade) + Data("\n".utf8))
        }
        try answerLines { line, number -> GradedLine in
            do {
                let pair = try GradingPair(line, name: "line \(number)")
                return GradedLine(MathGrader(options: pair.options).grade(pair.prediction, gold: pair.gold))
            } catch {
                return GradedLine(error: (error as? any ExplainedError)?.message ?? "line \(number): \(error)")
            }
        }
    }
}

/// A line of the pipe: what to grade, against what, and how.
private struct GradingPair {
    var prediction: String
    var gold: String
    var options = GradingOptions()

    init(_ line: Data, name: String) throws {
        let row = try JSONDocument(Array(line), name: name, isLine: true).root
        prediction = try row.member("prediction").string()
        gold = try row.member("gold").string()
        guard let node = try row.optional("options") else { return }
        let known = GradingOptions.CodingKeys.allCases.map(\.rawValue)
        for (key, _) in try node.members() where !(known + GradingOptions.notes).contains(try key.string()) {
            let nearest = nearestName(to: try key.string(), in: known).map { ", did you mean \"\($0)\"?" } ?? ""
            throw node.malformed("has \(key.brief), which is no option\(nearest)")
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
