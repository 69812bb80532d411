import CTinyKernels
import Testing
import TinyTestSupport

@Suite("Vectors of doubles")
struct DoublesTests {
    private static let counts = [0, 1, 3, 4, 5, 9]
    private static let lengths = [0, 1, 7, 8, 9, 31, 32, 33, 100]

    private func doubles(_ count: Int, seed: UInt64) -> [Double] {
        zip(gaussian(count, seed: seed), gaussian(count, seed: seed + 1)).map { Double($0) + 1e-9 * Double($1) }
    }

    @Test("products add up in the order that the header states, on every instruction set", arguments: counts, lengths)
    func dots(count: Int, length: Int) {
        let stride = length + 3, vectors = doubles(count * stride, seed: 1), x = doubles(length, seed: 3)
        let expected = (0..<count).map { row in
            var partial = [Double](repeating: 0, count: 8), rest = 0.0
            for j in 0..<length {
                let product = vectors[row * stride + j] * x[j]
                if j < length / 8 * 8 { partial[j % 8] += product } else { rest += product }
            }
            return partial.dropFirst().reduce(partial[0], +) + rest
        }
        for set in KernelSet.all {
            var found = [Double](repeating: .nan, count: count)
            set.kernels.dots(&found, vectors, stride, count, x, length)
            #expect(found == expected, "\(set)")
        }
    }

    @Test("multiples are subtracted one after the other, on every instruction set", arguments: counts, lengths)
    func subtract(count: Int, length: Int) {
        let stride = length + 3, vectors = doubles(count * stride, seed: 5), scales = doubles(count, seed: 7)
        let before = doubles(length, seed: 9)
        var expected = before
        for row in 0..<count {
            for j in 0..<length {
                let product = scales[row] * vectors[row * stride + j]
                expected[j] -= product
            }
        }
        for set in KernelSet.all {
            var found = before
            set.kernels.subtract(&found, vectors, stride, scales, count, length)
            #expect(found == expected, "\(set)")
        }
    }
}
