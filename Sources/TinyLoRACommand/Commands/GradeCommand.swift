import ArgumentParser
import Foundation
import TinyLoRA

/// Grades predicted answers against gold answers.
struct GradeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grade",
        abstract: "Decides whether predicted answers are equivalent to reference answers.",
        discussion: """
            strict   the answer is in the requested format: in \\boxed{}, after ####, or it is the whole prediction
            lenient  the answer is anywhere: announced in words ("the answer is ..."), or the last mathematics

            A bare short answer counts for both. Without options numbers must be exactly equal: 0.333 is not 1/3.

            With --jsonl, each line of standard input is an object with "prediction", "gold" and optionally "options"; each \
            gives one line {"extracted", "lenient", "strict"}, in order, immediately. An invalid line gives \
            {"error"}, and the next one is read. Other keys are ignored.

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
    @Option(help: "Completion or answer to grade.")
    var prediction: String?
    @Option(help: "Reference answer.")
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
                let pair = try JSONDecoder().decode(GradingPair.self, from: line)
                return GradedLine(MathGrader(options: pair.options).grade(pair.prediction, gold: pair.gold))
            } catch {
                return GradedLine(error: "line \(number): \(sentence(for: error))")
            }
        }
    }

    private func sentence(for error: any Error) -> String {
        switch error {
        case let error as UsageError: error.description
        case DecodingError.keyNotFound(let key, _): "no \"\(key.stringValue)\""
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "\"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" has the wrong type"
        case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty: context.debugDescription
        default: "not a JSON object"
        }
    }
}

/// A line of the pipe: what to grade, against what, and how.
private struct GradingPair: Decodable {
    var prediction: String
    var gold: String
    var options = GradingOptions()

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        prediction = try container.decode(String.self, forKey: Key("prediction"))
        gold = try container.decode(String.self, forKey: Key("gold"))
        guard container.contains(Key("options")), try !container.decodeNil(forKey: Key("options")) else { return }
        let keys = try container.nestedContainer(keyedBy: Key.self, forKey: Key("options")).allKeys.map(\.stringValue)
        let known = GradingOptions.CodingKeys.allCases.map(\.rawValue)
        for key in keys.sorted() where !(known + GradingOptions.notes).contains(key) {
            let nearest = nearestName(to: key, in: known).map { ", did you mean \"\($0)\"?" } ?? ""
            throw UsageError("no option is called \"\(key)\"\(nearest)")
        }
        options = try container.decode(GradingOptions.self, forKey: Key("options"))
        if let problem = options.violations().first { throw UsageError(problem) }
    }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
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
