import Testing
import TinyStatistics

@Suite("pass@k")
struct PassAtKTests {
    @Test(
        "has the values worked out by hand",
        arguments: [
            (1, 4, 1, 0.25), (1, 4, 2, 0.5), (1, 4, 4, 1.0), (0, 4, 2, 0.0), (4, 4, 1, 1.0),
            (2, 4, 2, 5.0 / 6), (3, 5, 2, 0.9), (3, 5, 3, 1.0), (2, 10, 3, 8.0 / 15),
        ])
    func byHand(right: Int, samples: Int, k: Int, expected: Double) {
        #expect(abs(PassAtK.estimate(successes: right, samples: samples, k: k) - expected) < 1e-15)
    }

    @Test("is the share of all choices of k samples that hold a right one")
    func bruteForce() {
        for samples in 1...10 {
            for right in 0...samples {
                for k in 1...samples {
                    var chosen = 0, holding = 0
                    for subset in 0..<1 << samples where subset.nonzeroBitCount == k {
                        chosen += 1
                        holding += subset & ((1 << right) - 1) == 0 ? 0 : 1
                    }
                    let found = PassAtK.estimate(successes: right, samples: samples, k: k)
                    // At most ten products, each off by an ulp.
                    #expect(abs(found - Double(holding) / Double(chosen)) < 1e-14, "\(right) of \(samples), \(k)")
                }
            }
        }
    }

    @Test("has a mean over problems, with Wilson's interval where each has one sample")
    func mean() {
        let pass = PassAtK(successes: [0, 1, 2, 4], samples: 4, k: 2)
        #expect(abs(pass.fraction - (0 + 0.5 + 5.0 / 6 + 1) / 4) < 1e-15)
        #expect(pass.interval.low < pass.fraction && pass.fraction < pass.interval.high)
        let single = PassAtK(successes: [1, 0, 1, 1, 0], samples: 1, k: 1)
        let wilson = WilsonInterval(successes: 3, trials: 5)
        #expect(single.fraction == 0.6)
        #expect(abs(single.interval.low - wilson.low) < 1e-12 && abs(single.interval.high - wilson.high) < 1e-12)
        #expect(PassAtK(successes: [], samples: 3, k: 2).interval == WilsonInterval(successes: 0, trials: 0))
        #expect(PassAtK(successes: [3, 3], samples: 3, k: 2).fraction == 1)
    }

    /// Computed in fractions from the formula: trials `mean (1 - mean) / (variance / P)` of P problems, within `P ... P · samples`.
    @Test(
        "has Wilson's interval with the trials that the variance between problems leaves, also where it leaves none",
        arguments: [
            ([0, 3, 6, 2, 1, 8, 4, 5], 8, 4, 0.4783909437338714, 0.9282434805079869),
            ([2, 3, 6, 2, 3, 4, 4, 5], 8, 2, 0.5661106228716016, 0.8145545584051777),
            // Equal chances: the sum of squares is 0 for 9 problems, and for 10 what rounding leaves.
            ([Int](repeating: 1, count: 9), 3, 2, 0.4782476050732008, 0.8135673850128434),
            ([Int](repeating: 1, count: 10), 3, 2, 0.4878005164454384, 0.8076950191632386),
            ([Int](repeating: 1, count: 9), 3, 1, 0.18643261498715644, 0.5217523949267993),
        ])
    func interval(successes: [Int], samples: Int, k: Int, low: Double, high: Double) {
        let interval = PassAtK(successes: successes, samples: samples, k: k).interval
        #expect(abs(interval.low - low) < 1e-12 && abs(interval.high - high) < 1e-12, "\(interval)")
    }

    @Test("of one is the share of right samples, to the last bit")
    func ofOne() {
        for successes in [[0, 3, 1, 2], [1, 1, 1, 1, 1, 1, 1], [0, 0], [3, 3, 3], [2], []] {
            let pass = PassAtK(successes: successes, samples: 3, k: 1)
            let share = BinomialProportion(clusterSuccesses: successes, clusterSize: 3)
            #expect(pass.fraction == share.fraction && pass.interval == share.interval, "\(successes)")
        }
    }

    @Test("grows with k, and is mean@k for k of 1")
    func monotone() {
        let right = [0, 1, 5, 8, 3]
        let values = (1...8).map { PassAtK(successes: right, samples: 8, k: $0).fraction }
        #expect(values == values.sorted())
        #expect(abs(values[0] - 17.0 / 40) < 1e-15)
        #expect(values[7] == 0.8)
    }

    @Test(
        "is told for powers of two and all samples",
        arguments: [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
    func counts(samples: Int, expected: [Int]) { #expect(PassAtK.counts(upTo: samples) == expected) }
}

@Suite("Paired difference")
struct PairedDifferenceTests {
    @Test("has Bonett and Price's interval")
    func interval() {
        // 100 pairs, 14 better, 4 worse: p = 15/102 and 5/102 after adding one of each.
        let values =
            Array(repeating: 1.0, count: 14) + Array(repeating: -1.0, count: 4) + Array(repeating: 0, count: 82)
        let difference = PairedDifference(values)
        let better = 15.0 / 102, worse = 5.0 / 102
        let reach = 1.959963984540054 * ((better + worse - (better - worse) * (better - worse)) / 102).squareRoot()
        #expect(abs(difference.mean - 0.1) < 1e-15)
        #expect(abs(difference.low - (better - worse - reach)) < 1e-12)
        #expect(abs(difference.high - (better - worse + reach)) < 1e-12)
    }

    @Test("says nothing without problems, and is never certain without changes")
    func few() {
        #expect(PairedDifference([]).low == -1 && PairedDifference([]).high == 1)
        let same = PairedDifference([0, 0, 0])
        #expect(same.mean == 0 && same.low < 0 && same.high > 0)
        #expect(PairedDifference([1]).high <= 1)
    }
}
