/// A test problem with its answers before and after training.
public struct AnswerPair: Sendable, Encodable {
    /// The problem.
    public let question: String
    /// The right answer.
    public let answer: String
    /// What was written before training.
    public let before: String
    /// Whether that is right.
    public let beforeIsRight: Bool
    /// What the trained model wrote.
    public let after: String
    /// Whether that is right.
    public let afterIsRight: Bool

    private enum CodingKeys: String, CodingKey {
        case question, answer, before, after
        case beforeIsRight = "before_is_right"
        case afterIsRight = "after_is_right"
    }

    /// Up to four problems of a run: two that improved, one that got worse, and one that stayed wrong or else stayed right; each
    /// the first of its kind, so that none is hand-picked.
    static func telling(of run: RecordedRun) -> [AnswerPair] {
        guard let last = run.answers.map(\.step).max(), last > 0 else { return [] }
        var after: [String: AnswerLine] = [:]
        for line in run.answers where line.step == last && after[line.question] == nil { after[line.question] = line }
        let pairs = run.answers.filter { $0.step == 0 }.compactMap { before in
            after[before.question].map { after in
                AnswerPair(
                    question: before.question, answer: before.answer, before: before.completion,
                    beforeIsRight: before.strict, after: after.completion, afterIsRight: after.strict)
            }
        }
        func first(_ count: Int, _ before: Bool, _ after: Bool) -> [AnswerPair] {
            Array(pairs.filter { $0.beforeIsRight == before && $0.afterIsRight == after }.prefix(count))
        }
        let unchanged = first(1, false, false)
        return first(2, false, true) + first(1, true, false) + (unchanged.isEmpty ? first(1, true, true) : unchanged)
    }
}

/// The answers of one run.
public struct RunAnswers: Sendable, Encodable {
    /// ``RecordedRun/name``.
    public let run: String
    /// The configuration in a few words.
    public let title: String
    /// Problems with answers before and after.
    public let pairs: [AnswerPair]

    /// For each family, the first seed with answers of the configuration nearest to 13 trained numbers.
    static func chosen(from results: [CellResult]) -> [RunAnswers] {
        Family.allCases.compactMap { family in
            let candidates = results.filter { $0.family == family }.sorted { distance($0) < distance($1) }
            for result in candidates {
                for run in result.cell.runs where !run.role.isTrial {
                    let pairs = AnswerPair.telling(of: run)
                    guard !pairs.isEmpty else { continue }
                    let title =
                        "\(methodLabel(result.method)), \(algorithmLabel(result.algorithm)), "
                        + "\(grouped(result.parameters)) parameters, seed \(run.seed)"
                    return RunAnswers(run: run.name, title: title, pairs: pairs)
                }
            }
            return nil
        }
    }

    private static func distance(_ result: CellResult) -> Int { abs(result.parameters - 13) }
}
