import Foundation
import Testing
import TinyAdapter
import TinyCheckpoint
import TinyModel
import TinyEngine
import TinyTestSupport

@Suite("A policy with each method")
struct MethodPolicyTests {
    enum Kind: CaseIterable {
        case tinyLoRA, loraXS, lora, loraOnSome, full
        /// With too many numbers to keep a gradient of each unit.
        case largeLoRAXS

        static let allCases: [Kind] = [.tinyLoRA, .loraXS, .lora, .loraOnSome, .full]
    }

    /// A model with a method and some of its adapters.
    private struct Fixture {
        let model: LanguageModel
        let method: any AdapterMethod
        let base: EngineFixture

        init(_ kind: Kind) throws {
            let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Fixtures/qwen2-untied")
            let checkpoint = try Checkpoint(directory: folder.path)
            let modules = checkpoint.configuration.modules
            let design: any AdapterDesign =
                switch kind {
                case .tinyLoRA: TinyLoRADesign(plan: try .resolving(parameters: 7, modules: modules), seed: 1)
                case .loraXS: try LoRAXSDesign(modules: modules, rank: 3, alpha: 6)
                case .largeLoRAXS: try LoRAXSDesign(modules: modules, rank: 16)
                case .lora: try LoRADesign(modules: modules, rank: 2, alpha: 3)
                case .loraOnSome:
                    try LoRADesign(modules: modules.filter { [.query, .down].contains($0.kind) }, rank: 4)
                case .full: FullDesign(configuration: checkpoint.configuration)
                }
            base = try EngineFixture()
            model = base.model
            method = try design.prepared(AdapterPreparation(checkpoint: checkpoint, initialSeed: 5))
        }

        func policy(threads: Int = 1, rows: Int? = nil, savesMemory: Bool = false) -> LocalEngine {
            LocalEngine(model: model, method: method, threads: threads, learningRows: rows, savesMemory: savesMemory)
        }

        /// Groups of completions with one prompt each.
        var groups: [ScoredSequence] {
            let prompts = [40, 3, 70], completions = [1, 20, 33, 2]
            return (0..<9).map { (index: Int) -> ScoredSequence in
                let group = index / 3
                return ScoredSequence(
                    prompt: base.tokens(prompts[group], seed: UInt64(300 + group)),
                    completion: base.tokens(completions[index % 4], seed: UInt64(400 + index)))
            }
        }

        /// An adapter some way from the untrained one.
        func adapter(_ seed: UInt64) -> [Float] {
            zip(method.initialValues, noise(method.parameterCount, seed: seed)).map { $0 + 0.05 * $1 }
        }

        func sequences(_ count: Int = 6) -> [ScoredSequence] {
            (0..<count).map { index in
                ScoredSequence(
                    prompt: base.tokens(3 + 9 * (index % 4), seed: UInt64(100 + index)),
                    completion: base.tokens(5 + 13 * (index % 3), seed: UInt64(200 + index)))
            }
        }
    }

    @Sendable private static func weights(_ sequence: Int, _ logprobs: [Float]) -> [Float] {
        logprobs.map { 1 + 0.1 * $0 + 0.01 * Float(sequence) }
    }

    @Test("an untrained adapter is the base model: bit for bit, or as near as LoRA-XS starts", arguments: Kind.allCases)
    func untrained(kind: Kind) async throws {
        let fixture = try Fixture(kind), policy = fixture.policy(), sequences = fixture.sequences()
        #expect(policy.initialAdapter.count == policy.parameterCount)
        let start = kind == .loraXS ? policy.initialAdapter.map { _ in 0 } : policy.initialAdapter
        let found = try await policy.logprobs(of: sequences, adapter: start, temperature: 1)
        let base = try await policy.logprobs(of: sequences, adapter: nil, temperature: 1)
        #expect(firstDifference(found.flatMap { $0 }, base.flatMap { $0 }) == nil)
        let gradient = try await policy.gradients(
            of: sequences, adapter: start, temperature: 1, tokenWeights: Self.weights
        ).gradient
        #expect(gradient.contains { $0 != 0 } && gradient.allSatisfy(\.isFinite))
    }

