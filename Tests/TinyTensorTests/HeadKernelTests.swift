import CTinyKernels
import Foundation
import Testing
import TinyTestSupport

@Suite("Kernels of the language-model head")
struct HeadKernelTests {
    private static let counts = [1, 7, 8, 9, 15, 16, 17, 31, 97, 2048]

    @Test("have the reference's bits", arguments: counts, [1, 1 / 0.7] as [Float])
    func referenceBits(count: Int, inverseTemperature: Float) {
        let logits = gaussian(count, seed: 1, deviation: 4)
        var exps = [Float](repeating: .nan, count: count), expectedExps = exps
        var sums: [Float] = [0, 0], expectedSums = sums
        plainKernels.chunk_exp(&expectedExps, &expectedSums, logits, count, inverseTemperature)
        for set in KernelSet.all {
            set.kernels.chunk_exp(&exps, &sums, logits, count, inverseTemperature)
            #expect(firstDifference(exps, expectedExps) == nil, "\(set)")
            #expect(firstDifference(sums, expectedSums) == nil, "\(set)")

            for target in [-1, 0, count / 2, count - 1] {
                var gradient = logits, expected = logits
                set.kernels.chunk_gradient(&gradient, count, target, 0.3, inverseTemperature, sums[0], 1 / sums[1])
                plainKernels.chunk_gradient(&expected, count, target, 0.3, inverseTemperature, sums[0], 1 / sums[1])
                #expect(firstDifference(gradient, expected) == nil, "target \(target), \(set)")
            }
        }
    }

    @Test("tell a logit that is not a number, wherever it is", arguments: counts)
    func notNumbers(count: Int) {
        var exps = [Float](repeating: 0, count: count), sums: [Float] = [0, 0]
        for set in KernelSet.all {
            for place in Set([0, count / 2, count - 1]) {
                var logits = gaussian(count, seed: 1, deviation: 4)
                set.kernels.chunk_exp(&exps, &sums, logits, count, 1)
                #expect(sums[0] == logits.max(), "\(set)")
                logits[place] = .nan
                set.kernels.chunk_exp(&exps, &sums, logits, count, 1)
                #expect(sums[0].isNaN, "place \(place), \(set)")
            }
        }
    }

    /// Roundings of the exponential (2e-7) and of the sum of 97 terms.
    @Test("give the softmax and the gradient of the target's log-probability")
    func formula() {
        let count = 97, target = 41, inverseTemperature: Float = 1.25, factor: Float = -0.6
        let logits = gaussian(count, seed: 2, deviation: 2)
        var exps = logits, sums: [Float] = [0, 0]
        exps.withUnsafeMutableBufferPointer {
            activeKernels.chunk_exp($0.baseAddress, &sums, $0.baseAddress, count, inverseTemperature)
        }
        let scaled = logits.map { Double($0) * Double(inverseTemperature) }
        let largest = scaled.reduce(-.infinity, max), sum = scaled.reduce(0) { $0 + exp($1 - largest) }
        #expect(sums[0] == logits.map { $0 * inverseTemperature }.max())
        #expect((Double(sums[1]) - sum).magnitude <= 1e-6 * sum)
        #expect(largestDifference(exps, scaled.map { exp($0 - largest) }) <= 1e-6)

        var gradient = logits
        activeKernels.chunk_gradient(&gradient, count, target, factor, inverseTemperature, sums[0], 1 / sums[1])
        let expected = scaled.enumerated().map { index, value in
            Double(factor) * Double(inverseTemperature) * ((index == target ? 1 : 0) - exp(value - largest) / sum)
        }
        #expect(largestDifference(gradient, expected) <= 1e-6)
    }
}
