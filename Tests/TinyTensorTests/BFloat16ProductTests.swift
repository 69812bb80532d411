import CTinyKernels
import Foundation
import Testing
import TinyTensor
import TinyTestSupport

@Suite("Products of the bfloat16 arithmetic")
struct BFloat16ProductTests {
    /// Numbers that meet every edge of the arithmetic.
    enum Scale: String, CaseIterable, Sendable {
        case ordinary
        case wide
        /// Products around the smallest normal number, 2⁻¹²⁶.
        case smallest
        /// Sums that come to lie between 2⁻¹²⁶ and the number before it, where ARM and x86 flush to zero by different rules.
        case edge
        /// Subnormal numbers among others.
        case subnormal
        /// Sums that overflow.
        case huge

        func numbers(_ count: Int, seed: UInt64) -> [Float] {
            let size = noise(count, seed: seed), shift = noise(count, seed: seed + 100)
            return zip(size, shift).map { size, shift in
                func scaled(_ exponent: Double) -> Float { size * Float(exp2(exponent)) }
                return switch self {
                case .ordinary: size
                case .wide: scaled(30 * Double(shift))
                case .smallest: scaled(-63 + Double(shift))
                case .edge: shift < 0 ? (size < 0 ? -0x1p-63 : 0x1p-63) : scaled(-75)
                case .subnormal: scaled(-100 + 35 * Double(shift))
                case .huge: scaled(64 + 63 * Double(shift))
                }
            }
        }
    }

