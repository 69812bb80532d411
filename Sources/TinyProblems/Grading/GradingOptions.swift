/// How answers are extracted and compared.
///
/// The default value grades exactly: no tolerance, any format. JSON keys are in parentheses.
public struct GradingOptions: Sendable, Hashable, Codable {
    /// The requested format of answers.
    public enum AnswerFormat: String, Sendable, Codable, CaseIterable {
        /// The later of the last box and the last `####`; without either, the whole completion if it is one short answer.
        case any
        /// The last `\boxed{…}` or `\fbox{…}`.
        case boxed
        /// The line after the last `####`.
        case marked
        /// The last `[…]`.
        case bracketed

        /// Reads a format's name, or a sentence that mentions boxes, `####` or brackets.
        public init(from decoder: any Decoder) throws {
            let text = try decoder.singleValueContainer().decode(String.self)
            let words: [(String, AnswerFormat)] = [("box", .boxed), ("####", .marked), ("bracket", .bracketed)]
            guard let format = AnswerFormat(rawValue: text) ?? words.first(where: { text.contains($0.0) })?.1 else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "\"\(text)\" is no answer format"))
            }
            self = format
        }
    }

    /// The format that strict grading requires (`answer_format`).
    public var answerFormat = AnswerFormat.any
    /// Only text after `</think>` counts, and without that mark there is no answer (`require_think_end`). Where the mark is
    /// present, only the text after it counts in any case.
    public var requiresEndOfThought = false
    /// Numbers pass whose distance is at most this multiple of the gold number (`relative_tolerance`): 0.01 for Minerva.
    public var relativeTolerance: Double?
    /// Numbers pass whose distance is at most this (`absolute_tolerance`): OlympiadBench's `error`.
    public var absoluteTolerance: Double?
    /// Numbers pass that are within half a unit of this decimal place (`precision`): 4 lets 0.3333 pass for 1/3.
    public var decimalPlaces: Int?

    /// Makes options that grade exactly; set what differs.
    public init() {}

    /// Every rule this value breaks, as `key: reason`; empty when it is valid.
    public func violations() -> [String] {
        var problems: [String] = []
        for (key, value) in [("relative_tolerance", relativeTolerance), ("absolute_tolerance", absoluteTolerance)] {
            if let value, !(value >= 0 && value.isFinite) { problems.append("\(key): \(value) is not a number from 0") }
        }
        if let places = decimalPlaces, !(0...30).contains(places) {
            problems.append("precision: \(places) is not from 0 to 30")
        }
        return problems
    }

    var hasTolerance: Bool { relativeTolerance != nil || absoluteTolerance != nil || decimalPlaces != nil }

    /// The same options for exact comparison.
    var withoutTolerance: GradingOptions {
        var options = self
        (options.relativeTolerance, options.absoluteTolerance, options.decimalPlaces) = (nil, nil, nil)
        return options
    }

    /// The keys of the JSON form.
    public enum CodingKeys: String, CodingKey, CaseIterable {
        case answerFormat = "answer_format"
        case requiresEndOfThought = "require_think_end"
        case relativeTolerance = "relative_tolerance"
        case absoluteTolerance = "absolute_tolerance"
        case decimalPlaces = "precision"
    }

    /// Keys that public test cases of graders contain as notes; they are ignored.
    public static let notes = ["language", "policy", "allow_set_relation_comp"]

    /// Reads the keys that are there.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        answerFormat = try container.decodeIfPresent(AnswerFormat.self, forKey: .answerFormat) ?? .any
        requiresEndOfThought = try container.decodeIfPresent(Bool.self, forKey: .requiresEndOfThought) ?? false
        relativeTolerance = try container.decodeIfPresent(Double.self, forKey: .relativeTolerance)
        absoluteTolerance = try container.decodeIfPresent(Double.self, forKey: .absoluteTolerance)
        decimalPlaces = try container.decodeIfPresent(Int.self, forKey: .decimalPlaces)
    }
}
