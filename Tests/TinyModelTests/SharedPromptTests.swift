import Testing
import TinyCheckpoint
import TinyFoundation
import TinyModel
import TinyTensor
import TinyTestSupport

/// A prompt that is computed once for several completions.
@Suite("A prompt with its completions")
struct SharedPromptTests {
    /// Prompts and completions of many lengths: shorter than a page, as long, longer; one of a single token.
    private func units(_ change: LowRankChange?, _ random: RandomModel = RandomModel()) -> [Unit] {
        [(1, [5, 2, 30]), (20, [44, 43, 7, 20]), (64, [1, 9]), (70, [50, 2, 1, 13])].enumerated().map {
            index, lengths in
            Unit(
                prompt: random.tokens(lengths.0, seed: UInt64(index)),
                completions: lengths.1.enumerated().map { random.tokens($1, seed: UInt64(100 + 10 * index + $0)) },
                change: change)
        }
    }

    private struct Unit {
        let prompt: [Int]
        let completions: [[Int]]
        let change: LowRankChange?

        /// Each completion with a prompt of its own.
        var whole: [ScoredTokens] {
            completions.map {
                ScoredTokens(
                    tokens: prompt + $0, scored: prompt.count..<prompt.count + $0.count, change: change)
            }
        }
    }

    /// Gradients of `R`: of the units' prompts, and of their completions with two tokens or more.
    private struct Result {
        var logprobs: [[Float]] = []
        var prompts: [[Float]] = []
        var completions: [[Float]] = []
    }

    /// Weights of a completion's tokens.
    private func weights(_ completion: [Int]) -> [Float] {
        completion.enumerated().map { Float(($0 * 37 + $1) % 11) * 0.3 - 1.4 }
    }

    /// Runs units together, their completions in passes of `size` each. `records` are those of prompts and of completions.
    private func run(
        _ units: [Unit], _ arithmetic: Arithmetic, _ random: RandomModel = RandomModel(), passesOf size: Int,
        threads: Int = 1, records: [PassRecord] = [.all, .all]
    ) throws -> Result {
        let team = WorkerTeam(threads: threads)
        defer { team.close() }
        let model = try random.model(arithmetic)
        let prompts = ScoringPass(
            model,
            units.map { ScoredTokens(prompt: $0.prompt, firstTokens: $0.completions.map { $0[0] }, change: $0.change) },
            temperature: 0.8, recording: records[0], team: team)
        var result = Result(logprobs: prompts.logprobs.flatMap { $0.map { [$0] } })
        let all = units.enumerated().flatMap { unit, content in content.completions.map { (unit, $0, content.change) } }
        let long = all.indices.filter { all[$0].1.count > 1 }
        for first in stride(from: 0, to: long.count, by: size) {
            let part = long[first..<min(long.count, first + size)]
            let pass = ScoringPass(
                model, part.map { ScoredTokens(completion: all[$0].1, after: all[$0].0, change: all[$0].2) },
                continuing: prompts, temperature: 0.8, recording: records[1], team: team)
            for (index, logprobs) in zip(part, pass.logprobs) { result.logprobs[index] += logprobs }
            result.completions += pass.mixingGradients(part.map { Array(weights(all[$0].1).dropFirst()) })
        }
        result.prompts = prompts.mixingGradients(units.map { $0.completions.map { weights($0)[0] } })
        return result
    }

    @Test(
        "gives the log-probabilities of sequences with prompts of their own, bit for bit",
        arguments: Arithmetic.allCases, RandomModel.families)
    func logprobs(arithmetic: Arithmetic, family: ModelConfiguration.Architecture) throws {
        let random = RandomModel(family), units = units(random.change(), random)
        let whole = ScoringPass(
            try random.model(arithmetic), units.flatMap(\.whole), temperature: 0.8, recording: .none,
            team: ModelFixture.team
        ).logprobs
        let found = try run(units, arithmetic, random, passesOf: 5).logprobs
        for index in whole.indices {
            #expect(firstDifference(found[index], whole[index]) == nil, "sequence \(index)")
        }
    }

