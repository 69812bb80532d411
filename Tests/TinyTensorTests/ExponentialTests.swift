import CTinyKernels
import Foundation
import Testing
import TinyTensor
import TinyTestSupport

@Suite("Exponential and logarithm")
struct ExponentialTests {
    /// A fine grid over the whole range and beyond, and the numbers around 0 and around the cut.
    private static let arguments: [Float] =
        (0..<40_001).map { -100 + Float($0) * 0.0047 }
        + [0, -0.0, 1e-30, -1e-30, 0.34657359, -0.34657359, -87.3, (-87.3 as Float).nextDown, -.infinity, 88]

    @Test("exp errs by less than 2e-7 of the result")
    func accuracy() {
        var found = [Float](repeating: .nan, count: Self.arguments.count)
        activeKernels.exponential(&found, Self.arguments, found.count)
        for (x, y) in zip(Self.arguments, found) where x >= -87.3 && x <= 88 {
            let exact = exp(Double(x))
            if (Double(y) - exact).magnitude >= 2e-7 * exact { Issue.record("exp(\(x)) = \(y), expected \(exact)") }
        }
    }

    @Test("exp is 0 below -87.3, and exp(0) is 1")
    func edges() {
        for x in Self.arguments where x < -87.3 {
            if Kernels.exp(x) != 0 { Issue.record("exp(\(x)) = \(Kernels.exp(x))") }
        }
        #expect(Kernels.exp(0) == 1)
        #expect(Kernels.exp(-87.3) > 0)
    }

    @Test("exp has the reference's bits, one number at a time or many", arguments: [1, 7, 8, 9, 16, 40_011])
    func referenceBits(count: Int) {
        let x = Array(Self.arguments.suffix(count))
        var found = [Float](repeating: .nan, count: count), expected = found
        plainKernels.exponential(&expected, x, count)
        for set in KernelSet.all {
            set.kernels.exponential(&found, x, count)
            #expect(firstDifference(found, expected) == nil, "\(set)")
        }
    }
}
