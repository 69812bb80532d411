import CTinyKernels
import Testing
import TinyTestSupport
import TinyFoundation

@Suite("Products with packed weights")
struct MatrixProductTests {
    private static let types: [ElementType] = [.float32, .bfloat16]
    private static let rowCounts = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 65]
    private static let depths = [0, 1, 7, 255, 256, 257, 600]

    @Test("have the reference's bits at every edge", arguments: types, [false, true])
    func referenceBits(type: ElementType, adding: Bool) {
        for n in [1, 6, 8, 9, 15, 16, 17, 24, 96, 130] {
            for k in Self.depths {
                let panels = Panels(type, n: n, k: k, seed: 1)
                for m in Self.rowCounts where m < 65 || k <= 7 {
                    let x = Panels.Rows(m, k, padding: 3, seed: 2)
                    let before = Panels.Rows(m, n, padding: 5, seed: 3)
                    var expected = before
                    panels.multiply(x, rows: m, into: &expected, adding: adding, on: plainKernels)
                    for set in KernelSet.all {
                        var found = before
                        panels.multiply(x, rows: m, into: &found, adding: adding, on: set.kernels)
                        let difference = firstDifference(found.values, expected.values)
                        #expect(difference == nil, "m \(m), n \(n), k \(k), \(type), adding \(adding), \(set)")
                    }
                }
            }
        }
    }

    @Test("transposed, have the reference's bits at every edge", arguments: types, [false, true])
    func transposedReferenceBits(type: ElementType, adding: Bool) {
        for k in [1, 15, 16, 17, 96, 130] {
            for n in Self.depths {
                let panels = Panels(type, n: n, k: k, seed: 1)
                for m in Self.rowCounts where m < 65 || n <= 7 {
                    compareTransposed(panels, m: m, adding: adding)
                }
            }
        }
        compareTransposed(Panels(type, n: 17, k: 17, seed: 1), m: 257, adding: adding)  // past a block of 256 rows
    }

    private func compareTransposed(_ panels: Panels, m: Int, adding: Bool) {
        let dy = Panels.Rows(m, panels.n, padding: 3, seed: 2)
        let before = Panels.Rows(m, panels.k, padding: 5, seed: 3)
        var expected = before
        panels.multiplyTransposed(dy, rows: m, into: &expected, adding: adding, on: plainKernels)
        for set in KernelSet.all {
            var found = before
            panels.multiplyTransposed(dy, rows: m, into: &found, adding: adding, on: set.kernels)
            let difference = firstDifference(found.values, expected.values)
            let place = "m \(m), n \(panels.n), k \(panels.k), \(panels.type), adding \(adding), \(set)"
            #expect(difference == nil, "\(place)")
        }
    }

    /// A sum of K terms passes through at most K roundings, each a relative error of at most 2⁻²⁴ of a partial sum, and no
    /// partial sum exceeds Σ|x||w| (Higham, Accuracy and Stability of Numerical Algorithms, §3.1).
    @Test("err by at most K · 2⁻²⁴ · Σ|x||w|", arguments: types, [1, 20, 300, 700])
    func accuracy(type: ElementType, depth: Int) {
        let m = 7, n = 33
        let panels = Panels(type, n: n, k: depth, seed: 4), turned = Panels(type, n: depth, k: n, seed: 5)
        let x = Panels.Rows(m, depth, padding: 0, seed: 6)
        var y = Panels.Rows(m, n, padding: 0, seed: 7), dx = y
        panels.multiply(x, rows: m, into: &y)
        turned.multiplyTransposed(x, rows: m, into: &dx)
        for row in 0..<m {
            for column in 0..<n {
                check(y.values[row * n + column], depth, "row \(row), output \(column), k \(depth), \(type)") {
                    (x.values[row * depth + $0], panels.weights[column * depth + $0])
                }
                check(dx.values[row * n + column], depth, "row \(row), input \(column), n \(depth), \(type)") {
                    (x.values[row * depth + $0], turned.weights[$0 * n + column])
                }
            }
        }
    }

    private func check(_ found: Float, _ depth: Int, _ place: String, _ factors: (Int) -> (Float, Float)) {
        var exact = 0.0, size = 0.0
        for term in 0..<depth {
            let (a, b) = factors(term)
            exact += Double(a) * Double(b)
            size += (Double(a) * Double(b)).magnitude
        }
        #expect((Double(found) - exact).magnitude <= Double(depth) * 0x1p-24 * size, "\(place)")
    }

    @Test("give a row the same bits whatever is computed beside it", arguments: types)
    func rowIndependence(type: ElementType) {
        let n = 33, k = 270, most = 70
        let panels = Panels(type, n: n, k: k, seed: 8), turned = Panels(type, n: k, k: n, seed: 9)
        let x = Panels.Rows(most, k, padding: 0, seed: 10)
        var all = Panels.Rows(most, n, padding: 0, seed: 11), allTurned = all
        panels.multiply(x, rows: most, into: &all)
        turned.multiplyTransposed(x, rows: most, into: &allTurned)
        for m in 1...most {
            var some = Panels.Rows(m, n, padding: 0, seed: 12), someTurned = some
            panels.multiply(x, rows: m, into: &some)
            turned.multiplyTransposed(x, rows: m, into: &someTurned)
            #expect(firstDifference(some.values, Array(all.values.prefix(m * n))) == nil, "\(m) rows, \(type)")
            #expect(
                firstDifference(someTurned.values, Array(allTurned.values.prefix(m * n))) == nil, "\(m) rows, \(type)")
        }
    }

    @Test("give the same bits however the outputs are divided", arguments: types, [1, 4, 9])
    func outputIndependence(type: ElementType, rows: Int) {
        let n = 131, k = 75
        let panels = Panels(type, n: n, k: k, seed: 13)
        let x = Panels.Rows(rows, k, padding: 0, seed: 14), dy = Panels.Rows(rows, n, padding: 0, seed: 14)
        var all = Panels.Rows(rows, n, padding: 0, seed: 15), allTurned = Panels.Rows(rows, k, padding: 0, seed: 16)
        panels.multiply(x, rows: rows, into: &all)
        panels.multiplyTransposed(dy, rows: rows, into: &allTurned)
        for split in stride(from: 16, to: n, by: 16) {
            var right = Panels.Rows(rows, n - split, padding: 0, seed: 17)
            panels.multiply(x, rows: rows, into: &right, outputs: split..<n)
            let expected = (0..<rows).flatMap { all.values[$0 * n + split..<($0 + 1) * n] }
            #expect(firstDifference(right.values, expected) == nil, "outputs from \(split), \(rows) rows, \(type)")
        }
        for split in stride(from: 16, to: k, by: 16) {
            var parts = Panels.Rows(rows, k, padding: 0, seed: 18)
            panels.multiplyTransposed(dy, rows: rows, into: &parts, columns: split..<k)
            panels.multiplyTransposed(dy, rows: rows, into: &parts, columns: 0..<split)
            #expect(firstDifference(parts.values, allTurned.values) == nil, "inputs at \(split), \(rows) rows, \(type)")
        }
    }
}
