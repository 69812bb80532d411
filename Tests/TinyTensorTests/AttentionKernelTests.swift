import CTinyKernels
import Testing
import TinyTestSupport

@Suite("Attention")
struct AttentionKernelTests {
    private static let widths = [16, 24, 32, 64, 80]
    private static let groups = [1, 2, 3, 7]

    private static let formats = [TK_F32, TK_BF16]

    @Test("has the reference's bits, wherever the rows begin", arguments: widths, groups)
    func forwardBits(width: Int, group: Int) {
        for format in Self.formats {
            compareOutputs(of: AttentionInput(positions: 70, group: group, width: width, format: format))
        }
    }

    private func compareOutputs(of input: AttentionInput) {
        for rows in [0..<1, 0..<70, 15..<18, 60..<69, 63..<64, 64..<65] {
            let expected = input.attend(rows, on: plainKernels)
            for set in KernelSet.all {
                let found = input.attend(rows, on: set.kernels)
                #expect(firstDifference(found.values, expected.values) == nil, "rows \(rows), \(set)")
                #expect(firstDifference(found.stats, expected.stats) == nil, "rows \(rows), \(set)")
            }
        }
    }

    @Test("backward has the reference's bits, with and without earlier positions", arguments: widths, groups)
    func backwardBits(width: Int, group: Int) {
        for format in Self.formats {
            let input = AttentionInput(positions: 70, group: group, width: width, format: format)
            for rows in [0..<1, 0..<21, 0..<70, 1..<2, 20..<70, 64..<70] { compareGradients(of: input, rows) }
        }
    }

    @Test("backward has the reference's bits on three pages")
    func longBackwardBits() {
        let input = AttentionInput(positions: 130, group: 2, width: 16)
        for rows in [0..<130, 100..<130] { compareGradients(of: input, rows) }
    }

    private func compareGradients(of input: AttentionInput, _ rows: Range<Int>) {
        let output = input.attend(rows), dout = gaussian(rows.count * input.stride, seed: 4)
        let expected = input.gradient(dout, of: output, rows: rows, on: plainKernels)
        for set in KernelSet.all {
            let found = input.gradient(dout, of: output, rows: rows, on: set.kernels)
            #expect(firstDifference(found.queries, expected.queries) == nil, "rows \(rows), \(set)")
            #expect(firstDifference(found.keys, expected.keys) == nil, "rows \(rows), \(set)")
            #expect(firstDifference(found.values, expected.values) == nil, "rows \(rows), \(set)")
        }
    }

    @Test("with bf16 pages has the bits of fp32 pages that hold the rounded numbers", arguments: [(64, 7), (24, 2)])
    func roundedPages(width: Int, group: Int) {
        let narrow = AttentionInput(positions: 70, group: group, width: width, format: TK_BF16)
        let wide = AttentionInput(positions: 70, group: group, width: width, rounded: true), rows = 10..<70
        let outputs = [narrow, wide].map { $0.attend(rows) }, dout = gaussian(rows.count * narrow.stride, seed: 4)
        #expect(firstDifference(outputs[0].values, outputs[1].values) == nil)
        let gradients = [narrow, wide].map { $0.gradient(dout, of: outputs[0], rows: rows) }
        #expect(firstDifference(gradients[0].queries, gradients[1].queries) == nil)
        #expect(firstDifference(gradients[0].keys, gradients[1].keys) == nil)
        #expect(firstDifference(gradients[0].values, gradients[1].values) == nil)
    }

    @Test("backward in two parts gives the queries' bits of one, and sums of keys and values to rounding")
    func backwardInParts() {
        let input = AttentionInput(positions: 100, group: 3, width: 32), dout = gaussian(100 * input.stride, seed: 4)
        func gradient(_ rows: Range<Int>) -> AttentionInput.Gradient {
            input.gradient(
                Array(dout[rows.lowerBound * input.stride..<rows.upperBound * input.stride]), of: input.attend(rows),
                rows: rows)
        }
        let whole = gradient(0..<100), first = gradient(0..<37), second = gradient(37..<100)
        #expect(firstDifference(first.queries + second.queries, whole.queries) == nil)
        for part in [\AttentionInput.Gradient.keys, \.values] {
            let sum = second[keyPath: part].enumerated().map { index, slope in
                Double(slope) + (index < first[keyPath: part].count ? Double(first[keyPath: part][index]) : 0)
            }
            #expect(largestDifference(whole[keyPath: part], sum) <= 2e-5)
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
