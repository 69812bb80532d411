import Testing
import TinyStatistics

@Suite("p-value of drawn differences")
struct DrawnPValueTests {
    @Test("counts the draws on the rarer side and at 0, twice, and is never 0 nor above 1")
    func counts() {
        #expect(drawnPValue(of: [Double](repeating: 0.5, count: 99)) == 0.02)
        #expect(drawnPValue(of: [Double](repeating: -0.5, count: 99)) == 0.02)
        #expect(drawnPValue(of: [Double](repeating: 0.5, count: 97) + [-1, 0]) == 0.06)
        #expect(drawnPValue(of: [-1, 1]) == 1)
        #expect(drawnPValue(of: [0, 0, 0]) == 1)
        #expect(drawnPValue(of: []) == nil && drawnPValue(of: [1, .nan]) == nil)
    }

    @Test(
        "is below 0.05 where the 95 % interval leaves out 0, and above where it does not", arguments: [10, 20, 40, 200])
    func agreesWithInterval(below: Int) throws {
        let draws = (0..<1000).map { Double($0 - below) / 1000 }
        let interval = try #require(PercentileInterval(of: draws)), p = try #require(drawnPValue(of: draws))
        #expect((p < 0.05) == (interval.low > 0), "\(below): p \(p), low \(interval.low)")
    }
}
