import Testing
import TinyModel
import TinyTensor

/// PyTorch in float64 is the oracle. An honest fp32 engine differs by a few 1e-6 of the largest value; 1e-4 is promised.
@Suite("Agreement with PyTorch")
struct PyTorchAgreementTests {
    private let team = ModelFixture.team
    private let tolerance: Float = 1e-4

    @Test("logits of every position", arguments: ModelFixture.names)
    func logits(name: String) throws {
        let fixture = try ModelFixture(name)
        for index in fixture.expected.sequences.indices {
            let found = fixture.model.logits(fixture.tokens(index), team: team)
            let difference = relativeDifference(
                found.values, try #require(try fixture.array("sequences.\(index).logits")))
            #expect(difference <= tolerance, "sequence \(index)")
        }
    }

    @Test("log-probabilities at temperature 1 and below", arguments: ModelFixture.names)
    func logprobs(name: String) throws {
        let fixture = try ModelFixture(name)
        for (temperature, key) in [(1, "logprobs"), (fixture.expected.temperature, "cooledLogprobs")] {
            let pass = ScoringPass(
                fixture.model, scored(fixture, change: nil), temperature: temperature, recording: .none, team: team)
            for (index, found) in pass.logprobs.enumerated() {
                let expected = try #require(try fixture.array("sequences.\(index + 1).\(key)"))
                #expect(relativeDifference(found, expected) <= tolerance, "sequence \(index + 1), \(key)")
            }
        }
    }

    @Test("log-probabilities and gradients of a low-rank change", arguments: ModelFixture.names, [false, true])
    func lowRank(name: String, cooled: Bool) throws {
        let fixture = try ModelFixture(name), change = try fixture.change()
        let pass = ScoringPass(
            fixture.model, scored(fixture, change: change), temperature: cooled ? fixture.expected.temperature : 1,
            recording: .all, team: team)
        let gradients = pass.mixingGradients(try weights(fixture))
        for index in pass.logprobs.indices {
            let prefix = "sequences.\(index + 1).lowRank."
            let logprobs = try #require(try fixture.array(prefix + (cooled ? "cooledLogprobs" : "logprobs")))
            let gradient = try #require(
                try fixture.array(prefix + (cooled ? "cooledGradientOfMixing" : "gradientOfMixing")))
            #expect(relativeDifference(pass.logprobs[index], logprobs) <= tolerance, "sequence \(index + 1)")
            #expect(relativeDifference(gradients[index], gradient) <= tolerance, "sequence \(index + 1)")
        }
    }

    @Test("log-probabilities of a LoRA, and gradients of its A and B", arguments: ModelFixture.names)
    func lora(name: String) throws {
        let fixture = try ModelFixture(name), change = try fixture.loraChange()
        let pass = ScoringPass(fixture.model, scored(fixture, change: change), recording: .all, team: team)
        let gradient = FactorGradient(of: change.factors)
        pass.addFactorGradients(try weights(fixture), to: gradient)
        for (index, found) in pass.logprobs.enumerated() {
            let expected = try #require(try fixture.array("sequences.\(index + 1).lora.logprobs"))
            #expect(relativeDifference(found, expected) <= tolerance, "sequence \(index + 1)")
        }
        var rest = gradient.values[...]
        for module in change.factors.modules {
            for name in ["lora_A", "lora_B"] {
                let expected = try #require(try fixture.array("lora.gradients.\(module.name).\(name)"))
                let found = Array(rest.prefix(expected.count))
                rest = rest.dropFirst(expected.count)
                #expect(relativeDifference(found, expected) <= tolerance, "\(module.name), \(name)")
            }
        }
        #expect(rest.isEmpty)
    }

    @Test("gradients of all weights", arguments: ModelFixture.names.filter { $0 != "qwen2-tied-bf16" })
    func allWeights(name: String) throws {
        let fixture = try ModelFixture(name)
        let pass = ScoringPass(fixture.model, scored(fixture, change: nil), recording: .all, team: team)
        let gradient = DenseWeights(fixture.model.configuration.parameterShapes)
        pass.addWeightGradients(try weights(fixture), to: gradient)
        for parameter in gradient.layout {
            let expected = try #require(try fixture.array("gradients.\(parameter.name)"))
            let found = try #require(gradient.values(parameter.name))
            #expect(relativeDifference(found, expected) <= tolerance, "\(parameter.name)")
        }
    }

    /// Sequences 1… of the fixture (sequence 0 has one token and nothing to score).
    private func scored(_ fixture: ModelFixture, change: LowRankChange?) -> [ScoredTokens] {
        fixture.expected.sequences.dropFirst().map {
            ScoredTokens(tokens: $0.tokens, scored: 1..<$0.tokens.count, change: change)
        }
    }

    private func weights(_ fixture: ModelFixture) throws -> [[Float]] {
        try fixture.expected.sequences.indices.dropFirst().map {
            try #require(try fixture.array("sequences.\($0).weights"))
        }
    }
}
