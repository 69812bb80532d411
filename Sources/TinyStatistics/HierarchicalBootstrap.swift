import TinyFoundation

/// The bootstrap over problems and training runs: draws both with replacement to estimate how far a mean could be from its
/// value with other problems and seeds.
///
/// Two things are random: the problems a model was evaluated on, and the seeds it was trained with. Each draw takes as
/// many problems as there are, the same ones for everything that is compared, and for each mean as many runs as it has.
/// So a difference between two systems has no noise from problems that are hard for both.
///
/// ```swift
/// let bootstrap = HierarchicalBootstrap(problems: 400)
/// let means = bootstrap.means(of: runs.map(bootstrap.shares), as: .measured)     // runs: [[Bool]], one per seed
/// let interval = PercentileInterval(of: means)                                   // nil without draws
/// ```
///
/// With few runs the spread between them is understated: a draw of `S` runs shows `(S - 1) / S` of their variance, and
/// none with one.
///
/// Source: Efron & Tibshirani, *An Introduction to the Bootstrap* (1993), ch. 8 (several levels) and 13 (percentiles).
public struct HierarchicalBootstrap: Sendable {
    /// Whose runs are drawn. Means in different parts draw their runs independently of each other.
    public enum Part: Int, Sendable {
        /// The runs whose interval is computed.
        case measured = 1
        /// The runs they are compared with.
        case reference = 2
    }

    /// Default number of draws. Each end of a 95 % interval then depends on 125 draws and varies by about 1 % of its
    /// length from seed to seed.
    public static let standardDraws = 5000

    /// Problems of one draw.
    public let problems: Int
    /// How often everything is drawn.
    public let draws: Int
    private let seed: UInt64
    /// How often each problem is in each draw, `[draws, problems]`.
    private let counts: [UInt16]

    /// Draws the problems. Costs `draws * problems` random numbers and twice as many bytes.
    ///
    /// - Parameters:
    ///   - problems: How many there are; positive.
    ///   - draws: Positive.
    ///   - seed: Seed of the streams `RandomStream(.bootstrap, seed:step:)`, whose step is the draw.
    public init(problems: Int, draws: Int = standardDraws, seed: UInt64 = 0) {
        precondition(problems > 0 && draws > 0, "HierarchicalBootstrap: \(problems) problems, \(draws) draws")
        self.problems = problems
        self.draws = draws
        self.seed = seed
        var counts = [UInt16](repeating: 0, count: problems * draws)
        for draw in 0..<draws {
            var stream = RandomStream(.bootstrap, seed: seed, step: draw)
            for _ in 0..<problems { counts[draw * problems + stream.below(problems)] &+= 1 }
        }
        self.counts = counts
    }

    /// The share of right answers of one run in every draw of problems.
    ///
    /// - Parameter outcomes: One per problem.
    public func shares(_ outcomes: [Bool]) -> [Double] {
        precondition(outcomes.count == problems, "shares: \(outcomes.count) outcomes of \(problems) problems")
        let right = outcomes.map { $0 ? UInt16.max : 0 }
        return counts.withUnsafeBufferPointer { counts in
            right.withUnsafeBufferPointer { right in
                (0..<draws).map { draw in
                    var sum: UInt32 = 0
                    for problem in 0..<problems { sum &+= UInt32(counts[draw * problems + problem] & right[problem]) }
                    return Double(sum) / Double(problems)
                }
            }
        }
    }

    /// The mean over runs in every draw, of as many runs as there are, drawn with replacement.
    ///
    /// - Parameters:
    ///   - runs: ``shares(_:)`` of each run; not empty.
    ///   - part: Keeps the draws of what is measured and of its reference apart.
    public func means(of runs: [[Double]], as part: Part) -> [Double] {
        precondition(!runs.isEmpty, "means: no runs")
        guard runs.count > 1 else { return runs[0] }
        return (0..<draws).map { draw in
            var stream = RandomStream(.bootstrap, seed: seed, step: draw, problem: part.rawValue, sample: runs.count)
            var sum = 0.0
            for _ in runs { sum += runs[stream.below(runs.count)][draw] }
            return sum / Double(runs.count)
        }
    }
}

/// A percentile interval of drawn values.
public struct PercentileInterval: Sendable, Codable, Hashable {
    /// Lower end.
    public let low: Double
    /// Upper end.
    public let high: Double

    /// The interval that leaves out equal shares of `values` on both sides, interpolated linearly between neighbours.
    ///
    /// - Returns: `nil` without values, or when one is not finite.
    public init?(of values: [Double], confidence: Double = 0.95) {
        guard !values.isEmpty, values.allSatisfy(\.isFinite) else { return nil }
        let sorted = values.sorted()
        func quantile(_ share: Double) -> Double {
            let position = share * Double(sorted.count - 1)
            let below = Int(position), above = min(below + 1, sorted.count - 1)
            return sorted[below] + (position - Double(below)) * (sorted[above] - sorted[below])
        }
        low = quantile((1 - confidence) / 2)
        high = quantile((1 + confidence) / 2)
    }
}
