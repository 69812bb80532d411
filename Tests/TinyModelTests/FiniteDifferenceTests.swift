import Foundation
import Testing
import TinyCheckpoint
import TinyModel
import TinyTestSupport

/// Gradients against the objective itself, in a model of sizes that PyTorch's fixtures do not have.
///
/// Along the direction of a computed gradient `g` of some numbers, the objective's slope must be `|g|`.
@Suite("Gradients agree with finite differences")
struct FiniteDifferenceTests {
    private let team = ModelFixture.team
    private let scored = 3..<24
    private let tokens = RandomModel().tokens(24, seed: 9)
    private var weights: [Float] { noise(scored.count, seed: 10) }
    private let temperature = 0.8

    private func pass(_ model: LanguageModel, change: LowRankChange?, recording: PassRecord) -> ScoringPass {
        ScoringPass(
            model, [ScoredTokens(tokens: tokens, scored: scored, change: change)], temperature: temperature,
            recording: recording, team: team)
    }

    private func objective(_ model: LanguageModel, change: LowRankChange?) -> Double {
        zip(weights, pass(model, change: change, recording: .none).logprobs[0]).reduce(0) {
            $0 + Double($1.0) * Double($1.1)
        }
    }

    /// The slope of `function` at 0, from differences over `±step` and `±2 step`, and a bound of its error.
    ///
    /// The error of a central difference falls with the square of its width, so the narrow one's is a third of the
    /// difference between both; combined, they err by less. The objective itself is good to about 2e-6 of `Σ|weights|`:
    /// log-probabilities near −8 are stored to 5e-7, and logits err by as much again.
    private func slope(_ function: (Float) throws -> Double) rethrows -> (value: Double, error: Double) {
        let step: Float = 0.02
        let narrow = try (function(step) - function(-step)) / Double(2 * step)
        let wide = try (function(2 * step) - function(-2 * step)) / Double(4 * step)
        let noise = 2e-6 * weights.reduce(0) { $0 + Double($1.magnitude) }
        return ((4 * narrow - wide) / 3, (narrow - wide).magnitude / 3 + 1.5 * noise / Double(step))
    }

    private func norm(_ numbers: some Collection<Float>) -> Double {
        numbers.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }

    @Test("of every module's mixing matrix", arguments: RandomModel.families)
    func mixing(family: ModelConfiguration.Architecture) throws {
        let random = RandomModel(family), model = try random.model(), change = random.change(),
            size = change.factors.rank * change.factors.rank
        let gradient = pass(model, change: change, recording: .all).mixingGradients([weights])[0]
        for (index, module) in change.factors.modules.enumerated() {
            let range = index * size..<(index + 1) * size, length = norm(gradient[range])
            let found = slope { distance in
                var mixing = change.mixing
                for entry in range { mixing[entry] += distance * gradient[entry] / Float(length) }
                return objective(model, change: LowRankChange(factors: change.factors, mixing: mixing))
            }
            #expect((found.value - length).magnitude <= found.error, "\(module.name): \(length), slope \(found.value)")
            #expect(found.error <= 0.01 * length, "\(module.name): the comparison says little")
        }
    }

    @Test("of every module's A and B, whatever stands between them", arguments: RandomModel.families)
    func factors(family: ModelConfiguration.Architecture) throws {
        let random = RandomModel(family), model = try random.model(), change = random.change(),
            rank = change.factors.rank
        let gradient = FactorGradient(of: change.factors)
        pass(model, change: change, recording: .all).addFactorGradients([weights], to: gradient)
        var rest = gradient.values[...]
        for (index, module) in change.factors.modules.enumerated() {
            for isA in [true, false] {
                let count = rank * (isA ? module.inputs : module.outputs)
                let direction = Array(rest.prefix(count)), length = norm(direction)
                rest = rest.dropFirst(count)
                let found = slope { distance in
                    var factors = change.factors.factors
                    let moved = zip(isA ? factors[index].a : factors[index].b, direction).map {
                        $0 + distance * $1 / Float(length)
                    }
                    if isA { factors[index].a = moved } else { factors[index].b = moved }
                    let all = LowRankFactors(rank: rank, modules: change.factors.modules, factors: factors)
                    return objective(model, change: LowRankChange(factors: all, mixing: change.mixing))
                }
                let name = "\(module.name), \(isA ? "A" : "B")"
                #expect((found.value - length).magnitude <= found.error, "\(name): \(length), slope \(found.value)")
                #expect(found.error <= 0.01 * length, "\(name): the comparison says little")
            }
        }
    }

    @Test("of every weight, with a vocabulary of several chunks", arguments: RandomModel.families)
    func allWeights(family: ModelConfiguration.Architecture) throws {
        let random = RandomModel(family)
        let gradient = DenseWeights(random.weights.layout)
        pass(try random.model(), change: nil, recording: .all).addWeightGradients([weights], to: gradient)
        for parameter in gradient.layout {
            let values = try #require(random.weights.values(parameter.name))
            let direction = try #require(gradient.values(parameter.name)), length = norm(direction)
            let found = try slope { distance in
                let moved = zip(values, direction).map { $0 + distance * $1 / Float(length) }
                random.weights.set(parameter.name, to: moved)
                defer { random.weights.set(parameter.name, to: values) }
                return objective(try random.model(), change: nil)
            }
            #expect(
                (found.value - length).magnitude <= found.error, "\(parameter.name): \(length), slope \(found.value)")
            // What is added to all keys of a sequence shifts all scores of a query where nothing is rotated: the slope is zero.
            if family == .smollm3, parameter.name == "model.layers.1.self_attn.k_proj.bias" { continue }
            #expect(found.error <= 0.01 * length, "\(parameter.name): the comparison says little")
        }
    }
}
