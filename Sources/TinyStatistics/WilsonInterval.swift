// Uncertainty of counts of successes: confidence intervals, paired tests, the bootstrap.
//
// This target does not know: engines, problems, records, the origin of its counts or the use of its results.

/// The probability that an interval covers the true value.
public enum Confidence: String, Sendable, Codable, CaseIterable {
    /// 90 %.
    case percent90
    /// 95 %.
    case percent95
    /// 99 %.
    case percent99

    /// The standard normal quantile that leaves half of the rest on each side, rounded to `Double`.
    public var quantile: Double {
        switch self {
        case .percent90: 1.6448536269514722
        case .percent95: 1.959963984540054
        case .percent99: 2.5758293035489004
        }
    }
}

/// Wilson's score interval of a proportion.
///
/// Unlike the textbook interval it stays within `[0, 1]` and has the stated coverage near the ends and for few trials:
///
/// ```swift
/// WilsonInterval(successes: 81, trials: 263)      // 0.2553 ... 0.3662
/// ```
///
/// Source: Wilson, J. Amer. Statist. Assoc. 22 (1927), without continuity correction; the example is table I, method 3 of
/// Newcombe, Statistics in Medicine 17 (1998).
public struct WilsonInterval: Sendable, Codable, Hashable {
    /// Lower end, in `[0, 1]`.
    public let low: Double
    /// Upper end, in `[0, 1]`.
    public let high: Double

    /// The interval for `successes` of `trials` independent trials; `0 ... 1` without trials.
    ///
    /// `successes` must lie in `0 ... trials`.
    public init(successes: Int, trials: Int, confidence: Confidence = .percent95) {
        precondition(successes >= 0 && successes <= trials, "WilsonInterval: \(successes) successes of \(trials)")
        let fraction = trials == 0 ? 0 : Double(successes) / Double(trials)
        self.init(fraction: fraction, trials: Double(trials), confidence: confidence)
    }

    /// The interval for a fraction seen in a number of trials that need not be whole.
    package init(fraction: Double, trials: Double, confidence: Confidence) {
        guard trials > 0 else {
            (low, high) = (0, 1)
            return
        }
        let z = confidence.quantile
        let weight = z * z / trials
        let centre = fraction + weight / 2
        let reach = z * (fraction * (1 - fraction) / trials + weight / (4 * trials)).squareRoot()
        // At the ends `centre` equals `reach`, or lacks as much of 1 + weight; rounding must not leave a remainder.
        low = fraction == 0 ? 0 : max(0, (centre - reach) / (1 + weight))
        high = fraction == 1 ? 1 : min(1, (centre + reach) / (1 + weight))
    }
}
