/// The chance that at least one of `k` samples of a problem is right, estimated from `n ≥ k` samples of each problem.
///
/// ```swift
/// PassAtK.estimate(successes: 1, samples: 4, k: 2)             // 0.5: of 6 pairs, 3 hold the right one
/// PassAtK(successes: [0, 2, 4], samples: 4, k: 2).fraction     // mean over the problems
/// ```
///
/// Source: Chen et al., arXiv:2107.03374, eq. 1: `1 - C(n - c, k) / C(n, k)`, which has no bias for any `k ≤ n`.
public struct PassAtK: Sendable, Codable, Hashable {
    /// Tries that count as one.
    public let k: Int
    /// Mean over problems of the estimated chance, in `[0, 1]`.
    public let fraction: Double
    /// 95 % interval of the mean over problems like these.
    ///
    /// For `k` of 1 that of ``BinomialProportion/init(clusterSuccesses:clusterSize:)``; for others by the same rule: Wilson's interval
    /// with as many trials as would leave the variance seen between problems, from one for each problem up to all samples.
    public let interval: WilsonInterval

    /// Estimates from the right answers of each problem.
    ///
    /// - Parameters:
    ///   - successes: Right samples of each problem, each in `0 ... samples`.
    ///   - samples: Samples of each problem.
    ///   - k: In `1 ... samples`.
    public init(successes: [Int], samples: Int, k: Int) {
        self.k = k
        guard k != 1 else {
            let proportion = BinomialProportion(clusterSuccesses: successes, clusterSize: samples)
            fraction = proportion.fraction
            interval = proportion.interval
            return
        }
        let chances = successes.map { Self.estimate(successes: $0, samples: samples, k: k) }
        let count = Double(chances.count)
        let mean = chances.isEmpty ? 0 : chances.reduce(0, +) / count
        fraction = min(1, mean)
        var trials = count
        if chances.count > 1, mean > 0, mean < 1 {
            // Equal chances have no variance, or what rounding leaves of it; either way the quotient is above the limit.
            let squares = chances.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) }
            let seen = squares / (count - 1) / count
            trials = min(max(mean * (1 - mean) / seen, count), count * Double(samples))
        }
        interval = WilsonInterval(fraction: fraction, trials: trials, confidence: .percent95)
    }

    /// The chance for one problem, as the product `1 - Π (1 - k / i)` over the last `successes` values of `i` up to `samples`.
    ///
    /// `successes` must lie in `0 ... samples` and `k` in `1 ... samples`. Time is linear in `successes`.
    public static func estimate(successes: Int, samples: Int, k: Int) -> Double {
        precondition(
            (0...samples).contains(successes) && k >= 1 && k <= samples,
            "PassAtK: \(successes) of \(samples) right, k \(k)")
        guard samples - successes >= k else { return 1 }
        var missing = 1.0
        for i in samples - successes + 1..<samples + 1 { missing *= 1 - Double(k) / Double(i) }
        return 1 - missing
    }

    /// The usual values of `k` for a number of samples: powers of two below it, and itself.
    public static func counts(upTo samples: Int) -> [Int] {
        var counts: [Int] = []
        var k = 1
        while k < samples {
            counts.append(k)
            k *= 2
        }
        return samples >= 1 ? counts + [samples] : []
    }
}
