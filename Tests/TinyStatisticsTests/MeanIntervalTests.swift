import Testing
import TinyStatistics

@Suite("Mean with its interval")
struct MeanIntervalTests {
    /// Quantiles of Student's distribution from R's `qt(0.975, n)`.
    @Test(
        "reaches as far as Student's quantile says",
        arguments: [
            (1, 12.70620), (2, 4.302653), (10, 2.228139), (11, 2.200985), (20, 2.085963), (49, 2.009575),
            (999, 1.962341),
        ])
    func quantiles(degrees: Int, quantile: Double) {
        // One value away from zeros: mean 1 / n, and a standard error of as much.
        let count = Double(degrees + 1), values = [1] + [Double](repeating: 0, count: degrees)
        let found = MeanInterval(values)
        #expect(abs(found.mean - 1 / count) < 1e-15)
        for (end, expected) in zip(found.interval ?? [], [1 - quantile, 1 + quantile]) {
            #expect(abs(end - expected / count) < 2e-5 * quantile / count, "\(degrees)")
        }
        #expect(found.interval?.count == 2)
    }

    @Test("has no interval for one value, and a point where all values are equal")
    func few() {
        #expect(MeanInterval([0.5]).interval == nil)
        #expect(MeanInterval([]).mean == 0)
        #expect(MeanInterval([0.5, 0.5, 0.5]).interval == [0.5, 0.5])
    }
}
