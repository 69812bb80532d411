import Testing
import TinyCheckpoint
import TinyFoundation
import TinyModel
import TinyTensor
import TinyTestSupport

@Suite("Scores and gradients depend on the sequence alone")
struct ScoringInvarianceTests {
    private struct Result {
        let logprobs: [[Float]]
        let gradients: [[Float]]
    }

    private func score(_ model: LanguageModel, _ sequences: [ScoredTokens], threads: Int = 1) -> Result {
        let team = WorkerTeam(threads: threads)
        defer { team.close() }
        let pass = ScoringPass(model, sequences, temperature: 0.8, recording: .all, team: team)
        return Result(logprobs: pass.logprobs, gradients: pass.mixingGradients(sequences.map(someWeights)))
    }

    /// Sequences of many lengths, together enough rows for several threads; two of their three changes share factors.
    private func sequences(_ random: RandomModel) -> [ScoredTokens] {
        let first = random.change(seed: 1)
        let second = LowRankChange(factors: first.factors, mixing: first.mixing.reversed())
        let changes = [second, first, first, random.change(seed: 2)]
        return [2, 70, 1 + 64, 33, 128, 100, 5, 90, 128, 127].enumerated().map { index, length in
            ScoredTokens(
                tokens: random.tokens(length, seed: UInt64(index)), scored: min(index + 1, length - 1)..<length,
                change: changes[index % changes.count])
        }
    }

    @Test("a pass that keeps its logits and one that computes them again give the same gradient")
    func keptLogits() throws {
        for (name, arithmetic) in [("qwen2-untied", Arithmetic.float32), ("qwen2-tied", .bfloat16)] {
            let fixture = try ModelFixture(name, arithmetic), change = try fixture.change()
            let sequences = [1, 2].map { seed in
                let tokens = fixture.tokens(seed)
                return ScoredTokens(tokens: tokens, scored: 1..<tokens.count, change: change)
            }
            let weights = sequences.map { [Float](repeating: 0.5, count: $0.targets.count) }
            let gradients = [ModelConfiguration.keptLogitBytes, 0].map { bytes in
                ScoringPass(
                    fixture.model, sequences, temperature: 0.7, recording: .all, keptLogitBytes: bytes,
                    team: ModelFixture.team
                ).mixingGradients(weights)
            }
            for (kept, computed) in zip(gradients[0], gradients[1]) {
                #expect(firstDifference(kept, computed) == nil, "\(name)")
                #expect(kept.contains { $0 != 0 })
            }
        }
    }

    @Test("not on the number of threads", arguments: RandomModel.families, Arithmetic.allCases)
    func threads(family: ModelConfiguration.Architecture, arithmetic: Arithmetic) throws {
        let random = RandomModel(family), model = try random.model(arithmetic), sequences = sequences(random)
        let one = score(model, sequences)
        for count in [2, 3] { expectEqual(score(model, sequences, threads: count), one) }
    }

    private func expectEqual(_ many: Result, _ one: Result) {
        for index in one.logprobs.indices {
            #expect(firstDifference(many.logprobs[index], one.logprobs[index]) == nil, "sequence \(index)")
            #expect(firstDifference(many.gradients[index], one.gradients[index]) == nil, "sequence \(index)")
        }
    }

    @Test("not on the batch, nor on its order", arguments: RandomModel.families, Arithmetic.allCases)
    func batch(family: ModelConfiguration.Architecture, arithmetic: Arithmetic) throws {
        let random = RandomModel(family), model = try random.model(arithmetic), sequences = sequences(random)
        let together = score(model, sequences), turned = score(model, sequences.reversed())
        for (index, sequence) in sequences.enumerated() {
            let alone = score(model, [sequence]), other = sequences.count - 1 - index
            #expect(firstDifference(together.logprobs[index], alone.logprobs[0]) == nil, "sequence \(index)")
            #expect(firstDifference(together.gradients[index], alone.gradients[0]) == nil, "sequence \(index)")
            #expect(firstDifference(turned.logprobs[other], alone.logprobs[0]) == nil, "sequence \(index), turned")
            #expect(firstDifference(turned.gradients[other], alone.gradients[0]) == nil, "sequence \(index), turned")
        }
    }

