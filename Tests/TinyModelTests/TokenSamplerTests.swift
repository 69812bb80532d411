import Foundation
import Testing
import TinyModel
import TinyTestSupport
import TinyFoundation

@Suite("Choosing a token")
struct TokenSamplerTests {
    private func sampler(_ temperature: Double = 1, topK: Int? = nil, topP: Double = 1) -> TokenSampler {
        TokenSampler(temperature: temperature, topK: topK, topP: topP)
    }

    private func token(_ sampler: TokenSampler, _ logits: [Float], at uniform: Double) -> Int? {
        sampler.choose(logits, count: logits.count, uniform: uniform)?.token
    }

    /// Every token that some uniform number leads to, on a grid of `steps`.
    private func reached(_ sampler: TokenSampler, _ logits: [Float], steps: Int = 400) -> Set<Int> {
        Set((0..<steps).compactMap { token(sampler, logits, at: Double($0) / Double(steps)) })
    }

    @Test("greedily takes the largest logit, the lowest id among equals", arguments: [10, 3000, 5000])
    func greedy(count: Int) {
        var logits = noise(count, seed: 1)
        for token in [count - 2, count - 5, count * 3 / 4] { logits[token] = 2 }
        #expect(token(sampler(0), logits, at: 0.9) == min(count - 5, count * 3 / 4))
    }

    @Test("among one, or among those that reach a tiny probability, is greedy", arguments: [10, 3000, 5000])
    func almostGreedy(count: Int) {
        for seed in 1...5 as ClosedRange<UInt64> {
            let logits = noise(count, seed: seed).map { 3 * $0 }, best = token(sampler(0), logits, at: 0)
            for uniform in [0, 0.3, 0.999_999] {
                #expect(token(sampler(topK: 1), logits, at: uniform) == best, "seed \(seed)")
                #expect(token(sampler(topP: 1e-9), logits, at: uniform) == best, "seed \(seed)")
                #expect(token(sampler(0.5, topK: 1, topP: 1e-9), logits, at: uniform) == best, "seed \(seed)")
            }
        }
    }

    @Test("walks through the probabilities in order of ids")
    func cumulative() {
        let logits = [0.5, 0.25, 0, 0.125, 0.125].map { Float(log($0)) }
        for (uniform, expected) in [
            (0, 0), (0.499, 0), (0.501, 1), (0.749, 1), (0.751, 3), (0.876, 4), (1 - 0x1p-53, 4),
        ] {
            #expect(token(sampler(), logits, at: uniform) == expected, "at \(uniform)")
        }
    }

    /// Probabilities 0.4, 0.25, 0.2, 0.1, 0.05 belong to tokens 1, 3, 4, 0, 2. Hugging Face applies top-k first and then
    /// keeps the fewest tokens whose share of what is left reaches top-p: 0.4 / 0.85 = 0.47 and 0.65 / 0.85 = 0.76.
    @Test(
        "keeps Hugging Face's set",
        arguments: [
            (nil, 1, [0, 1, 2, 3, 4]), (3, 1, [1, 3, 4]), (2, 1, [1, 3]), (9, 1, [0, 1, 2, 3, 4]), (nil, 0.3, [1]),
            (nil, 0.41, [1, 3]), (nil, 0.6, [1, 3]), (nil, 0.66, [1, 3, 4]), (nil, 0.9, [0, 1, 3, 4]),
            (nil, 0.96, [0, 1, 2, 3, 4]), (3, 0.45, [1]), (3, 0.7, [1, 3]), (3, 0.8, [1, 3, 4]),
        ] as [(Int?, Double, Set<Int>)])
    func keptSet(topK: Int?, topP: Double, expected: Set<Int>) {
        let logits = [0.1, 0.4, 0.05, 0.25, 0.2].map { Float(log($0)) }
        #expect(reached(sampler(topK: topK, topP: topP), logits) == expected)
    }