    /// The fp32 sums differ in order only. In bfloat16 the gradient of a prompt's rows is rounded as a sum here and one by one
    /// there.
    @Test(
        "gives the sum of their gradients", arguments: [(Arithmetic.float32, 2e-5), (.bfloat16, 0.03)],
        RandomModel.families)
    func gradients(
        _ rounding: (arithmetic: Arithmetic, tolerance: Double), family: ModelConfiguration.Architecture
    ) throws {
        let (arithmetic, tolerance) = rounding, random = RandomModel(family)
        let units = units(random.change(), random)
        let whole = ScoringPass(
            try random.model(arithmetic), units.flatMap(\.whole), temperature: 0.8, recording: .all,
            team: ModelFixture.team
        ).mixingGradients(units.flatMap { $0.completions.map(weights) })
        let found = try run(units, arithmetic, random, passesOf: 100)
        func sum(_ gradients: [[Float]]) -> [Double] {
            gradients[0].indices.map { index in gradients.reduce(0) { $0 + Double($1[index]) } }
        }
        let expected = sum(whole), size = expected.map(\.magnitude).max() ?? 0
        let difference = zip(sum(found.prompts + found.completions), expected).map { ($0 - $1).magnitude }.max() ?? 0
        #expect(difference <= tolerance * size, "\(difference) of \(size)")
        #expect(found.prompts.allSatisfy { $0.contains { $0 != 0 } })
    }

    @Test(
        "has the same bits however its completions are divided into passes, on one thread or three",
        arguments: Arithmetic.allCases, [1, 3, 100])
    func division(arithmetic: Arithmetic, size: Int) throws {
        let random = RandomModel(.qwen3), first = random.change(seed: 1), second = random.change(seed: 2)
        let units = zip(units(first, random), [first, second, first, nil]).map {
            Unit(prompt: $0.prompt, completions: $0.completions, change: $1)
        }
        let expected = try run(units, arithmetic, random, passesOf: 4),
            found = try run(units, arithmetic, random, passesOf: size, threads: 3)
        for (found, expected) in [
            (found.logprobs, expected.logprobs), (found.prompts, expected.prompts),
            (found.completions, expected.completions),
        ] {
            // A pass of nothing but unchanged sequences has no gradient of R, one of several has zeros.
            for index in expected.indices where !found[index].isEmpty && !expected[index].isEmpty {
                #expect(firstDifference(found[index], expected[index]) == nil, "\(index)")
            }
        }
    }

    @Test(
        "has the same bits where only the input of each layer is kept, of prompts, of completions or of both",
        arguments: Arithmetic.allCases, RandomModel.families)
    func layerInputs(arithmetic: Arithmetic, family: ModelConfiguration.Architecture) throws {
        let random = RandomModel(family), units = units(random.change(), random)
        let expected = try run(units, arithmetic, random, passesOf: 4)
        let cases: [[PassRecord]] = [[.layerInputs, .all], [.all, .layerInputs], [.layerInputs, .layerInputs]]
        for records in cases {
            let found = try run(units, arithmetic, random, passesOf: 4, threads: 2, records: records)
            for (found, expected) in zip(
                found.logprobs + found.prompts + found.completions,
                expected.logprobs + expected.prompts + expected.completions)
            {
                #expect(firstDifference(found, expected) == nil, "\(records)")
            }
            #expect(found.completions.count == expected.completions.count)
        }
    }

    @Test("has the same bits alone and beside other units", arguments: Arithmetic.allCases)
    func company(arithmetic: Arithmetic) throws {
        let units = units(RandomModel().change()), together = try run(units, arithmetic, passesOf: 5)
        for (index, unit) in units.enumerated() {
            let alone = try run([unit], arithmetic, passesOf: 5)
            #expect(firstDifference(together.prompts[index], alone.prompts[0]) == nil, "unit \(index)")
        }
    }
}
