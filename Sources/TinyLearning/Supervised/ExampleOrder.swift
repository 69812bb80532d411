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

    /// Rows of all examples that the first steps use, each once, packed or not. Cost: one shuffle.
    package func usedRows(steps: Int) -> [Int] { order.usedRows(steps: steps).flatMap { units[$0] } }

    /// Epochs done after a step.
    package func epoch(after step: Int) -> Double { order.epoch(after: step) }
}

/// Which examples share a pack: best fit, longest first.
///
/// Examples go in order of falling length, equals in the given order, each into the fullest pack that still has room for
/// it (among equally full packs into the one that was added to last), or into a pack of its own. Every example is in
/// exactly one pack.
///
/// A pack is a share of a step's tokens and nothing else: rows are ragged, nothing is padded, and the examples of a pack
/// do not see each other.
///
/// - Parameters:
///   - lengths: Tokens of each example, at most `capacity`; an example is named by its position.
///   - capacity: Most tokens of a pack.
/// - Returns: Packs in the order in which they were begun, the examples of each in the order in which they joined.
///
/// Cost: a sort, and a look at up to `capacity` sizes of gap for each example.
///
/// Source: best-fit decreasing, Johnson 1974; TRL's `packing_strategy="bfd"`.
package func packed(lengths: [Int], capacity: Int) -> [[Int]] {
    precondition(lengths.allSatisfy { (0...capacity).contains($0) }, "packed: an example longer than \(capacity)")
    let longestFirst = lengths.indices.sorted { (lengths[$1], $0) < (lengths[$0], $1) }
    var packs: [[Int]] = []
    /// Packs by the tokens they still have room for, the one that was added to last at the end.
    var packsByRoom: [[Int]] = Array(repeating: [], count: capacity + 1)
    for example in longestFirst {
        let length = lengths[example]
        if let room = (length...capacity).first(where: { !packsByRoom[$0].isEmpty }),
            let pack = packsByRoom[room].popLast()
        {
            packs[pack].append(example)
            packsByRoom[room - length].append(pack)
        } else {
            packsByRoom[capacity - length].append(packs.count)
            packs.append([example])
        }
    }
    return packs
}
