import Testing
import TinyTestSupport

@Suite("Attention")
struct AttentionKernelTests {
    private static let widths = [16, 24, 32, 64, 80]
    private static let groups = [1, 2, 3, 7]

    @Test("has the reference's bits, wherever the rows begin", arguments: widths, groups)
    func forwardBits(width: Int, group: Int) {
        let input = AttentionInput(positions: 70, group: group, width: width)
        for rows in [0..<1, 0..<70, 15..<18, 60..<69, 63..<64, 64..<65] {
            let expected = input.attend(rows, on: plainKernels)
            for set in KernelSet.all {
                let found = input.attend(rows, on: set.kernels)
                #expect(firstDifference(found.values, expected.values) == nil, "rows \(rows), \(set)")
                #expect(firstDifference(found.stats, expected.stats) == nil, "rows \(rows), \(set)")
            }
        }
    }

    @Test("backward has the reference's bits", arguments: widths, groups)
    func backwardBits(width: Int, group: Int) {
        for positions in [1, 21, 70] { compareGradients(positions: positions, group: group, width: width) }
    }

    @Test("backward has the reference's bits on three pages")
    func longBackwardBits() { compareGradients(positions: 130, group: 2, width: 16) }

    private func compareGradients(positions: Int, group: Int, width: Int) {
        let input = AttentionInput(positions: positions, group: group, width: width)
        let output = input.attend(0..<positions), dout = gaussian(positions * input.stride, seed: 4)
        let expected = input.gradient(dout, of: output, on: plainKernels)
        for set in KernelSet.all {
            let found = input.gradient(dout, of: output, on: set.kernels)
            #expect(firstDifference(found.queries, expected.queries) == nil, "positions \(positions), \(set)")
            #expect(firstDifference(found.keys, expected.keys) == nil, "positions \(positions), \(set)")
            #expect(firstDifference(found.values, expected.values) == nil, "positions \(positions), \(set)")
        }
    }

    @Test("gives a position the same bits whatever is computed beside it", arguments: [1, 3])
    func division(group: Int) {
        let input = AttentionInput(positions: 150, group: group, width: 24), whole = input.attend(0..<150)
        for cuts in [[0, 13, 64, 70, 150], [0, 1, 2, 3, 64, 65, 127, 128, 129, 150], [0, 149, 150]] {
            let parts = zip(cuts, cuts.dropFirst()).map { input.attend($0..<$1) }
            #expect(firstDifference(parts.flatMap(\.values), whole.values) == nil, "cuts \(cuts)")
            #expect(firstDifference(parts.flatMap(\.stats), whole.stats) == nil, "cuts \(cuts)")
        }
    }

    /// Scores of size 3 err by about 1e-6, outputs of size 1 with them; gradients add up to 70 such terms.
    @Test("and its gradients are those of the definition", arguments: [(6, 2, 4), (70, 1, 2)])
    func definition(positions: Int, group: Int, width: Int) {
        let input = AttentionInput(positions: positions, group: group, width: width)
        let q = input.queries.map(Double.init), k = input.keys.map(Double.init), v = input.values.map(Double.init)
        let output = input.attend(0..<positions), dout = gaussian(positions * input.stride, seed: 4)
        #expect(largestDifference(output.values, input.exact(queries: q, keys: k, values: v)) <= 5e-6)

        let found = input.gradient(dout, of: output)
        let dk = slopes(at: input.keys, weights: dout) { input.exact(queries: q, keys: $0, values: v) }
        let dv = slopes(at: input.values, weights: dout) { input.exact(queries: q, keys: k, values: $0) }
        #expect(largestDifference(found.keys, dk) <= 5e-5)
        #expect(largestDifference(found.values, dv) <= 5e-5)
        var dq = slopes(at: input.queries, weights: dout) { input.exact(queries: $0, keys: k, values: v) }
        for index in dq.indices where index % input.stride >= group * width { dq[index] = 5 }  // gaps stay as they were
        #expect(largestDifference(found.queries, dq) <= 5e-5)
    }
}
