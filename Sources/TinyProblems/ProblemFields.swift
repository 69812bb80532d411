public import TinyFoundation

/// Which keys of a row hold the parts of a problem.
///
/// Each part lists its keys in order of preference; the first that a row has is taken.
public struct ProblemFields: Sendable, Codable, Hashable {
    /// Keys of the question, a string.
    public var question: [String]
    /// Keys of the answer, a string or a number.
    public var answer: [String]
    /// Keys of the worked solution, a string or a list of strings; a row may lack it.
    public var solution: [String]
    /// Keys of the row's id, a string or a number; a row may lack it.
    public var id: [String]
    /// Keys of what a problem is about; a label that is no string or number is left out.
    public var subject: [String]
    /// Keys of how hard it is; as for ``subject``.
    public var level: [String]
    /// Keys of the unit that the answer is in, a string; a row may lack it.
    public var unit: [String]
    /// Keys of how far a number may be from the answer, a number or its text; a row may lack it.
    public var tolerance: [String]
    /// Parts that some row must have, because a person said where they are.
    private(set) var promised: [String] = []

    /// Names the keys of each part.
    public init(
        question: [String], answer: [String], solution: [String] = ["solution"], id: [String] = ["id", "unique_id"],
        subject: [String] = ["subject"], level: [String] = ["level"], unit: [String] = [], tolerance: [String] = []
    ) {
        self.question = question
        self.answer = answer
        self.solution = solution
        self.id = id
        self.subject = subject
        self.level = level
        self.unit = unit
        self.tolerance = tolerance
    }

    /// `question` or `problem`, `answer`, `solution`, `id` or `unique_id`, `subject`, `level`: GSM8K, MATH and their kin.
    public static let automatic = ProblemFields(question: ["question", "problem"], answer: ["answer"])

    /// The parts of a problem and where their keys are.
    private static var parts: [(name: String, keys: WritableKeyPath<ProblemFields, [String]>)] {
        [
            ("question", \.question), ("answer", \.answer), ("solution", \.solution), ("id", \.id),
            ("subject", \.subject), ("level", \.level), ("unit", \.unit), ("tolerance", \.tolerance),
        ]
    }

    /// What a mapping can name.
    public static var partNames: [String] { parts.map(\.name) }

    /// Says that a part has this key, and no other, in the rows. At least one row must have it then.
    ///
    /// ```swift
    /// var fields = ProblemFields.automatic
    /// try fields.map("question", to: "prompt")
    /// ```
    ///
    /// - Throws: ``ProblemError`` with code `unknownPart` and the nearest name.
    public mutating func map(_ part: String, to key: String) throws(ProblemError) {
        guard let place = Self.parts.first(where: { $0.name == part })?.keys else {
            throw ProblemError(
                .unknownPart,
                "a problem has no part \"\(part)\"; the parts are: \(Self.partNames.joined(separator: ", "))",
                hint: nearestName(to: part, in: Self.partNames).map { "did you mean \"\($0)\"?" })
        }
        self[keyPath: place] = [key]
        promised.append(part)
    }

    /// Maps parts as a flag gives them: `question=prompt,answer=target`.
    ///
    /// - Throws: ``ProblemError`` with code `unknownPart`.
    public mutating func map(_ text: String) throws(ProblemError) {
        for pair in text.split(separator: ",") {
            guard let sign = pair.firstIndex(of: "="), sign != pair.startIndex, pair.index(after: sign) != pair.endIndex
            else {
                throw ProblemError(
                    .unknownPart, "\"\(pair)\" maps nothing", hint: "write part=key, such as question=prompt")
            }
            try map(String(pair[..<sign]), to: String(pair[pair.index(after: sign)...]))
        }
    }

    /// A promised part whose keys are none of `keys`.
    func missingPart(among keys: Set<String>) -> (part: String, key: String)? {
        for (name, place) in Self.parts where promised.contains(name) {
            if let key = self[keyPath: place].first, !self[keyPath: place].contains(where: keys.contains) {
                return (name, key)
            }
        }
        return nil
    }
}
