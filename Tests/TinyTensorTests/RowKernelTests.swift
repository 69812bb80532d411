import CTinyKernels
import Foundation
import Testing
import TinyTestSupport

@Suite("Kernels on rows")
struct RowKernelTests {
    private static let widths = [1, 7, 8, 9, 15, 16, 17, 31, 33, 100]
    private let rows = 3

    @Test("RMSNorm and its gradient have the reference's bits", arguments: widths)
    func norm(columns: Int) {
        let count = rows * columns
        let x = gaussian(count, seed: 1), w = gaussian(columns, seed: 2), dy = gaussian(count, seed: 3)
        var y = [Float](repeating: 0, count: count), expectedY = y
        var scale = [Float](repeating: 0, count: rows), expectedScale = scale
        plainKernels.rmsnorm(&expectedY, &expectedScale, x, w, rows, columns, 1e-6)
        let before = gaussian(count, seed: 4)
        var expectedDx = before
        plainKernels.rmsnorm_backward(&expectedDx, dy, x, w, expectedScale, rows, columns)
        for set in KernelSet.all {
            set.kernels.rmsnorm(&y, &scale, x, w, rows, columns, 1e-6)
            #expect(firstDifference(y, expectedY) == nil, "\(set)")
            #expect(firstDifference(scale, expectedScale) == nil, "\(set)")

            var dx = before
            set.kernels.rmsnorm_backward(&dx, dy, x, w, scale, rows, columns)
            #expect(firstDifference(dx, expectedDx) == nil, "\(set)")
        }
    }