    @Test("not on sequences without a change that stand between")
    func mixedBatch() throws {
        let random = RandomModel(), model = try random.model()
        let changed = sequences(random).prefix(3)
        let plain = changed.map(\.withoutChange)
        let mixed = score(model, zip(changed, plain).flatMap { [$0, $1] })
        let alone = score(model, Array(changed)), base = score(model, plain)
        for index in changed.indices {
            #expect(firstDifference(mixed.logprobs[2 * index], alone.logprobs[index]) == nil, "sequence \(index)")
            #expect(firstDifference(mixed.gradients[2 * index], alone.gradients[index]) == nil, "sequence \(index)")
            #expect(firstDifference(mixed.logprobs[2 * index + 1], base.logprobs[index]) == nil, "sequence \(index)")
            #expect(mixed.gradients[2 * index + 1].allSatisfy { $0 == 0 }, "sequence \(index)")
        }
    }

    @Test(
        "gradients of all weights do not depend on the number of threads, nor on what is recorded",
        arguments: RandomModel.families)
    func weightGradients(family: ModelConfiguration.Architecture) throws {
        let random = RandomModel(family), model = try random.model()
        let sequences = sequences(random).map(\.withoutChange)
        let gradients = zip([1, 2, 3], [.all, .all, .layerInputs] as [PassRecord]).map { threads, record in
            let team = WorkerTeam(threads: threads)
            defer { team.close() }
            let gradient = DenseWeights(random.weights.layout)
            ScoringPass(model, sequences, recording: record, team: team)
                .addWeightGradients(sequences.map(someWeights), to: gradient)
            return gradient
        }
        for parameter in random.weights.layout {
            let one = try #require(gradients[0].values(parameter.name))
            for threads in [2, 3] {
                let many = try #require(gradients[threads - 1].values(parameter.name))
                #expect(firstDifference(many, one) == nil, "\(parameter.name), \(threads) threads")
            }
        }
    }

    @Test("a model of an optimiser's weights is the checkpoint's, bit for bit", arguments: ModelFixture.names)
    func denseWeights(name: String) throws {
        let fixture = try ModelFixture(name), team = ModelFixture.team, tokens = fixture.tokens(2)
        let weights = DenseWeights(fixture.model.configuration.parameterShapes)
        for parameter in weights.layout {
            weights.set(parameter.name, to: try fixture.checkpoint.tensor(parameter.name, parameter.shape).floats())
        }
        let model = try LanguageModel(fixture.model.configuration, weights: weights, arithmetic: .float32)
        let change = try fixture.change()
        for change in [nil, change] {
            let found = model.logits(tokens, change: change, team: team)
            let expected = fixture.model.logits(tokens, change: change, team: team)
            #expect(firstDifference(found.values, expected.values) == nil, "changed: \(change != nil)")
        }
        let results = [model, fixture.model].map {
            score($0, [ScoredTokens(tokens: tokens, scored: 1..<tokens.count, change: change)])
        }
        #expect(firstDifference(results[0].gradients[0], results[1].gradients[0]) == nil)
    }
}

/// Some weights that depend on nothing but the sequence.
func someWeights(_ sequence: ScoredTokens) -> [Float] {
    sequence.targets.map { Float((($0.row + 1) * 37 + $0.token) % 11) * 0.3 - 1.4 }
}

extension ScoredTokens {
    /// The same tokens for the base model.
    fileprivate var withoutChange: ScoredTokens {
        ScoredTokens(tokens: tokens, scored: tokens.count - targets.count..<tokens.count, change: nil)
    }
}
