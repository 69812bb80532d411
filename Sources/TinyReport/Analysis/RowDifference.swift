import TinyStatistics

/// How a row's accuracy differs from that of the row which a report compares all others with.
///
/// Runs are paired by their seeds and problems by themselves, with the draws of all other intervals: each draw takes a number of
/// pairs of runs and the same problems for both.
public struct RowDifference: Sendable, Encodable {
    /// Mean accuracy minus that of the other row, over ``pairedSeeds``; over all runs of both where there is none.
    public let difference: Estimate
    /// Two-sided p-value of no difference: ``drawnPValue(of:)`` of the draws; with one pair of runs, or where all draws are equal,
    /// McNemar's exact test on the problems of the first pair. `nil` where runs do not say which problems were right.
    public let p: Double?
    /// Seeds that both rows have. Where there is none, the runs of both rows are drawn independently of each other.
    public let pairedSeeds: [UInt64]
    /// Whether both rows have the same prompt style, stop texts, grader and token limit.
    public let isAskedAlike: Bool

    private enum CodingKeys: String, CodingKey {
        case difference, p
        case pairedSeeds = "paired_seeds"
        case isAskedAlike = "asked_alike"
    }
}

/// Compares rows with one of them.
struct RowComparison {
    let reference: MeasuredCell
    let bootstrap: HierarchicalBootstrap?

    /// Settings that decide how test problems are asked and graded.
    private static let asking = ["prompt_style", "stop_strings", "grader", "max_completion_length"]

    /// The difference of a row from the reference; `nil` for the reference itself.
    func difference(of row: MeasuredCell) -> RowDifference? {
        guard row.cell.key != reference.cell.key else { return nil }
        let pairs = row.finals.indices.compactMap { place in
            reference.finals.firstIndex { $0.run.seed == row.finals[place].run.seed }.map { (own: place, other: $0) }
        }
        let first = pairs.first ?? (own: 0, other: 0)
        let value =
            pairs.isEmpty
            ? row.mean - reference.mean : mean(pairs.map { row.strict($0.own) - reference.strict($0.other) })
        let isAlike = Self.asking.allSatisfy { row.cell.settings[$0] == reference.cell.settings[$0] }
        func result(_ estimate: Estimate, p: Double?) -> RowDifference {
            RowDifference(
                difference: estimate, p: p, pairedSeeds: pairs.map { row.finals[$0.own].run.seed },
                isAskedAlike: isAlike)
        }
        if let draws = draws(of: row, pairs), let interval = interval(of: draws) {
            return result(Estimate(value, interval), p: drawnPValue(of: draws))
        }
        // As for gains: one pair of runs, or several in which each problem differs in the same way.
        guard row.draws != nil, reference.draws != nil,
            let after = row.finals[first.own].evaluation.value.verdicts,
            let before = reference.finals[first.other].evaluation.value.verdicts
        else { return result(Estimate(value), p: nil) }
        let difference = PairedDifference(zip(after, before).map { ($0 ? 1 : 0) - ($1 ? 1 : 0) })
        let changes = SeedComparison(seed: 0, before: before, after: after)
        return result(Estimate(value, low: difference.low, high: difference.high), p: changes.p)
    }

    /// The mean difference in every draw; `nil` with one run on either side, or where runs do not say which problems were right.
    private func draws(of row: MeasuredCell, _ pairs: [(own: Int, other: Int)]) -> [Double]? {
        guard let bootstrap, let own = row.draws, let other = reference.draws else { return nil }
        if pairs.isEmpty {
            guard own.count > 1 || other.count > 1 else { return nil }
            return zip(bootstrap.means(of: own, as: .measured), bootstrap.means(of: other, as: .reference)).map(-)
        }
        guard pairs.count > 1 else { return nil }
        let differences = pairs.map { pair in zip(own[pair.own], other[pair.other]).map(-) }
        return bootstrap.means(of: differences, as: .measured)
    }
}

extension MeasuredCell {
    /// The accuracy of one run.
    fileprivate func strict(_ place: Int) -> Double { finals[place].evaluation.value.strict }
}