    @Test("log-probabilities are the same bits sampled, scored and differentiated", arguments: Kind.allCases, [1, 2])
    func sameBits(kind: Kind, threads: Int) async throws {
        let fixture = try Fixture(kind), policy = fixture.policy(threads: threads), adapter = fixture.adapter(1)
        let requests = [1, 30].map { fixture.base.request($0, samples: 3, problem: $0, adapter: adapter) }
        let completions = try await policy.complete(requests, progress: nil)
        let sequences = zip(requests, completions).flatMap { request, samples in
            samples.map { ScoredSequence(prompt: request.prompt, completion: $0.tokens) }
        }
        let scored = try await policy.logprobs(of: sequences, adapter: adapter, temperature: 1)
        let gradient = try await policy.gradients(
            of: sequences, adapter: adapter, temperature: 1, tokenWeights: Self.weights)
        for (index, sampled) in completions.flatMap({ $0 }).enumerated() {
            #expect(firstDifference(scored[index], sampled.logprobs) == nil, "sequence \(index)")
            #expect(firstDifference(gradient.logprobs[index], sampled.logprobs) == nil, "sequence \(index)")
        }
    }

    @Test("a call that mixes adapters and the base model gives each what it gets alone", arguments: Kind.allCases)
    func mixed(kind: Kind) async throws {
        let fixture = try Fixture(kind), policy = fixture.policy(threads: 2)
        let adapters: [[Float]?] = [fixture.adapter(1), nil, fixture.adapter(2), fixture.adapter(1), nil]
        let requests = adapters.enumerated().map { index, adapter in
            fixture.base.request(5 + 20 * index, samples: 2, problem: index, adapter: adapter)
        }
        let together = try await policy.complete(requests, progress: nil)
        for (index, request) in requests.enumerated() {
            let alone = try await fixture.policy().complete([request], progress: nil)
            #expect(firstDifference([together[index]], alone) == nil, "request \(index)")
        }
        #expect(together[0].map(\.logprobs) != together[2].map(\.logprobs), "the adapters differ")
        let single = try await streamed(policy.stream(requests[2]))[0]
        #expect(firstDifference([[single]], [[together[2][0]]]) == nil)
    }

    @Test("gradients are the same bits on one thread and on two", arguments: Kind.allCases)
    func threads(kind: Kind) async throws {
        let fixture = try Fixture(kind), adapter = fixture.adapter(3), sequences = fixture.sequences()
        var gradients: [[Float]] = []
        for threads in [1, 2] {
            gradients.append(
                try await fixture.policy(threads: threads).gradients(
                    of: sequences, adapter: adapter, temperature: 0.8, tokenWeights: Self.weights
                ).gradient)
        }
        #expect(firstDifference(gradients[1], gradients[0]) == nil)
    }

    /// The sums of all weights run over the rows of a pass, so they depend on it.
    @Test(
        "groups have the same gradient however they are divided into passes, and whether long ones save memory or not",
        arguments: [Kind.tinyLoRA, .loraXS, .largeLoRAXS, .lora, .loraOnSome], [1, 60, 90])
    func division(kind: Kind, rows: Int) async throws {
        let fixture = try Fixture(kind), adapter = fixture.adapter(3), groups = fixture.groups
        #expect(kind != .largeLoRAXS || adapter.count > 4096)
        #expect(groups.units.count == 3)
        var results: [LearnerGradient] = []
        for (rows, savesMemory) in [(nil, false), (rows, false), (rows, true)] {
            results.append(
                try await fixture.policy(threads: 2, rows: rows, savesMemory: savesMemory).gradients(
                    of: groups, adapter: adapter, temperature: 0.8, tokenWeights: Self.weights))
        }
        for result in results.dropFirst() {
            #expect(firstDifference(result.gradient, results[0].gradient) == nil)
            for index in groups.indices {
                #expect(firstDifference(result.logprobs[index], results[0].logprobs[index]) == nil, "\(index)")
            }
        }
    }

