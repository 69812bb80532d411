import Testing
import TinyAdapter
import TinyTensor
import TinyFoundation

@Suite("Largest singular triplets")
struct SingularTripletsTests {
    private let team = WorkerTeam(threads: 1)

    private func triplets(_ matrix: [Float], _ outputs: Int, _ inputs: Int, _ count: Int) throws -> SingularTriplets {
        let packed = PackedMatrix(floats: matrix, outputs: outputs, inputs: inputs)
        return try largestSingularTriplets(
            of: packed, count: count, stream: RandomStream(.factorisation, seed: 0), team: team)
    }

    /// The largest of `‖W v - σ u‖` and `‖Wᵀ u - σ v‖`, in Double.
    private func residual(_ matrix: [Float], _ outputs: Int, _ inputs: Int, _ found: SingularTriplets) -> Double {
        var largest = 0.0
        for triplet in 0..<found.count {
            let u = (0..<outputs).map { Double(found.left[$0 * found.count + triplet]) }
            let v = (0..<inputs).map { Double(found.right[$0 * found.count + triplet]) }
            let value = Double(found.values[triplet])
            var right = v.map { -value * $0 }
            var left = u.map { -value * $0 }
            for row in 0..<outputs {
                for column in 0..<inputs {
                    let weight = Double(matrix[row * inputs + column])
                    left[row] += weight * v[column]
                    right[column] += weight * u[row]
                }
            }
            largest = max(largest, norm(left), norm(right))
        }
        return largest
    }

