import Testing
import TinyFoundation

@Suite("Random streams")
struct RandomStreamTests {
    /// Source: known-answer vectors of Random123, `kat_vectors`, philox4x32-10.
    @Test("blocks are Philox's")
    func knownAnswers() {
        let all = UInt32.max
        let cases: [(counter: SIMD4<UInt32>, key: SIMD2<UInt32>, block: SIMD4<UInt32>)] = [
            (.zero, .zero, SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)),
            (
                SIMD4(all, all, all, all), SIMD2(all, all),
                SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
            ),
            (
                SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), SIMD2(0xa409_3822, 0x299f_31d0),
                SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
            ),
        ]
        for (counter, key, block) in cases { #expect(philox(counter: counter, key: key) == block, "\(counter)") }
    }

    private let stream = RandomStream(.sampling, seed: 1, step: 7, problem: 3, sample: 0)

    /// Computed by an independent program from the description of the scheme.
    @Test("draws never change")
    func pinned() {
        var bits = stream, numbers = stream, normals = stream, integers = stream
        let expected: [UInt32] = [
            0xcd2e_4c7c, 0x187d_48f5, 0x3755_2148, 0x21e7_a828, 0x3cb9_f2de, 0x364b_38e5, 0x2d02_995b, 0xf42b_9ca6,
        ]
        #expect(expected.map { _ in bits.next() } == expected)
        #expect([numbers.uniform(), numbers.uniform()] == [0.8014877131431507, 0.21614273081823276])
        #expect((normals.normal() - 0.8469471612779196).magnitude < 1e-15)
        #expect((0..<4).map { _ in integers.below(10) } == [8, 0, 2, 1])
        var wide = RandomStream(.shuffling, seed: 0x1234_5678_9abc_def0)
        #expect(wide.next() == 0x9447_a3d7)
    }

    @Test("the draw behind a normal deviate is never 0 and never 1")
    func openInterval() {
        #expect(openUniform(0) == 0x1p-54)
        #expect(openUniform(.max) == 1 - 0x1p-53)
        #expect(inverseNormal(openUniform(.max)).isFinite && inverseNormal(openUniform(0)).isFinite)
        #expect(openUniform(1 << 62) == 0.25 + 0x1p-54)
    }

    @Test("streams with different names differ from the first draw on")
    func names() {
        var firsts: Set<UInt64> = []
        var count = 0
        func open(_ purpose: RandomPurpose, _ seed: UInt64, _ step: Int, _ problem: Int, _ sample: Int) {
            var stream = RandomStream(purpose, seed: seed, step: step, problem: problem, sample: sample)
            firsts.insert(UInt64(stream.next()) << 32 | UInt64(stream.next()))
            count += 1
        }
        for purpose in RandomPurpose.allCases { open(purpose, 1, 0, 0, 0) }
        for index in 1..<200 {
            open(.sampling, UInt64(index) + 1, 0, 0, 0)
            open(.sampling, UInt64(index) << 32, 0, 0, 0)
            open(.sampling, 1, index, 0, 0)
            open(.sampling, 1, 0, index, 0)
            open(.sampling, 1, 0, 0, index)
        }
        #expect(firsts.count == count)
    }

    @Test("seeking gives the block that drawing reaches")
    func seek() {
        var drawn = stream
        let draws = (0..<40).map { _ in drawn.next() }
        for block in [9, 0, 3] {
            var sought = stream
            _ = sought.next()
            sought.seek(toBlock: block)
            #expect((0..<4).map { _ in sought.next() } == Array(draws[4 * block..<4 * block + 4]), "block \(block)")
        }
    }

    @Test("uniform numbers lie in [0, 1) and fill it evenly")
    func uniform() {
        var stream = stream
        var counts = [Int](repeating: 0, count: 16)
        for _ in 0..<16_000 {
            let value = stream.uniform()
            guard value >= 0 && value < 1 else {
                Issue.record("\(value)")
                continue
            }
            counts[Int(value * 16)] += 1
        }
        #expect(chiSquare(counts) < 37.7, "\(counts)")  // 99.9 % quantile, 15 degrees of freedom
    }

    @Test("integers below a bound are all reached, evenly", arguments: [1, 2, 3, 7, 16, 3 << 30])
    func below(bound: Int) {
        var stream = stream
        var counts = [Int](repeating: 0, count: min(bound, 3))
        for _ in 0..<6000 {
            let value = stream.below(bound)
            guard (0..<bound).contains(value) else {
                Issue.record("\(value) below \(bound)")
                continue
            }
            counts[bound > 16 ? value % 3 : value * counts.count / bound] += 1
        }
        // 2³² draws do not divide evenly by 3 · 2³⁰: without rejection every multiple of 3 would come twice as often.
        if bound == 2 || bound == 3 || bound > 16 { #expect(chiSquare(counts) < 13.8, "\(counts)") }
        #expect(counts.allSatisfy { $0 > 0 }, "\(counts)")
    }

    @Test("a shuffle keeps every element and reaches every order")
    func shuffle() {
        var stream = stream
        var orders: [[Int]: Int] = [:]
        for _ in 0..<2400 {
            var elements = [0, 1, 2, 3]
            stream.shuffle(&elements)
            orders[elements, default: 0] += 1
        }
        #expect(orders.count == 24)
        #expect(orders.keys.allSatisfy { $0.sorted() == [0, 1, 2, 3] })
        #expect(chiSquare(Array(orders.values)) < 49.7)  // 99.9 % quantile, 23 degrees of freedom
    }

    private func chiSquare(_ counts: [Int]) -> Double {
        let expected = Double(counts.reduce(0, +)) / Double(counts.count)
        return counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    }
}

@Suite("Normal deviates")
struct NormalDeviateTests {
    /// Computed with 40 digits from the inverse error function.
    @Test(
        "the inverse of the normal distribution is right in all its three branches",
        arguments: [
            (0.5, 0), (0.6, 0.2533471031357997), (0.25, -0.6744897501960817), (0.075, -1.439531470938456),
            (0.925, 1.4395314709384561), (0.9, 1.2815515655446006), (0.975, 1.9599639845400538),
            (0.001, -3.0902323061678136), (1e-5, -4.264890793922825), (1e-10, -6.361340902404057),
            (1e-11, -6.706023155495136), (1e-15, -7.941345326170997), (1e-20, -9.262340089798407),
        ] as [(Double, Double)])
    func inverse(p: Double, expected: Double) {
        #expect((inverseNormal(p) - expected).magnitude <= 1e-15 * max(1, expected.magnitude))
    }

    @Test("have mean 0, variance 1 and the quantiles of the normal distribution")
    func moments() {
        var stream = RandomStream(.initialisation, seed: 5)
        let count = 20_000, n = Double(count)
        let values = (0..<count).map { _ in stream.normal() }
        let mean = values.reduce(0, +) / n, variance = values.reduce(0) { $0 + $1 * $1 } / n - mean * mean
        // Four standard errors: of the mean 1/√n, of the variance √(2/n), of a share √(p (1 − p) / n).
        #expect(mean.magnitude < 4 / n.squareRoot())
        #expect((variance - 1).magnitude < 4 * (2 / n).squareRoot())
        for (quantile, share) in [
            (-2.0, 0.0227501319), (-1, 0.1586552539), (0, 0.5), (1, 0.8413447461), (2, 0.9772498681),
        ] {
            let found = Double(values.count { $0 < quantile }) / n
            #expect((found - share).magnitude < 4 * (share * (1 - share) / n).squareRoot(), "below \(quantile)")
        }
    }
}