    @Test(
        "sequences have the same log-probabilities however they are divided into passes", arguments: Kind.allCases,
        [1, 60, 90])
    func scoringPasses(kind: Kind, rows: Int) async throws {
        let fixture = try Fixture(kind), adapter = fixture.adapter(3)
        let sequences = fixture.groups + fixture.sequences()
        func scored(_ rows: Int?) async throws -> [[Float]] {
            try await fixture.policy(threads: 2, rows: rows).logprobs(of: sequences, adapter: adapter, temperature: 0.8)
        }
        let divided = try await scored(rows), whole = try await scored(nil)
        for index in sequences.indices { #expect(firstDifference(divided[index], whole[index]) == nil, "\(index)") }
    }

    @Test("a group's gradient is the sum of its sequences', to rounding", arguments: Kind.allCases)
    func groupGradient(kind: Kind) async throws {
        let fixture = try Fixture(kind), policy = fixture.policy(), adapter = fixture.adapter(3)
        let group = Array(fixture.groups.suffix(3))
        let together = try await policy.gradients(
            of: group, adapter: adapter, temperature: 1, tokenWeights: { _, logprobs in logprobs.map { 1 + 0.1 * $0 } }
        ).gradient
        var sum = together.map { _ in 0.0 }
        for sequence in group {
            let alone = try await policy.gradients(
                of: [sequence], adapter: adapter, temperature: 1,
                tokenWeights: { _, logprobs in logprobs.map { 1 + 0.1 * $0 } }
            ).gradient
            for index in sum.indices { sum[index] += Double(alone[index]) }
        }
        let size = sum.map(\.magnitude).max() ?? 0
        #expect(largestDifference(together, sum) <= 2e-5 * size)
    }

    /// More rows than one pass takes. The sum over all is the sum over the parts: exactly the sequences' own gradients in
    /// `Double` for numbers, and to fp32's rounding otherwise.
    @Test("the gradient of many sequences is the sum of the parts'", arguments: Kind.allCases)
    func sums(kind: Kind) async throws {
        let fixture = try Fixture(kind), policy = fixture.policy(threads: 2), adapter = fixture.adapter(3)
        let few = fixture.sequences(), many = (0..<16).flatMap { _ in few }
        @Sendable func weights(_: Int, _ logprobs: [Float]) -> [Float] { logprobs.map { 1 + 0.1 * $0 } }
        let whole = try await policy.gradients(of: many, adapter: adapter, temperature: 1, tokenWeights: weights)
            .gradient
        let part = try await policy.gradients(of: few, adapter: adapter, temperature: 1, tokenWeights: weights).gradient
        let size = whole.map { Double($0.magnitude) }.max() ?? 0
        #expect(largestDifference(whole, part.map { 16 * Double($0) }) <= 2e-5 * size)
    }

    /// Along the gradient's own direction the objective's slope is the gradient's length.
    @Test("gradients agree with finite differences", arguments: Kind.allCases)
    func finiteDifferences(kind: Kind) async throws {
        let fixture = try Fixture(kind), policy = fixture.policy(), adapter = fixture.adapter(4)
        let sequences = fixture.sequences(3)
        let weights = sequences.indices.map { noise(sequences[$0].completion.count, seed: UInt64($0)) }
        let gradient = try await policy.gradients(of: sequences, adapter: adapter, temperature: 1) { index, _ in
            weights[index]
        }.gradient
        let length = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        func objective(_ distance: Double) async throws -> Double {
            let moved = zip(adapter, gradient).map { $0 + Float(distance / length) * $1 }
            let logprobs = try await policy.logprobs(of: sequences, adapter: moved, temperature: 1)
            return zip(weights, logprobs).reduce(0) { sum, pair in
                zip(pair.0, pair.1).reduce(sum) { $0 + Double($1.0) * Double($1.1) }
            }
        }
        // The error of a central difference falls with the square of its width; roundings are about 2e-6 a token.
        let step = 0.004
        let narrow = (try await objective(step) - objective(-step)) / (2 * step)
        let wide = (try await objective(2 * step) - objective(-2 * step)) / (4 * step)
        let roundings = 2e-6 * weights.joined().reduce(0) { $0 + Double($1.magnitude) }
        let error = (narrow - wide).magnitude / 3 + 1.5 * roundings / step
        #expect(((4 * narrow - wide) / 3 - length).magnitude <= error, "\(length), slopes \(narrow) and \(wide)")
        #expect(error <= 0.02 * length, "the comparison says little: \(error) of \(length)")
    }
}
