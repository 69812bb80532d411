import TinyProblems
public import TinyStatistics

/// The problems of one subject or level, and how they went.
public struct EvaluationGroup: Sendable, Codable, Hashable {
    /// The subject or level.
    public var label: String
    /// Problems.
    public var problems: Int
    /// Share of completions right by the strict rule.
    public var strict: BinomialProportion
    /// Share of completions right by the lenient rule.
    public var lenient: BinomialProportion
}

extension EvaluationResult {
    /// Problems by subject, in alphabetical order; empty when none has one.
    public var subjects: [EvaluationGroup] { groups(by: \.subject) }

    /// Problems by level, in order of their numbers; empty when none has one.
    public var levels: [EvaluationGroup] {
        groups(by: \.level).sorted {
            (Double($0.label) ?? .infinity, $0.label) < (Double($1.label) ?? .infinity, $1.label)
        }
    }

    private func groups(by label: (EvaluatedSample) -> String?) -> [EvaluationGroup] {
        let size = samplesPerProblem
        var strict: [String: [Int]] = [:], lenient: [String: [Int]] = [:]
        for first in stride(from: 0, to: samples.count, by: size) {
            guard let label = label(samples[first]) else { continue }
            let group = samples[first..<first + size]
            strict[label, default: []].append(group.count { $0.grade.strict })
            lenient[label, default: []].append(group.count { $0.grade.lenient })
        }
        return strict.keys.sorted().map { label in
            EvaluationGroup(
                label: label, problems: strict[label]?.count ?? 0,
                strict: BinomialProportion(clusterSuccesses: strict[label] ?? [], clusterSize: size),
                lenient: BinomialProportion(clusterSuccesses: lenient[label] ?? [], clusterSize: size))
        }
    }
}
