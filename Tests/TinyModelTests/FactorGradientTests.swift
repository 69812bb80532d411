import Testing
import TinyModel
import TinyTensor
import TinyTestSupport

@Suite("Changes of some modules, and gradients of their factors")
struct FactorGradientTests {
    private let random = RandomModel()

    private func sequences(_ change: LowRankChange?) -> [ScoredTokens] {
        [2, 70, 65, 33, 128, 100, 5].enumerated().map { index, length in
            ScoredTokens(
                tokens: random.tokens(length, seed: UInt64(index)), scored: min(index + 1, length - 1)..<length,
                change: change)
        }
    }

    /// The gradient over passes of these sequences each.
    private func gradient(
        _ change: LowRankChange, _ passes: [[ScoredTokens]], threads: Int = 1
    ) throws -> [Float] {
        let team = WorkerTeam(threads: threads)
        defer { team.close() }
        let model = try random.model(), gradient = FactorGradient(of: change.factors)
        for pass in passes {
            ScoringPass(model, pass, temperature: 0.8, recording: .all, team: team)
                .addFactorGradients(pass.map(someWeights), to: gradient)
        }
        return gradient.values
    }

    /// The change of some kinds of modules only.
    private func part(of change: LowRankChange, _ kinds: Set<ModuleKind>) -> LowRankChange {
        let size = change.factors.rank * change.factors.rank
        let kept = change.factors.modules.indices.filter { kinds.contains(change.factors.modules[$0].kind) }
        return LowRankChange(
            factors: LowRankFactors(
                rank: change.factors.rank, modules: kept.map { change.factors.modules[$0] },
                factors: kept.map { change.factors.factors[$0] }),
            mixing: kept.flatMap { change.mixing[$0 * size..<($0 + 1) * size] })
    }

    /// The same change with zeros for `R` elsewhere.
    private func masked(_ change: LowRankChange, _ kinds: Set<ModuleKind>) -> LowRankChange {
        let size = change.factors.rank * change.factors.rank
        return LowRankChange(
            factors: change.factors,
            mixing: change.mixing.enumerated().map {
                kinds.contains(change.factors.modules[$0 / size].kind) ? $1 : 0
            })
    }

    @Test("do not depend on the number of threads", arguments: [2, 3])
    func threads(count: Int) throws {
        let change = random.change(), sequences = sequences(change)
        let one = try gradient(change, [sequences]), many = try gradient(change, [sequences], threads: count)
        #expect(firstDifference(many, one) == nil)
    }

    @Test("do not depend on how sequences are divided into passes")
    func division() throws {
        let change = random.change(), sequences = sequences(change)
        let together = try gradient(change, [sequences])
        #expect(firstDifference(try gradient(change, sequences.map { [$0] }), together) == nil)
        let halves = [Array(sequences.prefix(3)), Array(sequences.dropFirst(3))]
        #expect(firstDifference(try gradient(change, halves), together) == nil)
    }

    @Test("count only sequences whose change has the same factors")
    func strangers() throws {
        let change = random.change(), other = random.change(seed: 2), own = sequences(change)
        let mixed = zip(own, zip(sequences(other), sequences(nil))).flatMap { [$0, $1.0, $1.1] }
        #expect(firstDifference(try gradient(change, [mixed]), try gradient(change, [own])) == nil)
    }

    private static let targets: [Set<ModuleKind>] = [
        [.query, .value], [.key], [.down], [.output, .gate], [.up], [.query, .key, .value, .gate],
    ]

