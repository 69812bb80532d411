import TinyStatistics

/// A number and how far it could have come out elsewhere.
public struct Estimate: Sendable, Codable, Hashable {
    /// The number.
    public let value: Double
    /// Lower end of its 95 % interval.
    public let low: Double?
    /// Upper end of its 95 % interval.
    public let high: Double?

    init(_ value: Double, _ interval: PercentileInterval? = nil) {
        self.value = value
        low = interval?.low
        high = interval?.high
    }

    /// The mean of `shares`, each of `problems` problems, when it is not known which problems were right: Wilson's interval
    /// of a single run, so that more seeds do not make it narrower than the problems allow.
    init(shares: [Double], problems: Int) {
        value = mean(shares)
        let interval = WilsonInterval(fraction: value, trials: Double(problems), confidence: .percent95)
        low = interval.low
        high = interval.high
    }
}

/// The mean; 0 of nothing.
func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
}

/// What the test of one seed against the untrained model says.
public struct SeedComparison: Sendable, Codable, Hashable {
    /// Seed of the run.
    public let seed: UInt64
    /// Problems that only the trained model answers rightly.
    public let improved: Int
    /// Problems that only the untrained model answers rightly.
    public let worsened: Int
    /// Two-sided p-value of McNemar's exact test.
    public let p: Double

    init(seed: UInt64, before: [Bool], after: [Bool]) {
        let pairs = zip(before, after)
        let test = PairedComparison(
            improved: pairs.count { !$0 && $1 }, worsened: pairs.count { $0 && !$1 })
        self.seed = seed
        improved = test.improved
        worsened = test.worsened
        p = test.pValue
    }
}