    @Test("rounding to bf16 has the reference's bits, special numbers included", arguments: widths)
    func rounding(columns: Int) {
        let special: [Float] = [
            0, -0.0, .infinity, -.infinity, .nan, -.nan, .leastNonzeroMagnitude, Float(bitPattern: 0x8040_0000),
            0x1p-126, Float(bitPattern: 0x007F_FFFF),
            .greatestFiniteMagnitude, 1 + 0x1p-8, 1 + 0x1p-7 + 0x1p-8, -1 - 0x1p-8, 1 + 0x1.8p-8,
        ]
        var x = gaussian(rows * columns, seed: 9)
        for (index, value) in special.enumerated() where 2 * index < x.count { x[2 * index] = value }
        let stride = (columns + 31) / 32 * 32
        func rounded(_ kernels: tk_kernels) -> [UInt16] {
            var halves = [UInt16](repeating: 0xFFFF, count: rows * stride)
            x.withUnsafeBufferPointer { x in
                let input = tk_input(data: x.baseAddress, rows: rows, columns: columns, stride: columns)
                kernels.round(&halves, stride, input)
            }
            return halves
        }
        let expected = rounded(plainKernels)
        for set in KernelSet.all { #expect(rounded(set.kernels) == expected, "\(set)") }
    }

    @Test("SwiGLU and its gradient have the reference's bits", arguments: widths)
    func gatedActivation(columns: Int) {
        let gateUp = gaussian(rows * 2 * columns, seed: 5, deviation: 3), dy = gaussian(rows * columns, seed: 6)
        var y = [Float](repeating: 0, count: rows * columns), expectedY = y
        plainKernels.swiglu(&expectedY, gateUp, rows, columns)
        var gradient = [Float](repeating: 0, count: gateUp.count), expected = gradient
        plainKernels.swiglu_backward(&expected, dy, gateUp, rows, columns)
        for set in KernelSet.all {
            set.kernels.swiglu(&y, gateUp, rows, columns)
            #expect(firstDifference(y, expectedY) == nil, "\(set)")

            var inPlace = gateUp
            set.kernels.swiglu_backward(&gradient, dy, gateUp, rows, columns)
            inPlace.withUnsafeMutableBufferPointer {
                set.kernels.swiglu_backward($0.baseAddress, dy, $0.baseAddress, rows, columns)
            }
            #expect(firstDifference(gradient, expected) == nil, "\(set)")
            #expect(firstDifference(inPlace, expected) == nil, "\(set), written over its input")
        }
    }

    /// About ten roundings of 6e-8 each separate the kernels from exact arithmetic on numbers of size 1 to 10.
    private let tolerance = 1e-5

    @Test("RMSNorm and its gradients are those of the formula")
    func normFormula() {
        let columns = 19, count = rows * columns
        let x = gaussian(count, seed: 1), w = gaussian(columns, seed: 2), dy = gaussian(count, seed: 3)
        func formula(_ x: [Double], _ w: [Double]) -> [Double] {
            (0..<rows).flatMap { row in
                let part = x[row * columns..<(row + 1) * columns]
                let scale = 1 / (part.reduce(0) { $0 + $1 * $1 } / Double(columns) + Double(Float(1e-6))).squareRoot()
                return zip(part, w).map { $0 * scale * $1 }
            }
        }
        var y = [Float](repeating: 0, count: count), scale = [Float](repeating: 0, count: rows)
        activeKernels.rmsnorm(&y, &scale, x, w, rows, columns, 1e-6)
        #expect(largestDifference(y, formula(x.map(Double.init), w.map(Double.init))) <= tolerance)

        var dx = [Float](repeating: 0, count: count), dw = [Float](repeating: 0, count: columns)
        activeKernels.rmsnorm_backward(&dx, dy, x, w, scale, rows, columns)
        tk_rmsnorm_weight_backward(&dw, dy, x, scale, rows, columns)
        let exactDx = slopes(at: x, weights: dy) { formula($0, w.map(Double.init)) }
        let exactDw = slopes(at: w, weights: dy) { formula(x.map(Double.init), $0) }
        #expect(largestDifference(dx, exactDx) <= tolerance)
        #expect(largestDifference(dw, exactDw) <= tolerance)
    }

    @Test("SwiGLU and its gradient are those of the formula")
    func gatedFormula() {
        let columns = 11
        let gateUp = gaussian(rows * 2 * columns, seed: 5, deviation: 3), dy = gaussian(rows * columns, seed: 6)
        func formula(_ x: [Double]) -> [Double] {
            (0..<rows * columns).map { index in
                let gate = index / columns * 2 * columns + index % columns
                return x[gate] / (1 + exp(-x[gate])) * x[gate + columns]
            }
        }
        var y = [Float](repeating: 0, count: rows * columns), gradient = [Float](repeating: 0, count: gateUp.count)
        activeKernels.swiglu(&y, gateUp, rows, columns)
        activeKernels.swiglu_backward(&gradient, dy, gateUp, rows, columns)
        #expect(largestDifference(y, formula(gateUp.map(Double.init))) <= tolerance)
        #expect(largestDifference(gradient, slopes(at: gateUp, weights: dy, of: formula)) <= tolerance)
    }

    @Test("rotation turns each half-pair by its angle and back again")
    func rotary() {
        let heads = 3, width = 6, angles = [0.3, -1.1, 2.5]
        let cosine = angles.map { Float(cos($0)) }, sine = angles.map { Float(sin($0)) }
        let x = gaussian(heads * width, seed: 7)
        var turned = x
        tk_rotary(&turned, cosine, sine, heads, width, 0)
        let expected = (0..<heads * width).map { index in
            let pair = index % width % 3, first = Double(x[index / width * width + pair])
            let second = Double(x[index / width * width + pair + 3]), angle = angles[pair]
            return index % width < 3
                ? first * cos(angle) - second * sin(angle) : second * cos(angle) + first * sin(angle)
        }
        #expect(largestDifference(turned, expected) <= 1e-6)
        tk_rotary(&turned, cosine, sine, heads, width, 1)
        #expect(largestDifference(turned, x.map(Double.init)) <= 1e-6)
    }

    @Test("low-rank products add their terms in the promised order", arguments: [1, 2, 3, 4, 5, 7, 8, 11, 16])
    func lowRank(rank: Int) {
        let columns = 29, ldy = columns + 2, lds = rank + 1
        let s = gaussian(rows * lds, seed: 8), b = gaussian(rank * columns, seed: 9)
        let before = gaussian(rows * ldy, seed: 10), r = gaussian(rank * rank, seed: 11)
        var expected = before
        for row in 0..<rows {
            for column in 0..<columns {
                for j in 0..<rank { expected[row * ldy + column].addProduct(s[row * lds + j], b[j * columns + column]) }
            }
        }
        for set in KernelSet.all {
            var y = before
            set.kernels.expand(&y, ldy, s, lds, b, columns, rows, columns, rank)
            #expect(firstDifference(y, expected) == nil, "\(set)")
        }

        for transposed in [false, true] {
            var mixed = [Float](repeating: 7, count: rows * lds), sums = mixed
            tk_mix(&mixed, lds, s, lds, r, rows, rank, transposed ? 1 : 0)
            for row in 0..<rows {
                for i in 0..<rank {
                    var sum: Float = 0
                    for j in 0..<rank {
                        let factor = r[transposed ? j * rank + i : i * rank + j]
                        sum += factor * s[row * lds + j]
                    }
                    sums[row * lds + i] = sum
                }
            }
            #expect(firstDifference(mixed, sums) == nil, "transposed \(transposed)")
        }

        let ds = gaussian(rows * lds, seed: 12)
        var gradient = r, sum = r
        tk_mix_gradient(&gradient, ds, lds, s, lds, rows, rank)
        for row in 0..<rows {
            for entry in 0..<rank * rank {
                sum[entry] += ds[row * lds + entry / rank] * s[row * lds + entry % rank]
            }
        }
        #expect(firstDifference(gradient, sum) == nil)
    }

    @Test(
        "outer products are a chain over the rows",
        arguments: [1, 2, 3, 4, 5, 8, 9], [1, 7, 8, 9, 15, 16, 17, 40])
    func outerProduct(height: Int, columns: Int) {
        let rows = 11, lds = height + 1, ldx = columns + 3, ldg = columns + 2
        let s = gaussian(rows * lds, seed: 15), x = gaussian(rows * ldx, seed: 16)
        let before = gaussian(height * ldg, seed: 17)
        var expected = before
        for i in 0..<height {
            for column in 0..<columns {
                var sum: Float = 0
                for row in 0..<rows { sum.addProduct(s[row * lds + i], x[row * ldx + column]) }
                expected[i * ldg + column] += sum
            }
        }
        for set in KernelSet.all {
            var gradient = before
            set.kernels.outer(&gradient, ldg, s, lds, x, ldx, rows, height, columns)
            #expect(firstDifference(gradient, expected) == nil, "\(set)")
        }
    }

    @Test("sums over rows and biases leave the gaps between rows alone")
    func sums() {
        let columns = 13, stride = 15
        let x = gaussian(rows * stride, seed: 13), bias = gaussian(columns, seed: 14)
        var sum = bias, expected = bias, shifted = x, expectedShifted = x
        tk_sum_rows(&sum, x, stride, rows, columns)
        tk_add_bias(&shifted, stride, bias, rows, columns)
        for row in 0..<rows {
            for column in 0..<columns {
                expected[column] += x[row * stride + column]
                expectedShifted[row * stride + column] += bias[column]
            }
        }
        #expect(firstDifference(sum, expected) == nil)
        #expect(firstDifference(shifted, expectedShifted) == nil)
    }
}

/// The gradient of `Σ weights · formula` at `x`, by central differences in double precision: good to about 1e-9.
func slopes(at x: [Float], weights: [Float], of formula: ([Double]) -> [Double]) -> [Double] {
    let step = 1e-5
    func objective(_ x: [Double]) -> Double { zip(weights, formula(x)).reduce(0) { $0 + Double($1.0) * $1.1 } }
    return x.indices.map { index in
        var point = x.map(Double.init)
        point[index] += step
        let above = objective(point)
        point[index] -= 2 * step
        return (above - objective(point)) / (2 * step)
    }
}
