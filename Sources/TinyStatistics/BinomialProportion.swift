/// A share of successes with its interval.
public struct BinomialProportion: Sendable, Codable, Hashable {
    /// Successful trials.
    public let successes: Int
    /// All trials.
    public let trials: Int
    /// 95 % interval of the true share.
    public let interval: WilsonInterval

    /// Share of successes, in `[0, 1]`; 0 without trials.
    public var fraction: Double {
        trials == 0 ? 0 : Double(successes) / Double(trials)
    }

    /// A share of independent trials. `successes` must lie in `0 ... trials`.
    public init(successes: Int, trials: Int) {
        self.successes = successes
        self.trials = trials
        interval = WilsonInterval(successes: successes, trials: trials)
    }

    /// A share of trials that come in clusters of equal size, such as several samples of each problem.
    ///
    /// Samples of one problem resemble each other, so they tell less than as many independent trials. The interval is that of
    /// as many independent trials as would leave the same uncertainty: `trials` divided by the design effect, the ratio of
    /// the variance seen between clusters to the variance independent trials would show. The effect is kept within
    /// `1 ... clusterSize`. With clusters of one this is ``init(successes:trials:)``.
    ///
    /// Source: Kish, *Survey Sampling* (1965), §5.4 and §8.2; in Wilson's interval, Dean & Pagano, J. Surv. Stat. Methodol. 3
    /// (2015).
    ///
    /// - Parameters:
    ///   - clusterSuccesses: Successes of each cluster, each in `0 ... clusterSize`.
    ///   - clusterSize: Trials of each cluster; positive.
    public init(clusterSuccesses: [Int], clusterSize: Int) {
        precondition(clusterSize > 0, "BinomialProportion: clusters of \(clusterSize)")
        precondition(
            clusterSuccesses.allSatisfy { $0 >= 0 && $0 <= clusterSize },
            "BinomialProportion: successes outside 0 ... \(clusterSize)")
        successes = clusterSuccesses.reduce(0, +)
        trials = clusterSuccesses.count * clusterSize
        let fraction = trials == 0 ? 0 : Double(successes) / Double(trials)
        let effect = designEffect(clusterSuccesses: clusterSuccesses, clusterSize: clusterSize, fraction: fraction)
        interval = WilsonInterval(fraction: fraction, trials: Double(trials) / effect, confidence: .percent95)
    }
}

private func designEffect(clusterSuccesses: [Int], clusterSize: Int, fraction: Double) -> Double {
    let size = Double(clusterSize)
    guard clusterSize > 1 else { return 1 }
    guard clusterSuccesses.count > 1, fraction > 0, fraction < 1 else { return size }  // nothing to estimate it from
    let squares = clusterSuccesses.reduce(0.0) { sum, successes in
        let deviation = Double(successes) / size - fraction
        return sum + deviation * deviation
    }
    let seen = squares / Double(clusterSuccesses.count - 1)
    let independent = fraction * (1 - fraction) / size
    return min(max(seen / independent, 1), size)
}
