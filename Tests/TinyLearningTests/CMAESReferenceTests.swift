import Foundation
import Testing
import TinyRecords
import TinyLearning
import TinyFoundation

/// CMA-ES beside Hansen's own programs; Scripts/make_evolution_fixtures.py says how the numbers were made.
@Suite struct CMAESReferenceTests {
    @Test("constants are the tutorial's, and pycma's where that follows it", arguments: 0..<2)
    func constants(index: Int) throws {
        let recorded = try Recorded.load().cases[index]
        let found = CMAESConstants(numbers: recorded.numbers, populationSize: recorded.populationSize)
        // Each is made by about λ + 10 operations on numbers of its own size.
        let bound = Double(recorded.populationSize + 10) * 0x1p-52
        func agrees(_ found: Double, _ expected: Double) -> Bool { abs(found - expected) <= bound * abs(expected) }
        for expected in [recorded.constants, recorded.pycma] {
            #expect(found.weights.count == expected.weights.count)
            for (a, b) in zip(found.weights, expected.weights) { #expect(agrees(a, b)) }
            #expect(agrees(found.muEffective, expected.muEffective))
            #expect(agrees(found.cC, expected.cC) && agrees(found.c1, expected.c1) && agrees(found.cMu, expected.cMu))
            if let cSigma = expected.cSigma { #expect(agrees(found.cSigma, cSigma)) }
            if let dSigma = expected.dSigma { #expect(agrees(found.dSigma, dSigma)) }
        }
    }

    @Test("given the same deviates, populations and states follow pycma's", arguments: 0..<2)
    func trajectory(index: Int) throws {
        let recorded = try Recorded.load().cases[index]
        var settings = EvolutionSettings()
        settings.sigma = recorded.sigma
        settings.populationSize = recorded.populationSize
        let strategy = try CMAES(settings, count: recorded.numbers, seed: 1)
        var state = strategy.startingState(at: recorded.start.map { Float($0) })
        state.buffers["mean"] = recorded.start
        for (number, generation) in recorded.generations.enumerated() {
            let population = try strategy.population(drawing: generation.z, from: state)
            state = try strategy.tell(generation.fitness, of: population, from: state, learningRate: 1).state
            // Rounding of a generation, a few hundred units in the last place, carried on by a matrix of condition ≤ 1e3.
            let bound = 1e-11
            #expect(largest(state.buffers["mean"], generation.mean) < bound, "generation \(number)")
            #expect(largest(state.buffers["step_size"], [generation.sigma]) < bound, "generation \(number)")
            let triangle = generation.covariance.enumerated().flatMap { Array($0.element[$0.offset...]) }
            let size = triangle.map(abs).max() ?? 1
            #expect(largest(state.buffers["covariance"], triangle) < bound * size, "generation \(number)")
        }
    }

    private func largest(_ a: [Double]?, _ b: [Double]) -> Double {
        guard let a, a.count == b.count else { return .infinity }
        return zip(a, b).map { abs($0 - $1) }.max() ?? 0
    }

    struct Recorded: Decodable {
        let cases: [Case]

        struct Case: Decodable {
            let numbers: Int, populationSize: Int, start: [Double], sigma: Double
            let constants: Constants, pycma: Constants
            let generations: [Generation]

            enum CodingKeys: String, CodingKey {
                case numbers, start, sigma, constants, pycma, generations
                case populationSize = "population_size"
            }
        }

        struct Constants: Decodable {
            let weights: [Double], muEffective: Double, cC: Double, c1: Double, cMu: Double
            let cSigma: Double?, dSigma: Double?

            enum CodingKeys: String, CodingKey {
                case weights
                case muEffective = "mu_eff"
                case cC = "c_c"
                case c1 = "c_1"
                case cMu = "c_mu"
                case cSigma = "c_sigma"
                case dSigma = "d_sigma"
            }
        }

        struct Generation: Decodable {
            let z: [[Double]], fitness: [Double], mean: [Double], sigma: Double, covariance: [[Double]]
        }

        static func load() throws -> Self {
            let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Fixtures/TinyLearning/cma.json")
            return try JSONDecoder().decode(Self.self, from: Data(contentsOf: file))
        }
    }
}

/// The decomposition under CMA-ES.
@Suite struct SymmetricEigenTests {
    @Test("values and vectors rebuild the matrix, and the vectors are orthogonal", arguments: [1, 2, 3, 4, 13, 40])
    func rebuilds(count: Int) {
        var stream = RandomStream(.initialisation, seed: UInt64(count))
        var matrix = [Double](repeating: 0, count: count * count)
        for i in 0..<count {
            for j in i..<count {
                // Sizes that differ by powers of ten, and rows that are nearly uncoupled.
                let value = stream.normal() * (i == j ? 1 : 0.3) * (i % 3 == 2 ? 1e-9 : 1)
                matrix[i * count + j] = value
                matrix[j * count + i] = value
            }
        }
        let eigen = SymmetricEigen(count: count, rows: matrix)
        let vectors = (0..<count).map { Array(eigen.vector($0)) }
        let size = eigen.values.map(abs).max() ?? 1
        // Householder and QL are backward stable: a small multiple of n units in the last place of the largest value.
        let bound = 20 * Double(count) * 0x1p-52
        for i in 0..<count {
            for j in 0..<count {
                let rebuilt = (0..<count).reduce(0.0) { $0 + eigen.values[$1] * vectors[$1][i] * vectors[$1][j] }
                #expect(abs(rebuilt - matrix[i * count + j]) <= bound * size, "at \(i), \(j)")
                let product = zip(vectors[i], vectors[j]).reduce(0.0) { $0 + $1.0 * $1.1 }
                #expect(abs(product - (i == j ? 1 : 0)) <= bound, "vectors \(i), \(j)")
            }
        }
    }

    @Test("matrices that are diagonal, zero or of one value come out exactly")
    func exactCases() {
        #expect(SymmetricEigen(count: 3, rows: [2, 0, 0, 0, -1, 0, 0, 0, 5]).values == [2, -1, 5])
        #expect(SymmetricEigen(count: 2, rows: [0, 0, 0, 0]).values == [0, 0])
        #expect(SymmetricEigen(count: 0, rows: []).values.isEmpty)
        let ones = SymmetricEigen(count: 4, rows: [Double](repeating: 1, count: 16)).values.sorted()
        #expect(abs(ones[3] - 4) < 1e-14 && ones[..<3].allSatisfy { abs($0) < 1e-14 })
    }
}