    /// With equal logits the kept tokens are those with the lowest ids, all equally probable.
    @Test(
        "keeps sets of hundreds and thousands, in a vocabulary of several chunks",
        arguments: [(nil, 0.5, 2500), (nil, 0.95, 4750), (700, 1, 700), (4500, 1, 4500), (3000, 0.5, 1500)]
            as [(Int?, Double, Int)])
    func largeSets(topK: Int?, topP: Double, kept: Int) throws {
        let flat = [Float](repeating: 1, count: 5000), sampler = sampler(topK: topK, topP: topP)
        for share in [0, 0.25, 0.5, 0.75, 1 - 0x1p-53] {
            let found = try #require(token(sampler, flat, at: share))
            // Sums of thousands of roundings may miss the border by one token.
            #expect(abs(found - min(kept - 1, Int(share * Double(kept)))) <= 1, "at \(share)")
        }
    }

    @Test("is as frequent as it is probable", arguments: [(10, 1.0, 20_000), (10, 0.5, 20_000), (5000, 1.0, 4000)])
    func frequencies(count: Int, temperature: Double, draws: Int) {
        let logits = noise(count, seed: 2).map { 2 * $0 }, groups = 10, sampler = sampler(temperature)
        let weights = logits.map { exp(Double($0) / temperature) }, sum = weights.reduce(0, +)
        var stream = RandomStream(.sampling, seed: 3)
        var counts = [Int](repeating: 0, count: groups), expected = [Double](repeating: 0, count: groups)
        for (token, weight) in weights.enumerated() { expected[token * groups / count] += weight / sum * Double(draws) }
        for _ in 0..<draws {
            guard let token = token(sampler, logits, at: stream.uniform()) else { continue }
            counts[token * groups / count] += 1
        }
        let distance = zip(counts, expected).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) / $1.1 }
        #expect(distance < 27.9, "\(counts), expected \(expected)")  // 99.9 % quantile, 9 degrees of freedom
    }

    /// Differences of logits of size 3 err by 5e-7, the logarithm of the sum by as much.
    @Test("reports the probability under the whole distribution at the temperature", arguments: [97, 5000])
    func logprob(count: Int) throws {
        let logits = noise(count, seed: 4).map { 3 * $0 }
        func exact(_ token: Int, _ temperature: Double) -> Double {
            let scaled = logits.map { Double($0) / temperature }
            return scaled[token] - log(scaled.reduce(0) { $0 + exp($1) })
        }
        for sampler in [sampler(), sampler(0.7), sampler(0.7, topK: 5), sampler(1.5, topK: 20, topP: 0.8)] {
            let choice = try #require(sampler.choose(logits, count: count, uniform: 0.6))
            #expect((Double(choice.logprob) - exact(choice.token, sampler.temperature)).magnitude < 2e-6, "\(sampler)")
        }
        let greedy = try #require(sampler(0).choose(logits, count: count, uniform: 0.6))
        #expect((Double(greedy.logprob) - exact(greedy.token, 1)).magnitude < 2e-6)
    }

    @Test("is impossible when logits are not numbers, or infinite", arguments: [10, 3000])
    func notNumbers(count: Int) {
        let good = noise(count, seed: 5)
        #expect(token(sampler(), good.map { _ in .nan }, at: 0.5) == nil)
        #expect(token(sampler(), good.map { _ in -.infinity }, at: 0.5) == nil)
        #expect(token(sampler(), good.dropLast() + [.infinity], at: 0.5) == nil)
        #expect(token(sampler(0), good.map { _ in .nan }, at: 0.5) == nil)
        for place in [0, count / 2, count - 1] {
            var logits = good
            logits[place] = .nan
            for sampler in [sampler(), sampler(topK: 3), sampler(topP: 0.9), sampler(0)] {
                #expect(token(sampler, logits, at: 0.5) == nil, "NaN at \(place), \(sampler)")
            }
        }
    }

    @Test("never takes a token whose logit is minus infinity", arguments: [10, 3000])
    func excluded(count: Int) {
        let logits = (0..<count).map { $0 % 3 == 1 ? 0 : -Float.infinity }
        for sampler in [sampler(), sampler(topK: count), sampler(topP: 0.999), sampler(0)] {
            #expect(reached(sampler, logits, steps: 50).allSatisfy { $0 % 3 == 1 }, "\(sampler)")
        }
    }
}
