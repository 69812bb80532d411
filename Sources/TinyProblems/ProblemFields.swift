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
    /// Keys of the subject; a value that is neither a string nor a number is ignored.
    public var subject: [String]
    /// Keys of the difficulty; as for ``subject``.
    public var level: [String]
    /// Keys of the answer's unit, a string; a row may lack it.
    public var unit: [String]
    /// Keys of the tolerance, a number or its text; a row may lack it.
    public var tolerance: [String]
    /// Parts that at least one row must have, because the user named their keys.
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

    /// `question` or `problem`, `answer`, `solution`, `id` or `unique_id`, `subject`, `level`: the keys of GSM8K, MATH and similar sets.
    public static let automatic = ProblemFields(question: ["question", "problem"], answer: ["answer"])

    /// The parts of a problem and where their keys are.
    private static var parts: [(name: String, keys: WritableKeyPath<ProblemFields, [String]>)] {
        [
            ("question", \.question), ("answer", \.answer), ("solution", \.solution), ("id", \.id),
            ("subject", \.subject), ("level", \.level), ("unit", \.unit), ("tolerance", \.tolerance),
        ]
    }

    /// The names of the parts.
    public static var partNames: [String] { parts.map(\.name) }

    /// Sets the only key of a part. At least one row must then have it.
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

    /// Sets keys from the text of a flag: `question=prompt,answer=target`.
    ///
    /// - Throws: ``ProblemError`` with code `unknownPart`.
    public mutating func map(_ text: String) throws(ProblemError) {
        for pair in text.split(separator: ",") {
            guard let sign = pair.firstIndex(of: "="), sign != pair.startIndex, pair.index(after: sign) != pair.endIndex
            else {
                throw ProblemError(
                    .unknownPart, "\"\(pair)\" is not of the form part=key",
                    hint: "write part=key, such as question=prompt")
            }
            guard !promised.contains(String(pair[..<sign])) else {
                throw ProblemError(.unknownPart, "the part \"\(pair[..<sign])\" is there twice")
            }
            try map(String(pair[..<sign]), to: String(pair[pair.index(after: sign)...]))
        }
    }

    /// Keys that other data sets have for a part, apart from its own.
    private static let otherKeys: [String: [String]] = [
        "question": ["question", "problem", "prompt", "query", "input", "instruction"],
        "answer": [
            "answer", "final_answer", "expected_answer", "correct_answer", "ground_truth", "reference_answer", "gold",
            "target",
            "label", "output", "response",
        ],
    ]

    /// Whether some data set has a key of this name, in any case, for a question or an answer.
    static func isKnownKey(_ name: String) -> Bool {
        otherKeys.values.contains { $0.contains(name.lowercased()) }
    }

    func keys(of part: String) -> [String] {
        Self.parts.first { $0.name == part }.map { self[keyPath: $0.keys] } ?? []
    }

    /// What to do about a row that has no key for a part: which of its keys may hold it, or how to name another.
    func hint(onMissing part: String, among keys: [String]) -> String? {
        let own = self.keys(of: part)
        guard !promised.contains(part), let wanted = own.first else {
            return own.first.flatMap { nearestName(to: $0, in: keys) }.map { "did you mean \"\($0)\"?" }
        }
        let known = own + (Self.otherKeys[part] ?? [])
        let same = known.lazy.compactMap { name in keys.first { $0.lowercased() == name } }.first
        guard let key = same ?? own.lazy.compactMap({ nearestName(to: $0, in: keys) }).first else {
            return "rename the key to \"\(wanted)\"; eval and filter can also read another, with --fields \(part)=KEY"
        }
        return
            "is it in \"\(key)\"? eval reads that with --fields \(part)=\(key); for train, rename the key to \"\(wanted)\""
    }

    /// A part of ``promised`` with no key in `keys`, and its first key.
    func missingPart(among keys: Set<String>) -> (part: String, key: String)? {
        for (name, place) in Self.parts where promised.contains(name) {
            if let key = self[keyPath: place].first, !self[keyPath: place].contains(where: keys.contains) {
                return (name, key)
            }
        }
        return nil
    }
}
