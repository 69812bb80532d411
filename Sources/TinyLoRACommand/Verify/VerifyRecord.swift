import TinyLoRA

/// What `tinylora verify --json` prints: read again from child processes and from other machines.
struct VerifyRecord: Codable {
    /// One division of the work and how it compares.
    struct Division: Codable {
        enum Outcome: String, Codable {
            /// Its numbers are what others are compared with.
            case first
            case same
            case different
            case skipped
        }

        var arithmetic: Arithmetic
        var name: String
        var outcome: Outcome
        /// The first digits of SHA-256, by kind of number.
        var hashes: [String: String] = [:]
        /// Where it differs, or why it was skipped.
        var note: String?
    }

    var model: String
    /// The hash of the model's weights, or the shape of random ones.
    var weights: String
    var promptTokens: Int
    var newTokens: Int
    /// The instruction set of the process that computed all divisions but those that name another.
    var instructions: String
    var divisions: [Division] = []
    /// The numbers that all are compared with, by arithmetic, as bit patterns.
    var values: [String: Findings] = [:]
    var compared = 0
    var differing = 0

    private enum CodingKeys: String, CodingKey {
        case model, weights
        case promptTokens = "prompt_tokens"
        case newTokens = "new_tokens"
        case instructions, divisions, values, compared, differing
    }

    /// What another process or machine found for the same work.
    ///
    /// - Throws: ``UsageError`` when it is of other work.
    func values(_ arithmetic: Arithmetic, of other: VerifyRecord, named name: String) throws -> Findings {
        for (what, mine, theirs) in [
            ("model", weights, other.weights), ("prompt tokens", "\(promptTokens)", "\(other.promptTokens)"),
            ("new tokens", "\(newTokens)", "\(other.newTokens)"),
        ] where mine != theirs {
            throw UsageError("\(name) is of other work: its \(what) is \(theirs), here it is \(mine)")
        }
        guard let values = other.values[arithmetic.rawValue] else {
            throw UsageError("\(name) has no values of \(arithmetic.rawValue)")
        }
        return values
    }

    /// Compares what a division gave with what was found first, takes over kinds that were not found before, and counts it.
    @discardableResult
    mutating func add(_ found: Findings, of name: String, _ arithmetic: Arithmetic) -> Division {
        var first = values[arithmetic.rawValue] ?? Findings()
        let difference = found.firstDifference(from: first), isCompared = found.sharesKind(with: first)
        first.adopt(found)
        values[arithmetic.rawValue] = first
        var division = Division(
            arithmetic: arithmetic, name: name,
            outcome: difference != nil ? .different : isCompared ? .same : .first, note: difference)
        for kind in Findings.Kind.allCases { division.hashes[kind.rawValue] = found.hash(kind) }
        divisions.append(division)
        if isCompared { compared += 1 }
        if difference != nil { differing += 1 }
        return division
    }
}
