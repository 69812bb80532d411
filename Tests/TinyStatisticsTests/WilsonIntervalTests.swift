import Testing
import TinyStatistics

@Suite("Wilson intervals")
struct WilsonIntervalTests {
    /// Newcombe, Statistics in Medicine 17 (1998), table I, method 3: four decimals.
    @Test(
        "agree with the published table",
        arguments: [
            (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718),
        ])
    func published(successes: Int, trials: Int, low: Double, high: Double) {
        let interval = WilsonInterval(successes: successes, trials: trials)
        #expect(abs(interval.low - low) <= 0.00005)
        #expect(abs(interval.high - high) <= 0.00005)
    }

    /// The ends p are where the score |p̂ - p| equals z √(p(1-p)/n), which is how the interval is defined.
    @Test("end where the score test turns", arguments: Confidence.allCases)
    func definition(confidence: Confidence) {
        for (successes, trials) in [(1, 2), (3, 7), (50, 100), (659, 660), (1, 100_000)] {
            let interval = WilsonInterval(successes: successes, trials: trials, confidence: confidence)
            let seen = Double(successes) / Double(trials)
            for end in [interval.low, interval.high] {
                let score = abs(seen - end) / (end * (1 - end) / Double(trials)).squareRoot()
                // The ends carry a few roundings of 1e-16, which the division by a small end or 1 - end magnifies.
                #expect(abs(score - confidence.quantile) < 1e-9, "\(successes) of \(trials): \(interval)")
            }
        }
    }

    @Test("reach the very ends and never leave 0 ... 1", arguments: [1, 2, 10, 1000])
    func ends(trials: Int) {
        #expect(WilsonInterval(successes: 0, trials: trials).low == 0)
        #expect(WilsonInterval(successes: trials, trials: trials).high == 1)
        #expect(WilsonInterval(successes: 0, trials: trials).high < 1)
        #expect(WilsonInterval(successes: trials, trials: trials).low > 0)
    }

    @Test("say nothing without trials")
    func noTrials() {
        let interval = WilsonInterval(successes: 0, trials: 0)
        #expect(interval.low == 0)
        #expect(interval.high == 1)
    }
}

@Suite("Proportions")
struct BinomialProportionTests {
    @Test("of single samples have the plain interval")
    func single() {
        let clustered = BinomialProportion(clusterSuccesses: [1, 0, 1, 1], clusterSize: 1)
        #expect(clustered == BinomialProportion(successes: 3, trials: 4))
        #expect(clustered.fraction == 0.75)
        #expect(BinomialProportion(successes: 0, trials: 0).fraction == 0)
    }

    @Test("of samples that always agree count each problem once")
    func identicalSamples() {
        let outcomes = [1, 0, 1, 1, 0, 0, 1, 0, 1, 1]
        let once = BinomialProportion(clusterSuccesses: outcomes, clusterSize: 1)
        let fourfold = BinomialProportion(clusterSuccesses: outcomes.map { 4 * $0 }, clusterSize: 4)
        #expect(fourfold.trials == 40)
        #expect(fourfold.fraction == once.fraction)
        #expect(abs(fourfold.interval.low - once.interval.low) < 1e-12)
        #expect(abs(fourfold.interval.high - once.interval.high) < 1e-12)
    }

    @Test("of samples that differ as if independent count each sample")
    func evenClusters() {
        let even = BinomialProportion(clusterSuccesses: [2, 2, 2, 2, 2], clusterSize: 4)
        #expect(even.interval == WilsonInterval(successes: 10, trials: 20))
    }

    @Test("in between lie in between")
    func partlyAlike() {
        let mixed = BinomialProportion(clusterSuccesses: [4, 1, 3, 0, 2, 2], clusterSize: 4)
        let width = mixed.interval.high - mixed.interval.low
        let narrow = WilsonInterval(successes: 12, trials: 24), wide = WilsonInterval(successes: 3, trials: 6)
        #expect(width > narrow.high - narrow.low)
        #expect(width < wide.high - wide.low)
    }

    @Test("all alike are as sure as the problems are many")
    func allRight() {
        let all = BinomialProportion(clusterSuccesses: [4, 4, 4], clusterSize: 4)
        #expect(all.interval == WilsonInterval(successes: 3, trials: 3))
    }
}
