import TinyRecords

/// Evolution strategies and policy gradients with the same number of trained parameters, compared by sampled tokens.
public struct EqualTokens: Sendable, Encodable {
    /// What is trained.
    public let method: String
    /// Trained numbers.
    public let parameters: Int
    /// The tokens that every line has sampled by its end.
    public let budget: Double
    /// One line for each configuration.
    public let lines: [TokenLine]

    /// Every number of parameters for which both families have results.
    static func all(in results: [CellResult], on benchmark: Benchmark) -> [EqualTokens] {
        results.filter { $0.family != .supervised }.inGroups { "\($0.method) \($0.parameters)" }.map(\.members)
            .sorted { ($0[0].parameters, $0[0].method) < ($1[0].parameters, $1[0].method) }
            .compactMap { members in
                guard Set(members.map(\.family)).count == 2 else { return nil }
                // Variants are left out, unless a family has nothing else.
                let plain = members.filter { member in
                    member.differences.isEmpty
                        || !members.contains { $0.family == member.family && $0.differences.isEmpty }
                }
                let lines = plain.compactMap { TokenLine($0, on: benchmark) }
                guard Set(lines.map(\.family)).count == 2, let budget = lines.map(\.end).min() else { return nil }
                return EqualTokens(
                    method: members[0].method, parameters: members[0].parameters, budget: budget,
                    lines: lines.map { $0.reading(at: budget) })
            }
    }
}

/// The accuracy of one configuration against the tokens it has sampled for training.
public struct TokenLine: Sendable, Encodable {
    /// How it is trained.
    public let algorithm: String
    /// Settings in which it differs from others with the same method, algorithm and number of parameters.
    public let differences: String
    /// The points of each seed: tokens and accuracy at every evaluation, the untrained model first.
    public let seeds: [[TokenPoint]]
    /// Mean accuracy over seeds at the last evaluation within the budget; `nil` when a seed has none after its first step.
    public private(set) var accuracyWithinBudget: Double?

    let family: Family

    init?(_ result: CellResult, on benchmark: Benchmark) {
        algorithm = result.algorithm
        differences = result.differences
        family = result.family
        seeds = result.cell.runs.filter { !$0.role.isTrial }.compactMap { run in
            let points = benchmark.evaluations(of: run).compactMap { evaluation in
                run.generatedTokens(through: evaluation.value.step)
                    .map { TokenPoint(tokens: $0, accuracy: evaluation.value.strict) }
            }
            return points.count > 1 ? points : nil
        }
        guard !seeds.isEmpty else { return nil }
    }

    /// Tokens that every seed has sampled.
    var end: Double { seeds.compactMap(\.last?.tokens).min() ?? 0 }

    /// The line with its accuracy at a number of tokens: that of the last evaluation until then. The untrained model, at 0
    /// tokens, is no result of training.
    func reading(at budget: Double) -> TokenLine {
        var line = self
        let found = seeds.compactMap { $0.last { $0.tokens > 0 && $0.tokens <= budget }?.accuracy }
        line.accuracyWithinBudget = found.count == seeds.count ? mean(found) : nil
        return line
    }

    private enum CodingKeys: String, CodingKey {
        case algorithm, differences, seeds
        case accuracyWithinBudget = "accuracy_within_budget"
    }
}

/// One evaluation during training.
public struct TokenPoint: Sendable, Codable, Hashable {
    /// Tokens sampled for training so far.
    public let tokens: Double
    /// Accuracy by strict grading.
    public let accuracy: Double
}
