/// Which examples each step trains on: all of them in a new random order per epoch, one epoch after the other.
///
/// With packing, the examples are packed once, in file order, and an epoch is a new random order of the packs. A pure
/// function of the seed, so a resumed run goes on where it was. A step may reach over the end of an epoch.
package struct ExampleOrder: Sendable {
    /// Rows that are used together: single ones, or packs.
    private let units: [[Int]]
    private let order: ProblemOrder

    /// Takes `perStep` of `count` examples a step. Both are at least 1.
    package init(count: Int, perStep: Int, seed: UInt64) {
        units = (0..<count).map { [$0] }
        order = ProblemOrder(count: count, perStep: perStep, seed: seed)
    }

    /// Takes `perStep` packs of at most `capacity` tokens a step; there is at least one length, none over `capacity`.
    package init(packing lengths: [Int], capacity: Int, perStep: Int, seed: UInt64) {
        units = packed(lengths: lengths, capacity: capacity)
        order = ProblemOrder(count: units.count, perStep: perStep, seed: seed)
    }

    /// Rows of the examples of a step, in the order in which they are used; the first step is 1. Cost: one shuffle.
    package func rows(step: Int) -> [Int] { order.rows(step: step).flatMap { units[$0] } }

    /// Epochs done after a step.
    package func epoch(after step: Int) -> Double { order.epoch(after: step) }
}
