import Testing
import TinyEngine
import TinyTestSupport

@Suite("Scores and gradients of a policy")
struct GradientTests {
    @Test("log-probabilities are the same bits sampled, scored and differentiated", arguments: [1, 0.7], [1, 2])
    func sameBits(temperature: Double, threads: Int) async throws {
        for name in ["qwen2-untied", "qwen2-tied-bf16", "qwen3"] {
            let fixture = try EngineFixture(name), policy = fixture.policy(threads: threads),
                adapter = fixture.adapter(1)
            let sampling = SamplingParameters(temperature: temperature, maxTokens: 60, stopTokens: [3])
            let requests = [1, 30, 64].map {
                fixture.request($0, samples: 4, problem: $0, adapter: adapter, sampling)
            }
            let completions = try await policy.complete(requests, progress: nil)
            let sampled = completions.flatMap { $0 }
            let sequences = zip(requests, completions).flatMap { request, samples in
                samples.map { ScoredSequence(prompt: request.prompt, completion: $0.tokens) }
            }
            let scored = try await policy.logprobs(of: sequences, adapter: adapter, temperature: temperature)
            let gradients = try await policy.gradients(of: sequences, adapter: adapter, temperature: temperature) {
                _, logprobs in logprobs.map { _ in 1 }
            }
            for index in sequences.indices {
                #expect(firstDifference(scored[index], sampled[index].logprobs) == nil, "\(name), sequence \(index)")
                #expect(firstDifference(gradients.logprobs[index], sampled[index].logprobs) == nil, "\(name), \(index)")
            }
        }
    }

    private func sequences(_ fixture: EngineFixture) -> [ScoredSequence] {
        [(1, 5), (30, 40), (64, 64), (20, 1)].enumerated().map { index, lengths in
            ScoredSequence(
                prompt: fixture.tokens(lengths.0, seed: UInt64(10 + index)),
                completion: fixture.tokens(lengths.1, seed: UInt64(20 + index)))
        }
    }

    @Test("an adapter of zeros scores as the base model, bit for bit")
    func zeros() async throws {
        let fixture = try EngineFixture(), policy = fixture.policy(), sequences = sequences(fixture)
        let zero = [Float](repeating: 0, count: policy.parameterCount)
        let found = try await policy.logprobs(of: sequences, adapter: zero, temperature: 1)
        let base = try await policy.logprobs(of: sequences, adapter: nil, temperature: 1)
        #expect(firstDifference(found.flatMap { $0 }, base.flatMap { $0 }) == nil)
        let gradients = try await policy.gradients(of: sequences, adapter: zero, temperature: 1) { _, logprobs in
            logprobs.map { _ in 1 }
        }
        #expect(firstDifference(gradients.logprobs.flatMap { $0 }, base.flatMap { $0 }) == nil)
        #expect(gradients.gradient.contains { $0 != 0 }, "the base model is where training begins")
    }

    /// The objective's log-probabilities are good to about 2e-6 each; the error of a central difference falls with the
    /// square of its width, so that of the narrow one is a third of the difference from one twice as wide.
    @Test("gradients agree with finite differences in every number", arguments: [1, 0.7])
    func finiteDifferences(temperature: Double) async throws {
        let fixture = try EngineFixture(), policy = fixture.policy(), adapter = fixture.adapter(1)
        let sequence = sequences(fixture)[1], weights = noise(sequence.completion.count, seed: 5)
        let gradient = try await policy.gradients(of: [sequence], adapter: adapter, temperature: temperature) { _, _ in
            weights
        }.gradient
        #expect(gradient.count == policy.parameterCount)
        func objective(_ index: Int, _ distance: Float) async throws -> Double {
            var moved = adapter
            moved[index] += distance
            let logprobs = try await policy.logprobs(of: [sequence], adapter: moved, temperature: temperature)[0]
            return zip(weights, logprobs).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let size = gradient.map { Double($0.magnitude) }.max() ?? 0
        let roundings = 2e-6 * weights.reduce(0) { $0 + Double($1.magnitude) }
        for index in adapter.indices {
            let step: Float = 0.004
            let narrow = try await objective(index, step) - objective(index, -step)
            let wide = try await objective(index, 2 * step) - objective(index, -2 * step)
            let slopes = (narrow: narrow / Double(2 * step), wide: wide / Double(4 * step))
            let error = (slopes.narrow - slopes.wide).magnitude / 3 + 1.5 * roundings / Double(step)
            let found = (4 * slopes.narrow - slopes.wide) / 3
            #expect(
                (Double(gradient[index]) - found).magnitude <= error,
                "number \(index): \(gradient[index]), slope \(found)")
            #expect(error <= 0.02 * size, "number \(index): the comparison says little")
        }
    }

    @Test("do not depend on threads or batch: the sum is that of each sequence alone, in order")
    func invariance() async throws {
        let fixture = try EngineFixture(), adapter = fixture.adapter(2)
        let few = sequences(fixture), many = (0..<20).flatMap { _ in few }  // more rows than one pass takes
        @Sendable func weights(_: Int, _ logprobs: [Float]) -> [Float] { logprobs.map { 1 + 0.1 * $0 } }
        let together = try await fixture.policy(threads: 2).gradients(
            of: many, adapter: adapter, temperature: 0.9, tokenWeights: weights)
        #expect(together.logprobs.count == many.count)
        var alone: [LearnerGradient] = []
        for sequence in few {
            alone.append(
                try await fixture.policy().gradients(
                    of: [sequence], adapter: adapter, temperature: 0.9, tokenWeights: weights))
        }
        var sum = [Double](repeating: 0, count: adapter.count)
        for place in many.indices {
            let single = alone[place % few.count]
            #expect(firstDifference(together.logprobs[place], single.logprobs[0]) == nil, "sequence \(place)")
            for index in sum.indices { sum[index] += Double(single.gradient[index]) }
        }
        #expect(firstDifference(together.gradient, sum.map { Float($0) }) == nil)
    }

    @Test("weights are asked for by the sequence's own index, once")
    func weightIndices() async throws {
        let fixture = try EngineFixture(), sequences = sequences(fixture), adapter = fixture.adapter(2)
        let all = try await fixture.policy().gradients(of: sequences, adapter: adapter, temperature: 1) {
            index, logprobs in
            logprobs.map { _ in index == 2 ? 1 : 0 }
        }
        let third = try await fixture.policy().gradients(of: [sequences[2]], adapter: adapter, temperature: 1) {
            _, logprobs in logprobs.map { _ in 1 }
        }
        #expect(firstDifference(all.gradient, third.gradient) == nil)
    }
}
