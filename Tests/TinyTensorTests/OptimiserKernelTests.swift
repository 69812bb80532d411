import Foundation
import Testing
import TinyTensor
import TinyTestSupport

@Suite("Optimiser kernels")
struct OptimiserKernelTests {
    private let rate = 0.01, beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, decay = 0.1, scale = 0.5

    private func step(_ count: Int) -> AdamWStep {
        AdamWStep(
            rate: Float(rate), beta1: Float(beta1), beta2: Float(beta2), epsilon: Float(epsilon), decay: Float(decay),
            count: count, gradientScale: Float(scale))
    }

    /// A step of at most `rate · (1/(1−β₁)… ≈ 3 + decay)` errs by some 20 roundings of its size; `w` by one of its own.
    @Test("AdamW takes the published step")
    func formula() {
        let count = 37, team = WorkerTeam(threads: 1)
        var w = gaussian(count, seed: 1), first = [Float](repeating: 0, count: count), second = first
        var exactW = w.map(Double.init), exactFirst = [Double](repeating: 0, count: count), exactSecond = exactFirst
        for time in 1...5 {
            var gradient = gaussian(count, seed: UInt64(10 + time))
            Kernels.adamW(
                &w, first: &first, second: &second, gradient: &gradient, count: count, step: step(time), team: team)
            for index in 0..<count {
                let g = Double(gradient[index]) * scale
                exactFirst[index] = beta1 * exactFirst[index] + (1 - beta1) * g
                exactSecond[index] = beta2 * exactSecond[index] + (1 - beta2) * g * g
                let mean = exactFirst[index] / (1 - pow(beta1, Double(time)))
                let square = exactSecond[index] / (1 - pow(beta2, Double(time)))
                exactW[index] -= rate * (mean / (square.squareRoot() + epsilon) + decay * exactW[index])
            }
            #expect(largestDifference(w, exactW) <= Double(time) * 4e-7, "step \(time)")
        }
    }

    @Test("give the same bits on any number of threads")
    func threads() {
        let count = 140_000
        let results = [1, 2, 3].map { threads in
            let team = WorkerTeam(threads: threads)
            defer { team.close() }
            let w = Matrix(rows: 1, columns: count), gradient = Matrix(rows: 1, columns: count)
            let first = Matrix(rows: 1, columns: count), second = Matrix(rows: 1, columns: count)
            for index in 0..<count { gradient.base[index] = Float((index * 7919) % 1000) * 0.001 - 0.5 }
            Kernels.adamW(
                w.base, first: first.base, second: second.base, gradient: gradient.base, count: count, step: step(1),
                team: team)
            return (w.values, Kernels.sumOfSquares(gradient.base, count: count, team: team), gradient.values)
        }
        for result in results {
            #expect(firstDifference(result.0, results[0].0) == nil)
            #expect(result.1.bitPattern == results[0].1.bitPattern)
        }
        let exact = results[0].2.reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect((results[0].1 - exact).magnitude <= 1e-10 * exact)
    }
}
