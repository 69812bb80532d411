import Testing
import TinyStatistics

@Suite("Holm's adjustment")
struct HolmAdjustmentTests {
    /// R 4.4: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm").
    @Test("gives R's values, in the order of the tests")
    func values() {
        let adjusted = holmAdjusted([0.01, 0.04, 0.03, 0.005])
        for (value, expected) in zip(adjusted, [0.03, 0.06, 0.06, 0.02]) { #expect(abs(value - expected) < 1e-12) }
    }

    @Test("stays at most 1, leaves a single test alone, and takes none")
    func edges() {
        #expect(holmAdjusted([0.9, 0.8, 1]) == [1, 1, 1])
        #expect(holmAdjusted([0.03]) == [0.03])
        #expect(holmAdjusted([]).isEmpty)
    }
}