    private func norm(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    /// The largest entry of `|Vᵀ V - 1|`, for `[rows, count]`.
    private func skewness(_ vectors: [Float], _ count: Int) -> Double {
        var largest = 0.0
        for i in 0..<count {
            for j in 0...i {
                let product = stride(from: 0, to: vectors.count, by: count).reduce(0.0) {
                    $0 + Double(vectors[$1 + i]) * Double(vectors[$1 + j])
                }
                largest = max(largest, (product - (i == j ? 1 : 0)).magnitude)
            }
        }
        return largest
    }

    /// `rows` orthonormal columns of length `length`, from the small decomposition of a random matrix.
    private func orthonormal(_ count: Int, length: Int, seed: UInt64) -> [[Double]] {
        let random = gaussian(count * length, seed: seed).map { Double($0) }
        return SmallSVD(columns: (0..<count).map { Array(random[$0 * length..<($0 + 1) * length]) }).left
    }

    private func product(_ left: [[Double]], _ values: [Double], _ right: [[Double]]) -> [Float] {
        (0..<left[0].count).flatMap { row in
            (0..<right[0].count).map { column in
                Float(values.indices.reduce(0.0) { $0 + left[$1][row] * values[$1] * right[$1][column] })
            }
        }
    }

    @Test(
        "random matrices, whose singular values crowd together, leave residuals of at most 1e-6",
        arguments: [(896, 896), (128, 896), (1200, 300), (300, 1200), (17, 5)], [1, 2, 4])
    func randomMatrices(shape: (Int, Int), count: Int) throws {
        let (outputs, inputs) = shape
        let matrix = gaussian(outputs * inputs, seed: 5)
        let found = try triplets(matrix, outputs, inputs, count)
        #expect(residual(matrix, outputs, inputs, found) <= 1e-6 * Double(found.values[0]))
        #expect(skewness(found.left, count) < 1e-6 && skewness(found.right, count) < 1e-6)
        #expect(found.values == found.values.sorted(by: >))
    }

    @Test("agrees with all singular values of a small matrix", arguments: [(24, 40), (40, 24), (30, 30)])
    func agreesWithJacobi(outputs: Int, inputs: Int) throws {
        let matrix = gaussian(outputs * inputs, seed: 6)
        let columns = (0..<inputs).map { column in (0..<outputs).map { Double(matrix[$0 * inputs + column]) } }
        let all = SmallSVD(columns: columns)
        for count in [1, 2, 3, 8, 20, 24] {
            let found = try triplets(matrix, outputs, inputs, count)
            for (value, exact) in zip(found.values, all.values) {
                #expect((Double(value) - exact).magnitude <= 1e-6 * exact)
            }
        }
    }

    @Test("finds the values and vectors that a matrix was made of")
    func knownValues() throws {
        let values = (0..<20).map { 10 * Double(sign: .plus, exponent: -$0, significand: 1) }
        let left = orthonormal(20, length: 60, seed: 1), right = orthonormal(20, length: 45, seed: 2)
        let found = try triplets(product(left, values, right), 60, 45, 3)
        for triplet in 0..<3 {
            #expect((Double(found.values[triplet]) - values[triplet]).magnitude <= 1e-6 * values[0])
            let overlap = (0..<45).reduce(0.0) { $0 + right[triplet][$1] * Double(found.right[$1 * 3 + triplet]) }
            #expect(overlap.magnitude > 1 - 1e-6)
        }
    }

    @Test("the entry of v with the largest magnitude is positive")
    func signs() throws {
        for seed in 0..<8 as Range<UInt64> {
            let found = try triplets(gaussian(50 * 30, seed: seed), 50, 30, 3)
            for triplet in 0..<3 {
                let v = (0..<30).map { found.right[$0 * 3 + triplet] }
                #expect(v.max()! == v.map(\.magnitude).max()!)
            }
        }
    }

    @Test("negating a matrix negates only the left vectors")
    func negated() throws {
        let matrix = gaussian(50 * 30, seed: 1)
        let found = try triplets(matrix, 50, 30, 2), negated = try triplets(matrix.map { -$0 }, 50, 30, 2)
        #expect(negated.right == found.right && negated.values == found.values)
        #expect(negated.left == found.left.map { -$0 })
    }

    @Test("a matrix of rank 1 has one value; the right vectors stay orthonormal", arguments: [(20, 30), (30, 20)])
    func rankOne(outputs: Int, inputs: Int) throws {
        let left = orthonormal(1, length: outputs, seed: 1), right = orthonormal(1, length: inputs, seed: 2)
        let found = try triplets(product(left, [3], right), outputs, inputs, 3)
        #expect((found.values[0] - 3).magnitude <= 3e-6 && found.values[1] <= 3e-6)
        #expect(skewness(found.right, 3) < 1e-6)
    }

    @Test("zeros have the value 0 and orthonormal right vectors", arguments: [(6, 9, 2), (9, 6, 6), (1, 1, 1)])
    func zeros(outputs: Int, inputs: Int, count: Int) throws {
        let found = try triplets([Float](repeating: 0, count: outputs * inputs), outputs, inputs, count)
        #expect(found.values == [Float](repeating: 0, count: count))
        #expect(found.left.allSatisfy { $0 == 0 })
        #expect(skewness(found.right, count) < 1e-6)
    }

    @Test("equal values are found as often as they occur")
    func identity() throws {
        let size = 12
        let identity = (0..<size * size).map { Float($0 / size == $0 % size ? 2 : 0) }
        for count in [1, 6, 12] {
            let found = try triplets(identity, size, size, count)
            #expect(found.values.allSatisfy { ($0 - 2).magnitude < 2e-6 } && found.count == count)
            #expect(skewness(found.right, count) < 1e-6 && skewness(found.left, count) < 1e-6)
        }
    }

    @Test("the bits do not depend on the number of threads")
    func threads() throws {
        let matrix = gaussian(600 * 500, seed: 9)
        let packed = PackedMatrix(floats: matrix, outputs: 600, inputs: 500)
        let two = WorkerTeam(threads: 2)
        defer { two.close() }
        let stream = RandomStream(.factorisation, seed: 0)
        let alone = try largestSingularTriplets(of: packed, count: 2, stream: stream, team: team)
        #expect(try largestSingularTriplets(of: packed, count: 2, stream: stream, team: two) == alone)
    }

    @Test("NaN and infinity are refused", arguments: [Float.nan, .infinity, -.infinity])
    func notFinite(value: Float) {
        var matrix = gaussian(30 * 20, seed: 1)
        matrix[77] = value
        let error = #expect(throws: AdapterError.self) { try triplets(matrix, 30, 20, 2) }
        #expect(error?.code == .factorisationFailed)
    }
}
