import Testing
import TinyProblems
import TinyLearning
import TinyFoundation

/// Packs and the order of examples.
@Suite struct PackingTests {
    @Test("longest first, each into the fullest pack that has room, the last one added to among equals")
    func byHand() {
        #expect(packed(lengths: [3, 7, 5, 5, 2, 1], capacity: 10) == [[1, 0], [2, 3], [4, 5]])
        #expect(packed(lengths: [6, 6, 4, 4, 4], capacity: 10) == [[0, 3], [1, 2], [4]])
        #expect(packed(lengths: [10, 10], capacity: 10) == [[0], [1]])
        #expect(packed(lengths: [], capacity: 4) == [])
    }

    @Test("every example is in one pack, no pack too long, no two packs that fit together", arguments: 1...20)
    func isPartition(seed: UInt64) {
        var stream = RandomStream(.sampling, seed: seed)
        let capacity = 1 + stream.below(40)
        let lengths = (0..<stream.below(200)).map { _ in 1 + stream.below(capacity) }
        let packs = packed(lengths: lengths, capacity: capacity)
        #expect(packs.joined().sorted() == Array(lengths.indices))
        let totals = packs.map { $0.reduce(0) { $0 + lengths[$1] } }.sorted()
        #expect(totals.allSatisfy { $0 <= capacity })
        if totals.count > 1 { #expect(totals[0] + totals[1] > capacity) }
        // The order of the examples changes which share a pack, never how many packs there are.
        var shuffled = lengths
        stream.shuffle(&shuffled)
        #expect(packed(lengths: shuffled, capacity: capacity).count == packs.count)
    }

    @Test("every example comes once an epoch, in another order in the next", arguments: [nil, 12])
    func visitsAll(capacity: Int?) {
        let lengths = (0..<60).map { 1 + $0 * 7 % 12 }
        let order =
            capacity.map { ExampleOrder(packing: lengths, capacity: $0, perStep: 3, seed: 3) }
            ?? ExampleOrder(count: 60, perStep: 3, seed: 3)
        var step = 0
        var epochs: [[Int]] = []
        for epoch in 1...3 {
            var rows: [Int] = []
            while order.epoch(after: step) < Double(epoch) {
                step += 1
                rows += order.rows(step: step)
            }
            epochs.append(rows)
            #expect(order.epoch(after: step) == Double(epoch), "the packs of an epoch fill whole steps here")
            #expect(rows.sorted() == Array(0..<60))
        }
        #expect(epochs[0] != epochs[1] && epochs[1] != epochs[2])
        #expect(order.rows(step: 1) == epochs[0].prefix(order.rows(step: 1).count).map { $0 })
    }

    @Test("without packing the order is that of problems in reinforcement learning")
    func sharesOrder() {
        for step in 1...9 {
            #expect(
                ExampleOrder(count: 10, perStep: 4, seed: 7).rows(step: step)
                    == ProblemOrder(count: 10, perStep: 4, seed: 7).rows(step: step))
        }
    }

    @Test(
        "a solution follows its prompt after a space, unless one of the two has white space there",
        arguments: [
            ("Q: x\nA:", "1+1=2.", " 1+1=2."), ("Q: x\n", "1+1=2.", "1+1=2."), ("Q: x\nA:", " 1", " 1"),
            ("<|im_start|>assistant\n", "So", "So"), ("", "So", "So"),
        ])
    func separates(prompt: String, solution: String, expected: String) {
        #expect(continuation(solution, of: prompt) == expected)
    }
}
