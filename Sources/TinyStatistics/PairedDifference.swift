/// Mean improvement over the same problems, with an interval.
///
/// ```swift
/// let difference = PairedDifference([1, 1, 0, -1, 0])      // one value in -1 ... 1 per problem
/// difference.mean                                          // 0.2
/// ```
///
/// The interval is Wald's after adding one problem that improved and one that got worse, which has good coverage for few
/// problems and few changes.
///
/// Source: Bonett & Price, J. Educ. Behav. Stat. 37 (2012), for differences of -1, 0 and 1; shares of several samples enter
/// with their squares in the same way.
public struct PairedDifference: Sendable, Codable, Hashable {
    /// Mean of the differences.
    public let mean: Double
    /// Lower end of the 95 % interval, at least -1.
    public let low: Double
    /// Upper end, at most 1.
    public let high: Double

    /// Sums up differences, each in `-1 ... 1`; without any the interval says nothing.
    public init(_ differences: [Double]) {
        precondition(differences.allSatisfy { abs($0) <= 1 }, "PairedDifference: a difference outside -1 ... 1")
        guard !differences.isEmpty else {
            (mean, low, high) = (0, -1, 1)
            return
        }
        let sum = differences.reduce(0, +), count = Double(differences.count) + 2
        mean = sum / Double(differences.count)
        let centre = sum / count
        let variance = (differences.reduce(2.0) { $0 + $1 * $1 } / count - centre * centre) / count
        let reach = Confidence.percent95.quantile * max(0, variance).squareRoot()
        low = max(-1, centre - reach)
        high = min(1, centre + reach)
    }
}
