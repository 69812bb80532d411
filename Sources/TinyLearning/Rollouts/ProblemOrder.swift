import TinyFoundation

/// Which problems each step trains on: all of them in a new random order per epoch, one epoch after the other.
///
/// A pure function of the seed, so a resumed run goes on where it was. A step may reach over the end of an epoch.
public struct ProblemOrder: Sendable {
    private let count: Int
    private let perStep: Int
    private let seed: UInt64

    /// Describes the order of `count` problems, `perStep` of them a step. Both are at least 1.
    public init(count: Int, perStep: Int, seed: UInt64) {
        precondition(count > 0 && perStep > 0, "ProblemOrder: \(count) problems, \(perStep) a step")
        self.count = count
        self.perStep = perStep
        self.seed = seed
    }

    /// Rows of the problems of a step, in the order in which they are used; the first step is 1. Cost: one shuffle.
    public func rows(step: Int) -> [Int] {
        rows(from: (step - 1) * perStep, count: perStep)
    }

    /// Rows of `wanted` problems after the first `position` of the run. Cost: one shuffle for each epoch they lie in.
    public func rows(from position: Int, count wanted: Int) -> [Int] {
        var rows: [Int] = []
        rows.reserveCapacity(wanted)
        var position = position
        while rows.count < wanted {
            let order = shuffled(epoch: position / count)
            let start = position % count
            let taken = order[start..<min(count, start + wanted - rows.count)]
            rows += taken
            position += taken.count
        }
        return rows
    }

    /// Rows of all problems that the first `steps` steps use, each once, in the order of their first use. Cost: one shuffle.
    public func usedRows(steps: Int) -> [Int] {
        let (used, isMore) = steps.multipliedReportingOverflow(by: perStep)
        return rows(from: 0, count: isMore ? count : min(count, used))
    }

    /// Epochs done after a step.
    public func epoch(after step: Int) -> Double {
        epoch(afterProblems: step * perStep)
    }

    /// Epochs done after the first `position` problems of the run.
    public func epoch(afterProblems position: Int) -> Double {
        Double(position) / Double(count)
    }

    private func shuffled(epoch: Int) -> [Int] {
        var order = Array(0..<count)
        var stream = RandomStream(.shuffling, seed: seed, step: epoch)
        stream.shuffle(&order)
        return order
    }
}
