import TinyFoundation

/// Grade-school word problems, as many as wanted, each a pure function of (seed, split, index).
///
/// ```swift
/// let problem = AbacusGenerator(seed: 1).problem(at: 0, in: .training)
/// problem.question   // "Mia bakes 6 trays with 8 cookies on each tray. …"
/// problem.answer     // 57
/// ```
public struct AbacusGenerator: Sendable {
    /// Names the stream of problems.
    public let seed: UInt64
    /// How many steps a solution may have. Within `1...4`.
    public let stepCounts: ClosedRange<Int>

    /// Makes a generator of problems of three or four dependent steps, unless told otherwise.
    public init(seed: UInt64, stepCounts: ClosedRange<Int> = 3...4) {
        precondition(stepCounts.lowerBound >= 1 && stepCounts.upperBound <= 4, "stepCounts: \(stepCounts)")
        self.seed = seed
        self.stepCounts = stepCounts
    }

    /// The problem with this index. Costs some microseconds.
    public func problem(at index: Int, in split: AbacusSplit) -> AbacusProblem {
        var random = RandomStream(.corpus, seed: seed, step: split.rawValue, problem: index)
        return problem(in: split, using: &random)
    }

    /// Draws stories until one works out in whole numbers and belongs to the split.
    func problem(in split: AbacusSplit, using random: inout RandomStream) -> AbacusProblem {
        while true {
            let plot = AbacusPlot(stepCounts: stepCounts, using: &random)
            for _ in 0..<Self.attemptsPerPlot {
                if let problem = plot.tell(using: &random), problem.split == split { return problem }
            }
        }
    }

    /// Retrying one plot with other numbers keeps plots with divisions as common as the others.
    private static let attemptsPerPlot = 24
}
