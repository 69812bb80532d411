import Testing
import TinyAdapter
import TinyModel
import TinyFoundation

@Suite("Values, projections and gradients")
struct TinyLoRAMethodTests {
    /// A basis whose factors do not matter.
    private func basis(u: Int, rank: Int, tying: Tying, seed: UInt64 = 7) throws -> TinyLoRAMethod {
        let modules = modules(layers: 4)
        let plan = try AdapterPlan(modules: modules, rank: rank, u: u, tying: tying)
        let factors = modules.map { module in
            ModuleFactors(
                a: [Float](repeating: 0, count: rank * module.inputs),
                b: [Float](repeating: 0, count: module.outputs * rank))
        }
        return TinyLoRAMethod(
            design: TinyLoRADesign(plan: plan, seed: seed),
            factors: LowRankFactors(rank: rank, modules: modules, factors: factors))
    }

    @Test("projections have mean 0 and variance 1/r", arguments: [1, 2, 4])
    func statistics(rank: Int) {
        let count = 20_000 / (rank * rank)
        let entries = (0..<10).flatMap { Projection.ofModule($0, u: count, rank: rank, seed: 1) }.map { Double($0) }
        let n = Double(entries.count)
        let mean = entries.reduce(0, +) / n
        let variance = entries.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
        // Five standard errors: of the mean √(1/(r n)), of the variance √(2/n)/r.
        #expect(mean.magnitude < 5 * (1 / (Double(rank) * n)).squareRoot())
        #expect((variance - 1 / Double(rank)).magnitude < 5 * (2 / n).squareRoot() / Double(rank))
    }

    @Test("projections differ between modules and seeds, and never change")
    func pinned() {
        let first = Projection.ofModule(0, u: 1, rank: 2, seed: 1)
        #expect(first.map(\.bitPattern) == [1_033_724_813, 3_217_123_791, 3_207_164_976, 3_147_152_434])
        #expect(first != Projection.ofModule(1, u: 1, rank: 2, seed: 1))
        #expect(first != Projection.ofModule(0, u: 1, rank: 2, seed: 2))
        #expect(Array(Projection.ofModule(0, u: 3, rank: 2, seed: 1).prefix(4)) == first)
    }

    @Test("a module's mixing is the sum of its group's values times its projections")
    func mixing() throws {
        let basis = try basis(u: 2, rank: 2, tying: .tiled(modulesPerGroup: 3))
        let values = gaussian(basis.parameterCount, seed: 3)
        let change = basis.change(values: values)
        for (position, module) in basis.plan.modules.enumerated() {
            let projection = Projection.ofModule(module.index, u: 2, rank: 2, seed: 7)
            let group = position / 3
            for entry in 0..<4 {
                let expected = values[group * 2] * projection[entry] + values[group * 2 + 1] * projection[4 + entry]
                #expect(change.mixing[position * 4 + entry] == expected)
            }
        }
    }

    @Test("zeros change nothing, exactly")
    func zeros() throws {
        let basis = try basis(u: 2, rank: 2, tying: .full)
        #expect(basis.change(values: [0, -0.0]).mixing.allSatisfy { $0.bitPattern == 0 })
    }

    @Test(
        "folding is the transpose of changing",
        arguments: [
            Tying.tiled(modulesPerGroup: 5), .contiguous(groups: 3), .structured(layersPerGroup: 2), .byKind, .full,
            .untied,
        ],
        [1, 2, 4])
    func adjoint(tying: Tying, rank: Int) throws {
        let basis = try basis(u: 3, rank: rank, tying: tying)
        let values = gaussian(basis.parameterCount, seed: 1)
        let gradient = gaussian(basis.plan.modules.count * rank * rank, seed: 2)
        let terms = zip(gradient, basis.change(values: values).mixing).map { Double($0) * Double($1) }
        let other = zip(basis.fold(mixingGradient: gradient), values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        // Every term passes through at most u + modules · rank² Float roundings on either side.
        let roundings = Double(3 + gradient.count) * 0x1p-24
        let size =
            zip(gradient, basis.change(values: values.map(\.magnitude)).mixing).reduce(0) {
                $0 + Double($1.0.magnitude) * Double($1.1.magnitude)
            } + terms.reduce(0) { $0 + $1.magnitude }
        #expect((terms.reduce(0, +) - other).magnitude <= 2 * roundings * size)
    }
}