    @Test("a change of some modules is the change of all with zeros elsewhere, bit for bit", arguments: targets)
    func someModules(kinds: Set<ModuleKind>) throws {
        let all = random.change(), model = try random.model(), team = ModelFixture.team
        let some = part(of: all, kinds), zeros = masked(all, kinds)
        func pass(_ change: LowRankChange) -> ScoringPass {
            ScoringPass(model, sequences(change), recording: .all, team: team)
        }
        let found = pass(some), expected = pass(zeros)
        for (found, expected) in zip(found.logprobs, expected.logprobs) {
            #expect(firstDifference(found, expected) == nil)
        }
        let weights = sequences(some).map(someWeights), size = all.factors.rank * all.factors.rank
        let mixing = found.mixingGradients(weights), whole = expected.mixingGradients(weights)
        let gradient = FactorGradient(of: some.factors), all7 = FactorGradient(of: zeros.factors)
        pass(some).addFactorGradients(weights, to: gradient)
        pass(zeros).addFactorGradients(weights, to: all7)
        for (position, module) in some.factors.modules.enumerated() {
            let index = module.index
            for (some, all) in zip(mixing, whole) {
                let found = Array(some[position * size..<(position + 1) * size])
                let expected = Array(all[index * size..<(index + 1) * size])
                #expect(firstDifference(found, expected) == nil, "\(module.name)")
            }
        }
        var own = gradient.values[...], theirs = all7.values[...]
        for module in all.factors.modules {
            let count = all.factors.rank * (module.inputs + module.outputs)
            defer { theirs = theirs.dropFirst(count) }
            guard kinds.contains(module.kind) else { continue }
            #expect(firstDifference(Array(own.prefix(count)), Array(theirs.prefix(count))) == nil, "\(module.name)")
            own = own.dropFirst(count)
        }
        #expect(own.isEmpty && theirs.isEmpty)
    }

    @Test("B = 0 is the base model, bit for bit, and has a gradient")
    func zeroOutput() throws {
        let change = random.change(), model = try random.model(), team = ModelFixture.team
        let factors = change.factors.factors.map {
            ModuleFactors(a: $0.a, b: [Float](repeating: 0, count: $0.b.count))
        }
        let zero = LowRankChange(
            factors: LowRankFactors(rank: change.factors.rank, modules: change.factors.modules, factors: factors),
            mixing: change.mixing)
        let found = ScoringPass(model, sequences(zero), recording: .none, team: team).logprobs
        let base = ScoringPass(model, sequences(nil), recording: .none, team: team).logprobs
        for (found, base) in zip(found, base) { #expect(firstDifference(found, base) == nil) }
        #expect(try gradient(zero, [sequences(zero)]).contains { $0 != 0 })
    }

    @Test("changes of different modules and ranks do not disturb each other in one pass")
    func mixedBatch() throws {
        let first = part(of: random.change(), [.query, .down]),
            second = part(of: random.change(rank: 5, seed: 3), [.up])
        let model = try random.model(), team = ModelFixture.team
        let changes = [first, second, nil]
        let mixed = changes.flatMap { sequences($0) }.enumerated().sorted { $0.offset % 7 < $1.offset % 7 }.map(
            \.element)
        let found = ScoringPass(model, mixed, recording: .none, team: team).logprobs
        for (sequence, logprobs) in zip(mixed, found) {
            let alone = ScoringPass(model, [sequence], recording: .none, team: team).logprobs[0]
            #expect(firstDifference(logprobs, alone) == nil)
        }
    }

    @Test("factors count the panels that a small rank does not fill")
    func byteCount() {
        let query = AdaptedModule(layer: 3, kind: .query, outputs: 40, inputs: 24)
        let key = AdaptedModule(layer: 3, kind: .key, outputs: 8, inputs: 24)
        let factors = LowRankFactors(
            rank: 2, modules: [query, key],
            factors: [query, key].map { module in
                ModuleFactors(
                    a: [Float](repeating: 1, count: 2 * module.inputs),
                    b: [Float](repeating: 1, count: 2 * module.outputs))
            })
        // A and B twice, a panel of each B, one of both A.
        let rows = 2 * 4 * 2 * (24 + 40 + 24 + 8), panels = 4 * 16 * (40 + 8 + 24)
        #expect(factors.byteCount == rows + panels)
        // Of rank 9, 18 rows of A are two panels.
        let wide = LowRankFactors.byteCount(rank: 9, modules: [query, key])
        #expect(wide == 9 * rows / 2 + panels + 4 * 16 * 24)
    }
}
