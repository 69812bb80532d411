import Testing
import TinyAdapter
import TinyCheckpoint
import TinyModel
import TinyTensor
import TinyFoundation

@Suite("Smallest and random directions")
struct SubspaceTests {
    private let stream = RandomStream(.factorisation, seed: 0)

    private func smallest(_ matrix: [Float], _ outputs: Int, _ inputs: Int, _ count: Int) throws -> SingularTriplets {
        try smallestSingularTriplets(
            of: PackedMatrix(floats: matrix, outputs: outputs, inputs: inputs), count: count, stream: stream)
    }

    /// Every singular value and right vector of a matrix, largest first.
    private func all(_ matrix: [Float], _ outputs: Int, _ inputs: Int) -> SmallSVD {
        SmallSVD(columns: (0..<inputs).map { column in (0..<outputs).map { Double(matrix[$0 * inputs + column]) } })
    }

    private func vectors(_ interleaved: [Float], _ count: Int) -> [[Double]] {
        (0..<count).map { index in
            stride(from: index, to: interleaved.count, by: count).map { Double(interleaved[$0]) }
        }
    }

    private func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    /// The largest entry of `|Vᵀ V - 1|`.
    private func skewness(_ vectors: [[Double]]) -> Double {
        vectors.indices.flatMap { i in
            (0...i).map { j in (product(vectors[i], vectors[j]) - (i == j ? 1 : 0)).magnitude }
        }.max() ?? 0
    }

    @Test(
        "the smallest triplets are those of the full decomposition",
        arguments: [(24, 24), (40, 24), (24, 40), (90, 30), (64, 64), (8, 3)], [1, 2, 3])
    func agreesWithFullDecomposition(shape: (Int, Int), count: Int) throws {
        let (outputs, inputs) = shape, size = min(outputs, inputs)
        let matrix = gaussian(outputs * inputs, seed: 4), full = all(matrix, outputs, inputs)
        let found = try smallest(matrix, outputs, inputs, count)
        let left = vectors(found.left, count), right = vectors(found.right, count)
        #expect(found.values == found.values.sorted(), "smallest first")
        for index in 0..<count {
            let exact = full.values[size - 1 - index]
            #expect((Double(found.values[index]) - exact).magnitude <= 1e-6 * full.values[0], "value \(index)")
            #expect(product(right[index], full.right[size - 1 - index]).magnitude > 1 - 1e-6, "vector \(index)")
            #expect(product(left[index], full.left[size - 1 - index]).magnitude > 1 - 1e-5, "left vector \(index)")
        }
        #expect(skewness(left) < 1e-6 && skewness(right) < 1e-6)
    }

    @Test(
        "values that crowd together at the edge of a wide matrix are told apart", arguments: [(100, 400), (400, 100)])
    func crowded(outputs: Int, inputs: Int) throws {
        let matrix = gaussian(outputs * inputs, seed: 5), full = all(matrix, outputs, inputs)
        let found = try smallest(matrix, outputs, inputs, 4)
        for index in 0..<4 {
            let exact = full.values[99 - index]
            #expect((Double(found.values[index]) - exact).magnitude <= 1e-6 * exact)
        }
    }

    @Test("a singular matrix has values of 0 and orthonormal right vectors", arguments: [(12, 20), (20, 12)])
    func singular(outputs: Int, inputs: Int) throws {
        // Rank 9: three of twelve values are zero.
        let a = gaussian(outputs * 9, seed: 1), b = gaussian(9 * inputs, seed: 2)
        let matrix = (0..<outputs * inputs).map { place in
            (0..<9).reduce(Float(0)) { $0 + a[place / inputs * 9 + $1] * b[$1 * inputs + place % inputs] }
        }
        let found = try smallest(matrix, outputs, inputs, 4)
        #expect(found.values[..<3].allSatisfy { $0 < 1e-5 } && found.values[3] > 0.1)
        #expect(skewness(vectors(found.right, 4)) < 1e-6)
        let zeros = try smallest([Float](repeating: 0, count: outputs * inputs), outputs, inputs, 2)
        #expect(zeros.values == [0, 0] && zeros.left.allSatisfy { $0 == 0 })
        #expect(skewness(vectors(zeros.right, 2)) < 1e-6)
    }

    @Test("NaN and infinity are refused", arguments: [Float.nan, .infinity])
    func notFinite(value: Float) {
        var matrix = gaussian(30 * 20, seed: 1)
        matrix[77] = value
        let error = #expect(throws: AdapterError.self) { try smallest(matrix, 30, 20, 2) }
        #expect(error?.code == .factorisationFailed)
    }

    @Test("random directions are orthonormal and have the given values")
    func random() {
        let packed = PackedMatrix(floats: gaussian(30 * 20, seed: 1), outputs: 30, inputs: 20)
        let found = randomTriplets(of: packed, count: 4, stream: stream, values: [4, 3, 2, 1])
        #expect(found.values == [4, 3, 2, 1])
        #expect(skewness(vectors(found.left, 4)) < 1e-6 && skewness(vectors(found.right, 4)) < 1e-6)
        let other = randomTriplets(
            of: packed, count: 4, stream: RandomStream(.factorisation, seed: 1), values: [4, 3, 2, 1])
        #expect(other.left != found.left)
    }

    @Test("each subspace of a model has factors of its own, which are cached apart")
    func ofModel() throws {
        let directory = try TemporaryDirectory(), checkpoint = try writeModel(to: directory.path + "/model")
        let cache = FactorCache(directory: directory.path + "/cache")
        func factors(_ subspace: FrozenSubspace, seed: UInt64, _ computed: Counter) throws -> [[Float]] {
            let design = TinyLoRADesign(
                plan: try AdapterPlan.resolving(parameters: 1, modules: checkpoint.configuration.modules), seed: seed,
                subspace: subspace)
            let basis = try design.prepared(
                AdapterPreparation(
                    checkpoint: checkpoint, cache: cache, progress: { done, _ in if done > 0 { computed.add() } }))
            return try #require(basis as? TinyLoRAMethod).factors.factors.map { $0.a + $0.b }
        }
        var seen: [[[Float]]] = []
        let choices: [(FrozenSubspace, UInt64)] = [(.top, 1), (.bottom, 1), (.random, 1), (.random, 2)]
        for (subspace, seed) in choices {
            let first = Counter(), second = Counter()
            let found = try factors(subspace, seed: seed, first)
            #expect(try factors(subspace, seed: seed, second) == found)
            #expect(first.count == 14 && second.count == 0, "\(subspace)")
            #expect(!seen.contains(found))
            seen.append(found)
        }
    }
}
