import Testing
import TinyStatistics

@Suite("Paired comparison")
struct PairedComparisonTests {
    /// By hand: 2 (C(n,0) + … + C(n,k)) / 2^n, at most 1.
    @Test(
        "is the exact binomial test, both sides",
        arguments: [
            (0, 0, 1.0), (1, 0, 1.0), (0, 5, 0.0625), (5, 1, 0.21875), (1, 5, 0.21875), (3, 3, 1.0), (2, 3, 1.0),
            (10, 2, 0.03857421875), (4, 9, 0.266845703125),
        ])
    func smallCases(improved: Int, worsened: Int, expected: Double) {
        let test = PairedComparison(improved: improved, worsened: worsened)
        #expect(abs(test.pValue - expected) <= 1e-14)
    }

    @Test("agrees with Pascal's triangle for every split of up to 60 changes")
    func pascal() {
        var row = [1.0]  // exact: C(60, 30) < 2^53 · 2^4, and sums of halves stay dyadic
        for changed in 1...60 {
            row = (0...changed).map { ($0 > 0 ? row[$0 - 1] : 0) / 2 + ($0 < changed ? row[$0] : 0) / 2 }
            var tail = 0.0
            for worsened in 0...changed / 2 {
                tail += row[worsened]
                let expected = min(1, 2 * tail)
                let found = PairedComparison(improved: changed - worsened, worsened: worsened).pValue
                // Two logarithms per term, each good to 1e-16 of a sum below 60.
                #expect(abs(found - expected) <= 1e-13 * expected, "\(worsened) of \(changed)")
            }
        }
    }

    @Test("neither under- nor overflows for many changes")
    func large() {
        let even = PairedComparison(improved: 50_100, worsened: 49_900).pValue
        #expect(abs(even - 0.5287) < 0.0005)  // normal limit with continuity: z = 199 / √100000 = 0.62929
        let clear = PairedComparison(improved: 100_000, worsened: 10).pValue
        #expect(clear > 0 && clear < 1e-300)
        #expect(PairedComparison(improved: 1076, worsened: 0).pValue > 0)
    }
}