    private static let rowCounts = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 17, 31, 32, 33, 48, 49, 67]

    @Test("have the plain kernels' bits at every edge", arguments: Scale.allCases, [false, true])
    func plainBits(scale: Scale, adding: Bool) {
        for (n, k) in [
            (1, 1), (15, 31), (16, 32), (17, 33), (33, 63), (48, 64), (100, 96), (31, 257), (65, 300), (16, 0),
            (40, 700),  // from 17 rows on, more terms than are widened at once
        ] {
            let panels = BFloat16Panels(scale.numbers(n * k, seed: 1), n: n, k: k)
            for m in Self.rowCounts where m < 17 || (n * k).isMultiple(of: 32) {
                let x = BFloat16Rows(scale.numbers(m * k, seed: 2), rows: m, columns: k)
                let dy = BFloat16Rows(scale.numbers(m * n, seed: 3), rows: m, columns: n)
                let y = scale.numbers(m * n, seed: 4), dx = scale.numbers(m * k, seed: 5)
                let expected = panels.multiply(x, into: y, adding: adding, on: plainKernels)
                let turned = panels.multiplyTransposed(dy, into: dx, adding: adding, on: plainKernels)
                for set in KernelSet.all {
                    let place = "m \(m), n \(n), k \(k), \(set)"
                    let found = panels.multiply(x, into: y, adding: adding, on: set.kernels)
                    #expect(difference(found, expected) == nil, "\(place)")
                    let foundTurned = panels.multiplyTransposed(dy, into: dx, adding: adding, on: set.kernels)
                    #expect(difference(foundTurned, turned) == nil, "\(place), transposed")
                }
            }
        }
    }

    /// The bits of a NaN are open.
    private func difference(_ found: [Float], _ expected: [Float]) -> String? {
        func plain(_ x: Float) -> Float { x.isNaN ? .nan : x }
        return firstDifference(found.map(plain), expected.map(plain))
    }

    /// One even chain: `first`, then `second`; the odd one is zero.
    private func chain(_ first: (Float, Float), _ second: (Float, Float), on kernels: tk_kernels) -> Float {
        let x = BFloat16Rows([first.0, 0, second.0], rows: 1, columns: 3)
        let panels = BFloat16Panels([first.1, 0, second.1], n: 1, k: 3)
        return panels.multiply(x, into: [0], adding: false, on: kernels)[0]
    }

    @Test("flush a result that is too small after rounding, and keep one that rounds up to the smallest")
    func smallestNumbers() {
        let smallest: (Float, Float) = (0x1p-63, 0x1p-63)
        for set in KernelSet.all {
            func sum(_ first: (Float, Float), _ second: (Float, Float)) -> Float {
                chain(first, second, on: set.kernels)
            }
            #expect(sum(smallest, (0, 0)) == 0x1p-126, "\(set)")
            #expect(sum(smallest, (-0x1p-75, 0x1p-77)) == 0x1p-126, "\(set): 2^-126 - 2^-152 rounds up")
            #expect(sum(smallest, (-0x1p-75, 0x1p-76)) == 0x1p-126, "\(set): halfway, to the even one")
            #expect(sum(smallest, (-0x1.02p-75, 0x1p-76)) == 0, "\(set): just below halfway")
            #expect(sum(smallest, (-0x1p-75, 0x1p-75)) == 0, "\(set): 2^-126 - 2^-150")
            #expect(sum(smallest, (-0x1p-75, 0x1p-74)) == 0, "\(set): an exact subnormal number")
            #expect(sum((0x1p-63, 0x1p-64), (0x1p-63, 0x1p-64)) == 0, "\(set): both halves are flushed")
            #expect(sum((0x1p-127, 0x1p100), (0, 0)) == 0, "\(set): a subnormal input")
            #expect(sum((-0x1p-127, 0x1p100), (1, 1)) == 1, "\(set): a subnormal input")
        }
    }

    @Test("follow the order of AMX")
    func order() {
        // 1 + 2⁻²⁴ is 1: three such terms stay apart in a chain, and add up where they are alone.
        let small: Float = 0x1p-24
        func sum(_ x: [Float], on set: KernelSet) -> Float {
            let panels = BFloat16Panels([Float](repeating: 1, count: x.count), n: 1, k: x.count)
            return panels.multiply(
                BFloat16Rows(x, rows: 1, columns: x.count), into: [0], adding: false, on: set.kernels)[0]
        }
        let zeros = [Float](repeating: 0, count: 31)
        for set in KernelSet.all {
            #expect(sum([1, 0, small, 0, small], on: set) == 1, "\(set): one chain of even terms")
            #expect(sum([1, small, 0, small], on: set) == 1 + 2 * small, "\(set): the odd terms have their own")
            #expect(sum([1] + zeros + [small, small], on: set) == 1 + 2 * small, "\(set): a block begins at 0")
            #expect(sum([1] + zeros + [small] + zeros + [small], on: set) == 1, "\(set): blocks are added one by one")
        }
    }

    @Test("leave the processor's mode as it was")
    func mode() {
        let x = BFloat16Rows([1], rows: 1, columns: 1), panels = BFloat16Panels([1], n: 1, k: 1)
        for set in KernelSet.all {
            #expect(panels.multiply(x, into: [0], adding: false, on: set.kernels) == [1])
            let half = [Float](repeating: 0.5, count: 3).map { $0 * Float.leastNormalMagnitude }
            #expect(half.allSatisfy { $0 != 0 }, "\(set)")
        }
    }

    @Test("round activations to the nearest, ties to even, subnormal numbers to zero")
    func rounding() {
        let cases: [(Float, UInt16)] = [
            (1, 0x3F80), (0x1.01p0, 0x3F80), (0x1.03p0, 0x3F82), (0x1.010002p0, 0x3F81), (-0x1.03p0, 0xBF82), (0, 0),
            (-0.0, 0x8000), (0x1p-126, 0x0080), ((0x1p-126 as Float).nextDown, 0), (-0x1p-130, 0x8000),
            (.greatestFiniteMagnitude, 0x7F80), (.infinity, 0x7F80), (-.infinity, 0xFF80), (.nan, 0x7FC0),
            (Float(bitPattern: 0x7FFF_FFFF), 0x7FC0),
        ]
        for (value, bits) in cases {
            let rows = BFloat16Rows([value], rows: 1, columns: 1)
            #expect(rows.bits[0] == bits, "\(value)")
            #expect(rows.bits[1..<32].allSatisfy { $0 == 0 }, "zeros behind the last column")
        }
    }

    @Test("give a row the same bits whatever is computed beside it and however the outputs are divided")
    func independence() {
        let n = 131, k = 75, most = 50
        let panels = BFloat16Panels(noise(n * k, seed: 8), n: n, k: k), numbers = noise(most * k, seed: 9)
        for set in KernelSet.all {
            let x = BFloat16Rows(numbers, rows: most, columns: k), zeros = [Float](repeating: 0, count: most * n)
            let all = panels.multiply(x, into: zeros, adding: false, on: set.kernels)
            for m in [1, 2, 3, 7, 13, 33] {
                let some = panels.multiply(
                    BFloat16Rows(Array(numbers.prefix(m * k)), rows: m, columns: k), into: Array(zeros.prefix(m * n)),
                    adding: false, on: set.kernels)
                #expect(firstDifference(some, Array(all.prefix(m * n))) == nil, "\(m) rows, \(set)")
            }
        }
    }

    /// K roundings of products and sums (Higham §3.1), of rounded activations.
    @Test(
        "of a packed matrix are exact to K · 2⁻²⁴ and the same on any number of threads",
        arguments: InstructionSet.available)
    func packedMatrix(set: InstructionSet) {
        let m = 9, n = 333, k = 448
        let weights = noise(n * k, seed: 10).map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }
        let matrix = PackedMatrix(
            bfloat16: weights.map { UInt16($0.bitPattern >> 16) }, outputs: n, inputs: k)
        let values = noise(m * k, seed: 11).map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }
        let x = Matrix(rows: m, columns: k, values: values)
        let results = [1, 3].map { threads in
            let team = WorkerTeam(threads: threads), y = Matrix(rows: m, columns: n), dx = Matrix(rows: m, columns: k)
            defer { team.close() }
            let rounded = RoundedRows(x.view, team: team)
            matrix.multiply(rounded, into: y.view, on: set, team: team)
            matrix.multiplyTransposed(RoundedRows(y.view, team: team), into: dx.view, on: set, team: team)
            return (y.values, dx.values)
        }
        #expect(firstDifference(results[1].0, results[0].0) == nil)
        #expect(firstDifference(results[1].1, results[0].1) == nil)
        for row in 0..<m {
            for output in stride(from: 0, to: n, by: 37) {
                var exact = 0.0, size = 0.0
                for term in 0..<k {
                    let product = Double(values[row * k + term]) * Double(weights[output * k + term])
                    exact += product
                    size += product.magnitude
                }
                let found = Double(results[0].0[row * n + output])
                #expect((found - exact).magnitude <= Double(k) * 0x1p-24 * size, "row \(row), output \(output)")
            }
        }
    }
}
